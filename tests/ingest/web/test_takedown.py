"""A text is taken down from its page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from ingest.pipeline.remove import take_down
from ingest.settings import Settings
from ingest.store.engine import Database
from ingest.store.texts import articles
from ingest.web.app import create_app
from ingest.web.handed import Handed

from .conftest import Newsroom
from .test_acts import acts, csrf


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    app = create_app(settings, database=database, handed=Handed(take_down=take_down))
    with TestClient(app, base_url="http://localhost") as made:
        yield made


def test_article_is_taken_down_after_a_page_that_asks(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    id_ = newsroom.article()
    assert "cannot be undone" in client.get(f"/articles/{id_}/takedown").text
    token = {"csrf": csrf(client)}
    assert client.post(f"/articles/{id_}/takedown", data=token).status_code == 422
    gone = client.post(f"/articles/{id_}/takedown", data=token | {"sure": "yes", "why": "court order"})
    assert gone.status_code == 410
    assert "barrage" not in gone.text
    with database.reading() as connection:
        assert articles.load(connection, id_) is None
    assert acts(database) == [("takedown", f"article:{id_}")]
    assert client.get(f"/articles/{id_}/takedown").status_code == 404


def test_server_that_takes_nothing_down_says_so(settings: Settings, database: Database, newsroom: Newsroom) -> None:
    id_ = newsroom.article()
    with TestClient(create_app(settings, database=database), base_url="http://localhost") as client:
        answer = client.post(f"/articles/{id_}/takedown", data={"csrf": csrf(client), "sure": "yes"})
    assert answer.status_code == 503
