"""An exact copy that a decision names is a text of its own; whose copy it is goes on as though nobody had decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.dedup.minhash import SCHEME
from ingest.pipeline.cluster import keys_of
from ingest.pipeline.decisions import decide, undo
from ingest.store import schema
from ingest.store.duplicates import clusters, signatures
from ingest.store.duplicates.clusters import Member
from ingest.store.engine import Database
from ingest.types import Decision, Link
from tests.databases import KINDS
from tests.ingest.dedup.news import text
from tests.ingest.pipeline.clustering import NOON, article, cluster, fresh, partition, sound


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(tmp_path, request.param) as database:
        yield database


def apart(database: Database, one: int, other: int) -> Decision:
    with database.writing() as connection:
        return decide(connection, Link.CANNOT, f"a{one:07d}", f"a{other:07d}", who="ada")


def place(database: Database, number: int) -> Member:
    with database.reading() as connection:
        found = clusters.of_article(connection, f"a{number:07d}")
    assert found is not None
    return found


def leave_index(database: Database) -> None:
    """All that is in the index is over."""
    with database.writing() as connection:
        over = [one for some in signatures.all_indexed(connection, SCHEME, 100) for one in some]
        signatures.unindex(connection, [(one, keys_of(one)) for one in over])


def test_it_follows_again_when_the_last_decision_about_it_is_undone(database: Database) -> None:
    cluster(database, article(1, text(1)), article(2, text(1)), article(3, text(3)))
    decided = [apart(database, 2, 1), apart(database, 2, 3)]
    followed = []
    for decision in decided:
        followed.append(place(database, 2).leader)
        with database.writing() as connection:
            undo(connection, decision.id, who="ada")
    assert followed == ["a0000002", "a0000002"]
    assert place(database, 2).leader == "a0000001"


def test_a_newcomer_follows_whom_it_would_without_any_decision(database: Database) -> None:
    cluster(database, article(2, text(1)), article(1, text(1)))
    apart(database, 1, 2)
    cluster(database, article(3, text(1)))
    assert place(database, 3).leader == "a0000002", "the first is parted from it"


def test_a_leader_is_found_for_as_long_as_one_that_is_parted_from_it(database: Database) -> None:
    first, between = NOON - timedelta(days=20), NOON - timedelta(days=10)
    cluster(database, article(1, text(1), at=first), article(2, text(2), at=between), article(4, text(4)))
    apart(database, 2, 4)
    cluster(database, article(2, text(1), at=between))
    assert place(database, 2).parted_from == "a0000001"
    cluster(database, article(3, text(1), at=NOON))
    assert place(database, 3).leader == "a0000001"


def test_an_heir_is_found_for_as_long_as_one_that_is_parted_from_it(database: Database) -> None:
    times = [NOON - timedelta(days=n) for n in (22, 17, 12)]
    cluster(database, *(article(n, text(1), at=at) for n, at in enumerate(times, 1)), article(4, text(4)))
    apart(database, 3, 4)
    cluster(database, article(1, text(5), at=times[0]))
    assert (place(database, 2).parted_from, place(database, 3).parted_from) == (None, "a0000002")
    cluster(database, article(6, text(1), at=NOON))
    assert place(database, 6).leader == "a0000002"


def test_an_heir_that_stood_apart_comes_to_those_it_leads(database: Database) -> None:
    cluster(database, *(article(n, text(1)) for n in (1, 2, 3, 4)))
    apart(database, 1, 2)
    theirs, its = place(database, 3).cluster_id, place(database, 2).cluster_id
    assert theirs != its
    cluster(database, article(1, text(5)))
    assert {place(database, n).cluster_id for n in (2, 3, 4)} == {theirs}
    with database.reading() as connection:
        found = clusters.get(connection, its)
    assert found is not None
    assert found.id == theirs, "its own cluster leaves a redirect"
    sound(database)


def test_what_left_the_index_long_ago_is_parted_and_inherited_all_the_same(database: Database) -> None:
    cluster(database, *(article(n, text(1)) for n in (1, 2, 3)), article(4, text(4)))
    leave_index(database)
    apart(database, 3, 4)
    assert frozenset({"a0000001", "a0000002", "a0000003"}) in partition(database)
    leave_index(database)
    cluster(database, article(1, text(5)))
    assert frozenset({"a0000002", "a0000003"}) in partition(database)
    with database.reading() as connection:
        m = schema.matches.c
        pair = connection.execute(select(m.rule, m.score).where(m.a == "a0000002", m.b == "a0000003")).one()
    assert tuple(pair) == ("same-text-apart", 100.0)
