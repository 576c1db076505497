"""The page of models, and translating again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from ingest.settings import Settings
from ingest.store.engine import Database
from ingest.store.schema import documents
from ingest.web.app import create_app
from ingest.web.handed import Handed

from .conftest import Newsroom
from .test_acts import acts, csrf
from .test_pages import text_of


@dataclass(frozen=True)
class Checkpoint:
    """A model as the shelf names it."""

    name: str
    revision: str
    languages: tuple[str, ...]
    directory: Path | None = Path("here")
    licence: str = "MIT"
    builtin: bool = False

    @property
    def id(self) -> str:
        return f"{self.name}@{self.revision}"


NEW = Checkpoint("fr-de-en", "2", ("de", "fr"))
OFFERED = Checkpoint("opus-mt-es-en", "", ("es",), directory=None)


@dataclass(frozen=True)
class Shelf:
    """Two models, one of them in use."""

    checkpoints: tuple[Checkpoint, ...] = (NEW, OFFERED)
    routes: Mapping[str, Checkpoint] = field(default_factory=lambda: {"fr": NEW, "de": NEW})


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    app = create_app(settings, database=database, handed=Handed(shelf=Shelf))
    with TestClient(app, base_url="http://localhost") as made:
        yield made


def states(database: Database) -> dict[str, tuple[str, str]]:
    with database.reading() as connection:
        return {row.id: (row.stage, row.state) for row in connection.execute(select(documents))}


def test_models_are_shown_with_what_each_made(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    newsroom.article()
    rows = text_of(client.get("/models").text, "//tbody/tr")
    assert rows[0].startswith("fr-de-en2 · MIT de fr in use")
    assert rows[1].startswith("fr-de-en1 2 6 not here any more")
    assert "can be fetched" in rows[2]


def test_everything_of_an_old_revision_is_translated_again(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    ids = {newsroom.article(), newsroom.article()}
    told = client.post("/models/retranslate", data={"csrf": csrf(client), "model": "fr-de-en@1"})
    assert "2 articles will be translated again" in told.text
    assert states(database) == dict.fromkeys(ids, ("translate", "pending"))
    assert acts(database) == [("retranslate", "model:fr-de-en@1")]
    assert client.post("/models/retranslate", data={"csrf": csrf(client), "model": "none@1"}).status_code == 404


def test_one_article_is_translated_again_and_says_so(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    id_ = newsroom.article()
    shown = client.post(f"/articles/{id_}/retranslate", data={"csrf": csrf(client)})
    assert "in the queue at the stage translate" in shown.text
    assert states(database)[id_] == ("translate", "pending")
    assert acts(database) == [("retranslate", f"article:{id_}")]


def test_server_that_knows_no_models_shows_what_was_made(
    settings: Settings, database: Database, newsroom: Newsroom
) -> None:
    newsroom.article()
    with TestClient(create_app(settings, database=database), base_url="http://localhost") as client:
        assert text_of(client.get("/models").text, "//tbody/tr")[0].startswith("fr-de-en1 1 3")
