"""What docs/v1.md shows is run: a copy that is interrupted and goes on, a webhook that is read; its commands exist."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from ingest.cli import COMMANDS
from ingest.errors import BadInput
from ingest.publish.change import ChangeShape
from ingest.publish.message import changes_message
from ingest.publish.schemas import PUBLISHED
from ingest.publish.signing import new_secret, signed_headers
from ingest.settings import Settings
from ingest.store.consumers import tokens
from ingest.store.consumers.tokens import Scope
from ingest.store.engine import Database, connect
from ingest.store.migrations import upgrade
from ingest.store.texts import articles, documents
from ingest.types import Article, Page
from ingest.web.app import create_app

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAGE = Path(__file__).parent.parent / "docs" / "v1.md"
TEXT = PAGE.read_text(encoding="utf-8")
FOLLOWING, RECEIVING = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = connect(f"sqlite:///{tmp_path / 'docs.sqlite'}")
    upgrade(made)
    yield made
    made.close()


@pytest.fixture
def address(database: Database, tmp_path: Path) -> Iterator[str]:
    """A real server over HTTP."""
    app = create_app(Settings(data_dir=tmp_path, open_console=True), database=database)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    running.join(20)


def keep(database: Database, body: str) -> str:
    with database.writing() as connection:
        id_ = documents.admit_page(connection, Page(body.encode(), "text/plain", None, None, NOON), origin="file")
        made = Article(id_.document_id, 0, None, None, None, NOON, None, NOON, "", body, "", body, "en", (), ())
        articles.save(connection, made, text_digest="")
    return id_.document_id


def run_copy(address: str, token: str, *, stop_after: int | None = None) -> None:
    """The lines of the page, with an address and a token that are there; they end with the sequence, or fall over."""
    code = FOLLOWING.replace("https://news.example.org", address).replace("nf_…", token)
    ending = "fall(news.follow(since, stop_at_end=True))"
    assert code.count("news.follow(since)") == 1

    def fall(found: Iterator[ChangeShape]) -> Iterator[ChangeShape]:
        for number, change in enumerate(found):
            if number == stop_after:
                raise KeyboardInterrupt
            yield change

    exec(code.replace("news.follow(since)", ending), {"fall": fall})


def test_copy_of_ten_lines_survives_a_crash_and_ends_as_the_database(
    database: Database, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ids = [keep(database, f"Text {n}") for n in range(5)]
    with database.writing() as connection:
        _, token = tokens.make(connection, "docs", [Scope.READ], who="test")
    with pytest.raises(KeyboardInterrupt):
        run_copy(address, token, stop_after=3)
    with sqlite3.connect("mine.sqlite") as mine:
        assert mine.execute("select seq from place").fetchone() == (3,)
    with database.writing() as connection:
        articles.forget(connection, ids[0])
    run_copy(address, token)
    with sqlite3.connect("mine.sqlite") as mine:
        assert {row[0] for row in mine.execute("select id from article")} == set(ids[1:])
        assert mine.execute("select seq from place").fetchone() == (6,)
    mine.close()


def test_webhook_is_read_as_the_page_shows() -> None:
    secret, came = new_secret(), []
    change: dict[str, Any] = {"schema_version": "1.0", "seq": 7, "kind": "delete", "article_id": "a", "at": NOON}
    change |= {"cluster_id": None, "revision": None, "article": None}
    body = changes_message([change], since=7, newest=7)
    known: dict[str, Any] = {"put": lambda *what: came.append(what)}
    exec(RECEIVING.replace("whsec_…", secret), known)
    known["receive"](signed_headers([secret], "msg_7", int(time.time()), body), body)
    assert came == [(7, "delete", None)]
    with pytest.raises(BadInput):
        known["receive"](signed_headers([new_secret()], "msg_7", int(time.time()), body), body)


def test_commands_routes_and_schemas_on_the_page_exist(address: str) -> None:
    import httpx

    for command in set(re.findall(r"`ingest ([a-z]+)", TEXT)):
        assert command in COMMANDS, command
    described = httpx.get(f"{address}/v1/openapi.json", timeout=60).json()
    paths = {re.sub(r"\{.*?\}", "{}", path) for path in described["paths"]}
    for path in set(re.findall(r"`(?:GET |POST )?(/v1/[a-z/{}_]+)", TEXT)) - {"/v1/schemas/", "/v1/openapi"}:
        assert re.sub(r"\{.*?\}", "{}", path) in paths, path
    listed = TEXT[TEXT.index("`/v1/schemas/`") : TEXT.index("## What may change")]
    assert set(PUBLISHED) <= set(re.findall(r"`([a-z-]+)`", listed))
