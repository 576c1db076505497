"""One connection per site and a pause between two requests, over all processes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from ingest.store.engine import Database, connect
from ingest.store.schema import metadata
from ingest.store.sources import sites

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GAP = 5.0


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = connect(f"sqlite:///{tmp_path_factory.mktemp('sites') / 'sites.sqlite'}")
    with made.writing() as connection:
        metadata.create_all(connection)
    return made


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.writer.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def take(
    connection: Connection, owner: str, seconds: float, *, errand: str = "document", first: bool = False
) -> float | None:
    return sites.take(
        connection, "e.org", owner=owner, errand=errand, lease_s=45, gap_s=GAP, first=first, now=at(seconds)
    )


def free(connection: Connection, owner: str, seconds: float, cool_off_s: float = 0.0) -> None:
    sites.free(connection, "e.org", owner=owner, gap_s=GAP, cool_off_s=cool_off_s, now=at(seconds))


def test_a_site_is_asked_by_one_at_a_time_and_after_a_pause(connection: Connection) -> None:
    assert take(connection, "a", 0) is None
    assert take(connection, "b", 1) is not None
    free(connection, "a", 2)
    assert take(connection, "b", 6) is not None
    assert take(connection, "b", 7) is None


def test_a_vanished_owner_holds_a_site_only_until_its_lease_is_over(connection: Connection) -> None:
    assert take(connection, "a", 0) is None
    assert take(connection, "b", 44) is not None
    assert take(connection, "b", 46) is None
    free(connection, "a", 47)  # too late: it is not a's any more
    assert take(connection, "c", 60) is not None


def test_each_who_waits_gets_a_moment_of_its_own(connection: Connection) -> None:
    take(connection, "a", 0)
    waits = [take(connection, "b", 0, errand=str(n)) for n in range(100)]
    assert waits == sorted(set(waits))  # type: ignore[type-var]
    assert waits[-1] == pytest.approx(100 * GAP)


def test_a_feed_goes_before_the_articles_that_wait(connection: Connection) -> None:
    take(connection, "a", 0)
    for n in range(50):
        take(connection, "b", 0, errand=f"article-{n}")
    assert take(connection, "c", 1, errand="feed", first=True) == pytest.approx(GAP)
    free(connection, "a", 2)
    assert take(connection, "b", 7, errand="article-0") is not None  # kept for the feed
    assert take(connection, "c", 8, errand="feed", first=True) is None
    free(connection, "c", 9)
    assert take(connection, "b", 14, errand="article-1") is None


def test_a_feed_that_does_not_come_back_does_not_keep_the_site(connection: Connection) -> None:
    take(connection, "a", 0)
    take(connection, "c", 1, errand="feed", first=True)
    free(connection, "a", 2)
    assert take(connection, "b", 70, errand="article") is None


def test_a_site_is_left_alone_as_long_as_it_asks(connection: Connection) -> None:
    take(connection, "a", 0)
    free(connection, "a", 1, cool_off_s=600)
    assert take(connection, "b", 600) is not None
    assert take(connection, "b", 602) is None
    free(connection, "b", 603, cool_off_s=1e9)
    assert take(connection, "b", 603 + sites.LONGEST_COOL_OFF_S) is None


def test_a_crawl_delay_widens_the_pause(connection: Connection) -> None:
    take(connection, "a", 0)
    sites.save_robots(connection, "https://e.org", "e.org", status=200, rules="x", good_for_s=60, delay_s=20.0)
    free(connection, "a", 1)
    assert take(connection, "b", 20) is not None
    assert take(connection, "b", 22) is None
    assert sites.load_robots(connection, "https://e.org") == (200, "x")
    assert sites.load_robots(connection, "https://e.org", now=datetime.now(UTC) + timedelta(minutes=2)) is None


@given(steps=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 20), st.booleans()), max_size=30))
@settings(max_examples=30, deadline=None)
def test_no_order_of_events_lets_two_in_at_once_or_too_soon(
    database: Database, steps: list[tuple[str, float, bool]]
) -> None:
    with database.writer.connect() as connection, connection.begin() as transaction:
        clock, inside, entered, left = 0.0, None, 0.0, -1e9
        for owner, wait, first in steps:
            clock += wait
            if inside == owner:
                free(connection, owner, clock)
                inside, left = None, clock
            elif take(connection, owner, clock, errand=owner, first=first) is None:
                assert inside is None or clock - entered > 45
                assert clock - left >= GAP - 1e-6 or inside is not None  # the clock is a sum of floats
                inside, entered = owner, clock
        transaction.rollback()
