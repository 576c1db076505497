"""A database with articles that wait to be clustered, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select

from ingest.dedup.normalize import digest
from ingest.pipeline import window
from ingest.pipeline.cluster import ClusterOutcome, cluster_in_transaction
from ingest.store import engine, schema
from ingest.store.engine import Database
from ingest.store.texts import articles
from ingest.types import Article
from tests.databases import empty_database

NOON = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)


@contextmanager
def fresh(folder: Path, kind: str = "sqlite", *, held: bool = False) -> Iterator[Database]:
    """A database with empty tables, of either kind; held: this process keeps a copy of its index in memory."""
    with empty_database(kind, folder) as url:
        database = engine.connect(url)
        with database.writing() as connection:
            schema.metadata.create_all(connection)
        if held:
            window.hold(database, 10**9, placing=10**6)
        yield database
        database.close()


def article(number: int, body: str, *, title: str = "", lang: str = "en", at: datetime | None = None) -> Article:
    """Article number n: its id sorts as its number."""
    when = at or NOON
    return Article(
        id=f"a{number:07d}", revision=1, url=None, source=None, author=None, published=when, updated=None,
        seen=max(when, NOON), title=title, text=body, original_title=title, original_text=body, lang=lang, spans=(),
        sentences=(),
    )  # fmt: skip


def store(connection: Connection, one: Article) -> None:
    """Keep an article as translation would have."""
    known = connection.execute(select(schema.documents.c.id).where(schema.documents.c.id == one.id)).first()
    if known is None:
        values = {
            "number": int(one.id[1:]), "id": one.id, "key": one.id, "origin": "file", "stage": "cluster",
            "state": "pending", "next_run_at": NOON, "created_at": NOON, "changed_at": NOON,
        }  # fmt: skip
        connection.execute(schema.documents.insert().values(**values))
    articles.save(connection, one, text_digest=digest(one.text).hex())


def cluster(database: Database, *some: Article) -> list[ClusterOutcome]:
    """Keep and cluster articles, each in a transaction of its own."""
    outcomes = []
    for one in some:
        with database.writing() as connection:
            store(connection, one)
            outcomes.append(cluster_in_transaction(connection, one))
    return outcomes


def partition(database: Database) -> set[frozenset[str]]:
    """The clusters, as sets of article ids."""
    with database.reading() as connection:
        found: dict[str, set[str]] = {}
        for row in connection.execute(select(schema.members.c.article_id, schema.members.c.cluster_id)):
            found.setdefault(row.cluster_id, set()).add(row.article_id)
    return {frozenset(ids) for ids in found.values()}


def state(database: Database) -> tuple[object, ...]:
    """All that readers see of clusters, times apart: members, standing clusters, pairs, related accounts, the index."""
    with database.reading() as connection:
        m, c, p = schema.members.c, schema.clusters.c, schema.matches.c
        members = sorted(tuple(r) for r in connection.execute(select(m.article_id, m.cluster_id, m.leader, m.kind)))
        standing = select(c.id, c.representative, c.size, c.weakest, c.chosen).where(c.merged_into.is_(None))
        return (
            members,
            sorted(tuple(r) for r in connection.execute(standing)),
            sorted(tuple(r) for r in connection.execute(select(p.a, p.b, p.exact, p.rule, p.kind))),
            sorted(tuple(r) for r in connection.execute(select(schema.related.c.a, schema.related.c.b))),
            index(connection),
        )


def index(connection: Connection) -> int:
    """How many keys the index holds."""
    return len(connection.execute(select(schema.bands.c.hash)).all())


def sound(database: Database) -> None:
    """Assert what must hold of the rows whatever happened."""
    with database.reading() as connection:
        c, m = schema.clusters.c, schema.members.c
        standing = {r.id: r for r in connection.execute(select(schema.clusters).where(c.merged_into.is_(None)))}
        members = connection.execute(select(schema.members)).all()
        held: dict[str, set[str]] = {}
        for row in members:
            held.setdefault(row.cluster_id, set()).add(row.article_id)
        assert set(held) == set(standing), "every cluster has members and every member a cluster"
        for cluster_id, ids in held.items():
            assert standing[cluster_id].size == len(ids)
            assert standing[cluster_id].representative in ids
        leaders = {row.article_id: row.leader for row in members}
        for row in members:
            assert leaders[row.leader] == row.leader, "a leader leads itself"
            assert row.cluster_id == next(x.cluster_id for x in members if x.article_id == row.leader)
        for row in connection.execute(select(schema.clusters).where(c.merged_into.is_not(None))):
            seen = {row.id}
            into = row.merged_into
            while into not in standing:
                assert into not in seen, "redirects lead somewhere"
                seen.add(into)
                into = connection.execute(select(c.merged_into).where(c.id == into)).scalar_one()
        assert m is not None


def later(one: Article, **values: object) -> Article:
    """The article with something changed, as another revision."""
    return replace(one, **values)  # type: ignore[arg-type]
