"""Webhooks managed through the interface, and the narrowings of lists that came with them."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from ingest.settings import Settings
from ingest.store import schema
from ingest.store.consumers import tokens, webhooks
from ingest.store.consumers.tokens import Scope
from ingest.store.engine import Database
from ingest.store.sources import entries, feeds
from ingest.types import NEEDS_REVIEW, FeedEntry
from ingest.web.app import create_app

from .conftest import NOON, Newsroom


@pytest.fixture
def admin(settings: Settings, database: Database) -> TestClient:
    """Who asks with a token of the scope admin."""
    with database.writing() as connection:
        _, secret = tokens.make(connection, "test", [Scope.ADMIN], who="test")
    app = create_app(settings.model_copy(update={"open_console": False}), database=database)
    return TestClient(app, base_url="http://localhost", headers={"authorization": f"Bearer {secret}"})


def test_webhook_lives_from_its_making_to_its_removal(admin: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    made = admin.post("/v1/webhooks", json={"url": "https://consumer.example/hook", "kinds": ["upsert"]})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    path = f"/v1/webhooks/{made.json()['id']}"
    shown = admin.get(path).json()
    assert (shown["state"], shown["behind"], shown["seq"]) == ("active", 0, 1)
    newsroom.article()
    assert admin.get("/v1/webhooks").json()["items"][0]["behind"] == 1
    assert admin.post(f"{path}/pause").json()["reason"] == "paused by a person"
    assert admin.post(f"{path}/resume").json()["state"] == "active"
    assert admin.post(f"{path}/rotate").json()["secret"] != made.json()["secret"]
    assert admin.post(f"{path}/test").status_code == 200
    with newsroom.database.reading() as connection:
        assert webhooks.due(connection) == (made.json()["id"],)
        acts = list(connection.scalars(select(schema.audit.c.act).order_by(schema.audit.c.id)))
    assert acts == [f"{act}-webhook" for act in ("add", "pause", "resume", "rotate", "test")]
    assert admin.delete(path).status_code == 204
    assert admin.get(path).status_code == 404
    assert [admin.post(f"{path}/{act}").status_code for act in ("pause", "rotate", "test")] == [404, 404, 404]


def test_secret_is_shown_when_it_is_made_and_never_again(admin: TestClient) -> None:
    made = admin.post("/v1/webhooks", json={"url": "https://consumer.example/hook"}).json()
    for path in ("/v1/webhooks", f"/v1/webhooks/{made['id']}"):
        assert made["secret"] not in admin.get(path).text


def test_wrong_wishes_say_what_is_wrong(admin: TestClient) -> None:
    for wish in (
        {},
        {"url": "ftp://a.example/"},
        {"url": "https://a.example/", "since": 99},
        {"url": "https://a.example/", "kinds": ["news"]},
        {"url": "https://a.example/", "at_once": 0},
        {"url": "https://name:word@a.example/"},
        {"url": "https://a.example/", "colour": "red"},
    ):
        answer = admin.post("/v1/webhooks", json=wish)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wish


def test_webhooks_are_for_administrators(admin: TestClient, database: Database) -> None:
    with database.writing() as connection:
        _, secret = tokens.make(connection, "reads", [Scope.READ, Scope.INGEST], who="test")
    headers = {"authorization": f"Bearer {secret}"}
    assert admin.get("/v1/webhooks", headers=headers).status_code == 403
    assert admin.post("/v1/webhooks", headers=headers, json={"url": "https://a.example/"}).status_code == 403


def test_articles_are_narrowed_by_flag_and_by_tag(client: TestClient, newsroom: Newsroom) -> None:
    flagged, tagged = newsroom.article(flags=(NEEDS_REVIEW, 'odd"flag%')), newsroom.article()
    with newsroom.database.writing() as connection:
        feed_id, _ = feeds.add(connection, "https://example.org/feed.xml", tags=["Région", "a"])
        entry = FeedEntry("https://example.org/feed.xml", "g1", None, "T", "", "", None, None, None, None)
        entries.add(connection, feed_id, entry, sha256="0", document_id=tagged, now=NOON)

    def found(**narrowed: str) -> list[str]:
        return [item["id"] for item in client.get("/v1/articles", params=narrowed).json()["items"]]

    assert found(flag=NEEDS_REVIEW) == found(flag='odd"flag%') == [flagged]
    assert found(flag="needs") == found(flag="odd%") == found(tag="Regio") == []
    assert found(tag="Région") == found(tag="a") == [tagged]
    assert len(client.get("/out/articles.json", params={"tag": "Région"}).json()["items"]) == 1


def test_console_page_adds_shows_and_acts(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/webhooks").text)
    assert csrf is not None
    form = {"csrf": csrf[1]}
    made = client.post("/webhooks", data=form | {"url": "https://consumer.example/<hook>"})
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", made.text)
    assert secret is not None
    shown = client.get("/webhooks").text
    assert "https://consumer.example/&lt;hook&gt;" in shown
    assert secret[0] not in shown
    [id_] = set(re.findall(r"/webhooks/([0-9a-z]{20})/", shown))
    for act in ("pause", "resume", "test"):
        assert client.post(f"/webhooks/{id_}/{act}", data=form).status_code == 200
    assert "a test is on its way" in client.get("/webhooks").text
    assert "whsec_" in client.post(f"/webhooks/{id_}/rotate", data=form).text
    assert "No program" in client.post(f"/webhooks/{id_}/remove", data=form).text
    assert client.post("/webhooks", data={"url": "https://a.example/"}).status_code == 403
