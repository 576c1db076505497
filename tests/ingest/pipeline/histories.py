"""What may happen to a few articles: steps that are drawn, and done as the pipeline does them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from ingest.errors import BadInput
from ingest.pipeline import decisions
from ingest.pipeline.cluster import LOCK, cluster_in_transaction, withdraw
from ingest.store import schema
from ingest.store.consumers import changes
from ingest.store.duplicates import decisions as decided
from ingest.store.engine import Database, serialise
from ingest.store.texts import articles, removal
from ingest.types import Link, State
from tests.ingest.dedup.news import edited, text
from tests.ingest.pipeline.clustering import article, store

ARTICLES = 6
TEXTS = (text(1), edited(1, 1), edited(1, 2), text(2), edited(2, 1), "Too short to be compared.")

Step = tuple[Any, ...]
number = st.integers(0, ARTICLES - 1)
step = st.one_of(
    st.tuples(st.just("write"), number, st.integers(0, len(TEXTS) - 1)),
    st.tuples(st.just("write"), number, st.integers(0, len(TEXTS) - 1)),
    st.tuples(st.just("take-down"), number),
    st.tuples(st.sampled_from([Link.MUST, Link.CANNOT]), number, number),
    st.tuples(st.just("undo"), number),
    st.tuples(st.just("choose"), number),
)


def so_many(examples: int) -> settings:
    """Settings for a property over so many histories, each of which fills a database."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def act(database: Database, what: Step) -> None:
    """One step of a history, in transactions as the pipeline has them."""
    kind, *more = what
    id_ = id_of(more[0])
    if kind == "write":
        with database.writing() as connection:
            changes.hold(connection)  # as `articles.save` does, before any row
            state = select(schema.documents.c.state).where(schema.documents.c.id == id_).with_for_update()
            if connection.scalar(state) == State.REMOVED:
                return
            store(connection, article(more[0], TEXTS[more[1]]))
        with database.writing() as connection:
            serialise(connection, LOCK)
            kept = articles.load(connection, id_)
            if kept is not None:
                cluster_in_transaction(connection, kept)
        return
    with database.writing() as connection:
        if kind == "take-down":
            withdraw(connection, id_)
            removal.take_down(connection, id_, who="test", why="asked")
        elif kind == "choose":
            decisions.choose(connection, id_)
        elif kind == "undo":
            standing = decided.standing(connection)
            if standing:
                decisions.undo(connection, standing[more[0] % len(standing)].id, who="test")
        else:
            decisions.decide(connection, Link(kind), id_, id_of(more[1]), who="test")


def refused(database: Database, what: Step) -> None:
    """A step, or the refusal of one that has no meaning; a refusal leaves no trace."""
    with suppress(BadInput):
        act(database, what)


def id_of(which: int) -> str:
    """The id of one of the articles."""
    return f"a{which:07d}"


def begin(database: Database) -> None:
    """An empty database with documents that wait to become articles."""
    with database.writing() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(delete(table))
        for each in range(ARTICLES):
            store(connection, article(each, "waiting"))
            connection.execute(delete(schema.articles).where(schema.articles.c.id == id_of(each)))
        connection.execute(delete(schema.changes))
