"""The client against the real application, in one process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from ingest.client import Client, read_webhook
from ingest.errors import BadInput, Permanent, ServerBusy
from ingest.publish.message import trial_message
from ingest.publish.signing import new_secret, signed_headers
from ingest.settings import Settings
from ingest.store.consumers import tokens
from ingest.store.consumers.tokens import Scope
from ingest.store.engine import Database, connect
from ingest.store.migrations import upgrade
from ingest.store.texts import articles, documents
from ingest.types import Article, Page, Span
from ingest.web.app import create_app

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Bridge(httpx.BaseTransport):
    """Carries requests into an application of this process; fails as often as it is told to, first."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.failures: list[int] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            return httpx.Response(self.failures.pop(0), headers={"retry-after": "0"})
        url, headers = str(request.url), dict(request.headers) | {"accept-encoding": "gzip"}  # that the carrier unpacks
        answer = self.client.request(
            request.method, url, headers=headers, content=request.read(), follow_redirects=False
        )
        kept = {k: v for k, v in answer.headers.items() if k not in ("content-encoding", "content-length")}
        return httpx.Response(answer.status_code, headers=kept, content=answer.content)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = connect(f"sqlite:///{tmp_path / 'client.sqlite'}")
    upgrade(made)
    return made


@pytest.fixture
def bridge(database: Database, tmp_path: Path) -> Iterator[Bridge]:
    with TestClient(create_app(Settings(data_dir=tmp_path), database=database), base_url="http://localhost") as client:
        yield Bridge(client)


@pytest.fixture
def news(database: Database, bridge: Bridge) -> Iterator[Client]:
    with database.writing() as connection:
        _, secret = tokens.make(connection, "test", [Scope.READ, Scope.INGEST], who="test")
    with Client("http://localhost", secret, transport=bridge) as made:
        yield made


def keep(database: Database, text: str, id_: str | None = None) -> str:
    """Keep an article, a new one or another revision of one."""
    with database.writing() as connection:
        if id_ is None:
            page = Page(text.encode(), "text/plain", None, None, NOON)
            id_ = documents.admit_page(connection, page, origin="file").document_id
        spans = (Span(0, len(text), "en"),)
        made = Article(id_, 1, None, None, None, NOON, None, NOON, "", text, "", text, "en", spans, ())
        articles.save(connection, made, text_digest="")
    return id_


def test_copy_that_follows_ends_as_the_database_is(database: Database, news: Client) -> None:
    ids = [keep(database, f"Text {n}") for n in range(5)]
    mine: dict[str, str] = {}
    place = 0
    for round_ in range(2):
        for change in news.follow(since=place, stop_at_end=True):
            if change.kind == "delete":
                mine.pop(str(change.article_id), None)
            elif change.article is not None:
                mine[change.article.id] = change.article.text
            place = change.seq
        if round_ == 0:
            keep(database, "Text 1, corrected", ids[1])
            with database.writing() as connection:
                articles.forget(connection, ids[2])
    assert mine == {ids[0]: "Text 0", ids[1]: "Text 1, corrected", ids[3]: "Text 3", ids[4]: "Text 4"}


def test_lists_and_single_articles_are_typed(database: Database, news: Client) -> None:
    id_ = keep(database, "A dam.")
    assert [summary.id for summary in news.articles(q="dam")] == [id_]
    found = news.article(id_)
    assert found is not None
    assert found.text == "A dam."
    assert news.article("nothing") is None
    assert news.cluster("nothing") is None


def test_pushed_text_gets_an_id_and_the_same_push_the_same(news: Client) -> None:
    first = news.push(text="Bonjour.", id="a-1")
    assert news.push(text="Bonjour.", id="a-1") == first
    with pytest.raises(BadInput):
        news.push(title="no text")


def test_busy_server_is_asked_again_and_given_up_in_the_end(bridge: Bridge, news: Client) -> None:
    bridge.failures = [503, 429]
    assert list(news.articles()) == []
    bridge.failures = [503] * 9
    with pytest.raises(ServerBusy, match="503"):
        list(news.articles())


def signed(secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    return signed_headers([secret], "msg_1", int(time.time() if at is None else at), body)


def test_webhook_is_read_when_its_signature_fits_and_refused_else() -> None:
    secret, body = new_secret(), trial_message(NOON)
    headers = signed(secret, body)
    assert read_webhook(secret, {name.title(): value for name, value in headers.items()}, body).type == "test"
    for wrong in (
        (new_secret(), headers, body),
        (secret, headers, body + b" "),
        (secret, headers | {"webhook-id": "msg_2"}, body),
        (secret, signed(secret, body, at=time.time() - 301), body),
        (secret, signed(secret, body, at=time.time() + 301), body),
        (secret, headers | {"webhook-timestamp": "soon"}, body),
        (secret, {}, body),
        ("whsec_?", headers, body),
        (secret, signed(secret, b"{}"), b"{}"),
    ):
        with pytest.raises(BadInput):
            read_webhook(*wrong)


def test_signature_is_that_of_the_standard() -> None:
    """The example of the specification's own libraries (standardwebhooks 1.0)."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signed_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_wrong_token_is_no_reason_to_try_again(bridge: Bridge) -> None:
    with Client("http://localhost", "nf_wrong", transport=bridge) as stranger, pytest.raises(Permanent, match="401"):
        stranger.article("x")
