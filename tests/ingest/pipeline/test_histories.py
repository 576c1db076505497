"""Whatever happens to articles one after another, the rows of clusters agree with one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from ingest.pipeline import decisions
from ingest.store.duplicates import decisions as decided
from ingest.store.engine import Database
from ingest.types import Link
from tests.ingest.pipeline.clustering import fresh
from tests.ingest.pipeline.histories import Step, begin, refused, so_many, step

STANDING = "SELECT * FROM clusters WHERE merged_into IS NULL"
DECIDED = "EXISTS (SELECT 1 FROM decisions d WHERE d.undone_at IS NULL AND article_id IN (d.a, d.b))"
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
    "a copy that says something else": "SELECT m.article_id FROM members m JOIN articles a ON a.id = m.article_id "
    "JOIN articles l ON l.id = coalesce(m.parted_from, m.leader) WHERE a.text_digest <> l.text_digest",
    "a copy that a decision names": f"SELECT article_id FROM members WHERE leader <> article_id AND {DECIDED}",
    "a text parted by no decision": f"SELECT article_id FROM members WHERE parted_from IS NOT NULL AND NOT {DECIDED}",
    "a text parted from none that leads": "SELECT m.article_id FROM members m LEFT JOIN members l "
    "ON l.article_id = m.parted_from AND l.leader = l.article_id AND l.parted_from IS NULL "
    "WHERE m.parted_from IS NOT NULL AND (l.article_id IS NULL OR m.leader <> m.article_id)",
    "a copy of one that is parted": "SELECT m.article_id FROM members m JOIN members l ON l.article_id = m.leader "
    "WHERE m.leader <> m.article_id AND l.parted_from IS NOT NULL",
    "two that lead one text": "SELECT s.digest FROM signatures s JOIN members m ON m.article_id = s.article_id "
    "WHERE m.parted_from IS NULL GROUP BY s.digest HAVING count(*) > 1",  # all are of one time
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

HEIR_OF_ONE_THAT_STANDS_APART: list[Step] = [
    ("write", 2, 0),
    ("write", 1, 0),
    (Link.CANNOT, 1, 2),
    ("write", 3, 0),  # the same as both; whose copy it is asks nobody's decision
    ("write", 1, 3),
    (Link.CANNOT, 2, 3),
]

HEIR_THAT_STANDS_APART: list[Step] = [
    ("write", 5, 1),
    ("write", 1, 0),
    ("write", 2, 0),
    ("write", 3, 0),
    ("write", 4, 0),
    (Link.CANNOT, 1, 2),  # 2 leads 3 and 4 as soon as 1 says something else, and what they stand in lives on
    ("write", 1, 3),
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
    @example(history=HEIR_OF_ONE_THAT_STANDS_APART)
    @example(history=HEIR_THAT_STANDS_APART)
    @example(history=[*HEIR_THAT_STANDS_APART[:-1], ("take-down", 1)])
    def agree(database: Database, history: list[Step]) -> None:
        begin(database)
        for what in history:
            refused(database, what)
            with database.reading() as connection:
                assert contradictions(connection) == {}, what

    return agree


test_rows_of_clusters_agree_after_any_history = holds(20)
test_rows_of_clusters_agree_after_five_hundred_histories = pytest.mark.slow(pytest.mark.timeout(1200)(holds(500)))


def told(database: Database) -> list[list[tuple[Any, ...]]]:
    """What stands in the rows, ids of clusters apart: those tell of the past."""
    clusters: dict[str, list[Any]] = {}
    with database.reading() as connection:
        for cluster_id, *member in connection.execute(text(f"SELECT cluster_id, {MEMBER} FROM members ORDER BY 2")):
            clusters.setdefault(cluster_id, []).append(tuple(member))
        rows = [sorted(tuple(row) for row in connection.execute(text(query))) for query in TOLD]
    return [sorted(map(tuple, clusters.values())), *rows]


MEMBER = "article_id, leader, parted_from, words, kind"
TOLD = (
    "SELECT a, b, estimated, exact, score, rule, kind FROM matches",
    "SELECT a, b, similarity FROM related r JOIN members one ON one.article_id = r.a "
    "JOIN members other ON other.article_id = r.b WHERE one.cluster_id <> other.cluster_id",
    "SELECT number, article_id, first_s, last_s FROM signatures",
    "SELECT representative, size, weakest FROM clusters WHERE merged_into IS NULL",
    "SELECT DISTINCT hash, number FROM bands",
)


def leaves_nothing(examples: int) -> Callable[..., None]:
    """The property over so many histories."""

    @so_many(examples)
    @given(history=st.lists(step.filter(lambda what: what[0] != "choose"), max_size=25))
    @example(history=COPY_OF_A_LEADER_THAT_LEAVES)
    @example(history=HEIR_OF_ONE_THAT_STANDS_APART)
    @example(history=HEIR_THAT_STANDS_APART)
    @example(history=[*HEIR_THAT_STANDS_APART[:-1], ("take-down", 1)])
    def as_though_never_decided(database: Database, history: list[Step]) -> None:
        begin(database)
        for what in history:
            refused(database, what)
        with database.reading() as connection:
            force = [decision.id for decision in decided.standing(connection) if decision.undone is None]
        for number in force:
            with database.writing() as connection:
                decisions.undo(connection, number, who="test")
        found = told(database)
        begin(database)
        for what in history:
            if what[0] in ("write", "take-down"):
                refused(database, what)
        assert found == told(database)

    return as_though_never_decided


test_decisions_that_are_all_undone_leave_nothing_behind = leaves_nothing(10)
test_decisions_leave_nothing_behind_in_three_hundred_histories = pytest.mark.slow(
    pytest.mark.timeout(1200)(leaves_nothing(300))
)
