"""No page asks the database a question that reads a whole table."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from ingest.store.duplicates import cluster_listing
from ingest.store.engine import Database

from .conftest import Newsroom
from .everything import CLUSTER_FILTERS, fill, left_out

SMALL = frozenset(
    {"feeds", "decisions", "leases", "users", "tokens", "webhooks", "alembic_version", "audit", "site_pins"}
)
"""Tables that stay small, or are read whole on purpose."""


BOUNDED = re.compile(r"[?&](q|feed|kind)=|^/clusters\?(lang|source|undecided)=")
"""Lists that may sort what they found: at most a few thousand rows, see `ingest.store.texts.listing`."""


def asked_by(client: TestClient, database: Database, paths: list[str]) -> dict[str, tuple[str, Any]]:
    """Every SELECT the pages make, and the first page that made it."""
    seen: dict[str, tuple[str, Any]] = {}
    path = ""

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.setdefault(statement, (path, parameters))

    event.listen(database.reader, "before_cursor_execute", note)
    for path in paths:
        assert client.get(path).status_code in (200, 410), path
    event.remove(database.reader, "before_cursor_execute", note)
    return seen


def scans(plan: str) -> bool:
    """Whether a line of EXPLAIN QUERY PLAN reads a whole table that can be large, or sorts all of it."""
    words = plan.split()
    if words[0] != "SCAN" or "INDEX" in words or "VIRTUAL" in words or words[1].startswith(("(", "anon", "CONSTANT")):
        return False
    return words[1] not in SMALL


@pytest.fixture(autouse=True)
def only_sqlite(database: Database) -> None:
    """The plans are SQLite's; PostgreSQL's depend on what it knows of the rows."""
    if database.reader.dialect.name != "sqlite":
        pytest.skip("reads SQLite's plans")


def test_no_page_reads_a_whole_table(client: TestClient, database: Database, newsroom: Newsroom) -> None:
    paths = fill(newsroom)
    assert left_out(paths) == set()
    following = client.get("/v1/articles?limit=1").json()["next_cursor"]
    paths += [
        f"/articles?cursor={following}",
        "/feeds.opml",
        "/v1/articles?fields=full&canonical=true",
        "/v1/changes?include=articles",
        "/v1/clusters",
        "/v1/search?q=dam",
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
            listing = path.startswith(("/articles?", "/clusters?", "/documents")) and not BOUNDED.search(path)
            if listing and statement.endswith("LIMIT ? OFFSET ?") and "ORDER BY" in statement:
                sorted_whole += [told for row in rows if "TEMP B-TREE FOR ORDER BY" in row.detail]
    assert bad == []
    assert sorted_whole == []


def test_clusters_are_asked_by_index_where_many_fit_a_filter(
    client: TestClient, database: Database, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(newsroom)
    monkeypatch.setattr(cluster_listing, "FEW", 0)
    asked = asked_by(client, database, [*CLUSTER_FILTERS])
    walks = {statement: parameters for statement, (_, parameters) in asked.items() if " AS fits" in statement}
    assert len(walks) == len(CLUSTER_FILTERS)
    with database.reading() as connection:
        for statement, parameters in walks.items():
            plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert [line for line in plan if scans(line)] == [], statement
            whole = [line for line in plan if "ix_articles_" in line or "ix_members_kind" in line]
            assert whole == [], "a language, a kind is not read whole for each cluster"
            if "MATCH" not in statement:
                assert "TEMP B-TREE" not in " ".join(plan), statement


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
