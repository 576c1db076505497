"""No page asks the database a question that reads a whole table."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event, text

from ingest.store.engine import Database
from ingest.types import State

from .conftest import GERMAN, Newsroom

SMALL = frozenset({"feeds", "decisions", "leases", "users", "tokens", "alembic_version", "audit"})
"""Tables that stay small, or are read whole on purpose."""


def asked_by(client: TestClient, database: Database, paths: list[str]) -> dict[str, tuple[str, Any]]:
    """Every SELECT the pages make, and the first page that made it."""
    seen: dict[str, tuple[str, Any]] = {}
    path = ""

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.setdefault(statement, (path, parameters))

    event.listen(database.reader, "before_cursor_execute", note)
    for path in paths:
        assert client.get(path).status_code == 200, path
    event.remove(database.reader, "before_cursor_execute", note)
    return seen


def scans(plan: str) -> bool:
    """Whether a line of EXPLAIN QUERY PLAN reads a whole table that can be large, or sorts all of it."""
    words = plan.split()
    if words[0] != "SCAN" or "INDEX" in words or "VIRTUAL" in words or words[1].startswith(("(", "anon", "CONSTANT")):
        return False
    return words[1] not in SMALL


def test_no_page_reads_a_whole_table(client: TestClient, database: Database, newsroom: Newsroom) -> None:
    french, german = newsroom.article(), newsroom.article(GERMAN, lang="de")
    cluster = newsroom.cluster(french, german)
    newsroom.related(french, newsroom.article())
    newsroom.ended(State.QUARANTINED, "crash", "worker died")
    following = client.get("/v1/articles?limit=1").json()["next_cursor"]
    paths = [
        "/",
        "/articles",
        "/articles?lang=fr",
        "/articles?source=Le+Courrier",
        "/articles?review=1",
        "/articles?canonical=1",
        "/articles?q=dam",
        f"/articles?cursor={following}",
        f"/articles/{french}",
        "/clusters",
        "/clusters?order=size",
        "/clusters?order=weakest",
        "/clusters?q=dam",
        f"/clusters/{cluster}",
        f"/compare?a={french}&b={german}",
        "/doubtful",
        "/decisions",
        "/documents",
        "/documents?state=quarantined&reason=crash",
        "/audit",
        "/feeds",
        "/v1/articles?fields=full&canonical=true",
        "/v1/changes?include=articles",
        "/v1/clusters",
        "/out/articles.atom",
    ]
    bad: list[str] = []
    sorted_whole: list[str] = []
    asked = asked_by(client, database, paths)
    with database.reading() as connection:
        for statement, (path, parameters) in asked.items():
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            told = f"{path}: {' '.join(statement.split())}"
            bad += [f"{row.detail}: {told}" for row in rows if scans(row.detail)]
            listing = path.startswith(("/articles?", "/clusters?", "/documents")) and "q=" not in path
            if listing and statement.endswith("LIMIT ? OFFSET ?") and "ORDER BY" in statement:
                sorted_whole += [told for row in rows if "TEMP B-TREE FOR ORDER BY" in row.detail]
    assert bad == []
    assert sorted_whole == []


def test_deep_pages_of_articles_seek_in_the_index(database: Database) -> None:
    with database.reading() as connection:
        plan = connection.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT id FROM articles WHERE lang = 'fr' AND sort_at <= '2026' "
                "AND (sort_at < '2026' OR id < 'x') ORDER BY sort_at DESC, id DESC LIMIT 50"
            )
        ).all()
    assert [row.detail for row in plan] == [
        "SEARCH articles USING COVERING INDEX ix_articles_lang (lang=? AND sort_at<?)"
    ]
