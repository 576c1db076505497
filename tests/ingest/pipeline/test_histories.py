"""Whatever happens to articles one after another, the rows of clusters agree with one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from ingest.store.engine import Database
from ingest.types import Link
from tests.ingest.pipeline.clustering import fresh
from tests.ingest.pipeline.histories import Step, begin, refused, so_many, step

STANDING = "SELECT * FROM clusters WHERE merged_into IS NULL"
CONTRADICTIONS = {
    "a cluster of another size": f"SELECT c.id FROM ({STANDING}) c WHERE size <> "
    "(SELECT count(*) FROM members m WHERE m.cluster_id = c.id)",
    "a cluster without its representative": f"SELECT c.id FROM ({STANDING}) c WHERE NOT EXISTS "
    "(SELECT 1 FROM members m WHERE m.cluster_id = c.id AND m.article_id = c.representative)",
    "a copy apart from its leader": "SELECT m.article_id FROM members m LEFT JOIN members l ON l.article_id = m.leader "
    "WHERE l.article_id IS NULL OR l.leader <> l.article_id OR l.cluster_id <> m.cluster_id",
    "a redirect to nowhere": "SELECT c.id FROM clusters c WHERE c.merged_into IS NOT NULL "
    "AND c.merged_into NOT IN (SELECT id FROM clusters)",
    "a member of no cluster": f"SELECT m.article_id FROM members m LEFT JOIN ({STANDING}) c ON c.id = m.cluster_id "
    "WHERE c.id IS NULL",
    "an article without a place": "SELECT id FROM articles WHERE id NOT IN (SELECT article_id FROM members)",
}

COPY_OF_A_LEADER_THAT_LEAVES: list[Step] = [
    ("write", 1, 5),
    ("write", 4, 0),
    ("write", 1, 0),
    ("write", 5, 2),
    ("write", 2, 0),
    (Link.CANNOT, 2, 5),
    ("write", 1, 3),
    ("write", 3, 3),
    (Link.MUST, 1, 3),
    ("write", 2, 1),
    ("write", 2, 2),
    ("write", 1, 2),
    ("write", 5, 3),  # an exact copy of 3 now, which may not stand with 2: 3 leaves, and takes 5 with it
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh(tmp_path) as made:
        yield made


def contradictions(connection: Connection) -> dict[str, list[str]]:
    """What the rows say of themselves that cannot be."""
    found = {what: list(connection.scalars(text(query))) for what, query in CONTRADICTIONS.items()}
    return {what: ids for what, ids in found.items() if ids}


def holds(examples: int) -> Callable[..., None]:
    """The property over so many histories."""

    @so_many(examples)
    @given(history=st.lists(step, max_size=30))
    @example(history=COPY_OF_A_LEADER_THAT_LEAVES)
    def agree(database: Database, history: list[Step]) -> None:
        begin(database)
        for what in history:
            refused(database, what)
            with database.reading() as connection:
                assert contradictions(connection) == {}, what

    return agree


test_rows_of_clusters_agree_after_any_history = holds(20)
test_rows_of_clusters_agree_after_five_hundred_histories = pytest.mark.slow(pytest.mark.timeout(1200)(holds(500)))
