"""The index of candidates: rows that came lately and those that stay are one index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from ingest.store import engine, schema
from ingest.store.duplicates import bands, index_log
from ingest.store.engine import Database
from tests.databases import KINDS, empty_database


@pytest.fixture(params=KINDS, scope="module")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with empty_database(request.param, tmp_path_factory.mktemp("bands")) as url:
        database = engine.connect(url)
        with database.writing() as connection:
            schema.metadata.create_all(connection)
        yield database
        database.close()


KEYS = (-(2**31), -1, 0, 1, 2**31 - 1)
ROWS = st.sets(st.tuples(st.sampled_from(KEYS), st.integers(1, 6)))


def texts(rows: set[tuple[int, int]]) -> dict[int, list[int]]:
    """The keys of each text."""
    return {number: [key for key, other in rows if other == number] for _, number in rows}


@given(st.lists(st.tuples(st.sampled_from(["put", "take", "turn over"]), ROWS), max_size=8), st.integers(1, 3))
def test_rows_are_found_wherever_they_stand(
    database: Database, steps: list[tuple[str, set[tuple[int, int]]]], most: int
) -> None:
    there: set[tuple[int, int]] = set()
    with database.writing() as connection:
        for table in (schema.bands, schema.fresh_keys):
            connection.execute(delete(table))
        for step, some in steps:
            if step == "put":
                bands.put(connection, texts(some - there))
                there |= some
            elif step == "take":
                bands.take(connection, texts(some))
                there -= some
            else:
                bands.turn_over(connection, texts(some))
                there -= some
            found = bands.under(connection, KEYS, most)
            assert len(found) == len(set(found))
            for key in KEYS:
                newest = sorted(number for k, number in there if k == key)[-most:]
                assert sorted(number for k, number in found if k == key)[-most:] == newest
            assert set(bands.under(connection, KEYS, 100)) == there


def test_turned_over_rows_stand_in_the_large_table(database: Database) -> None:
    with database.writing() as connection:
        for table in (schema.bands, schema.fresh_keys):
            connection.execute(delete(table))
        bands.put(connection, {1: range(-50, 50)})
        bands.turn_over(connection, {1: [0]})
        counts = [connection.scalar(select(func.count()).select_from(t)) for t in (schema.bands, schema.fresh_keys)]
    assert counts == [99, 0]


def test_much_that_came_lately_is_brought_in_order(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "FRESH_TEXTS", 2)
    with database.writing() as connection:
        counts = []
        for table in (schema.bands, schema.fresh_keys):
            connection.execute(delete(table))
        for number in (1, 2):
            bands.put(connection, {number: range(20)})
            bands.tidy(connection)
            counts.append(connection.scalar(select(func.count()).select_from(schema.fresh_keys)))
    assert counts == ([1, 0] if connection.dialect.name == "sqlite" else [0, 0])


def test_the_log_says_what_changed_since_and_admits_what_it_forgot(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_log, "KEPT", 10)
    with database.writing() as connection:
        connection.execute(delete(schema.index_log))
        assert (index_log.last(connection), index_log.since(connection, 0)) == (0, (0, set()))
        assert index_log.note(connection, [7, 5, 7]) == (0, 2)
        assert index_log.note(connection, []) == (2, 2)
        assert index_log.since(connection, 0) == (2, {5, 7})
        index_log.note(connection, [9])
        assert index_log.since(connection, 2) == (3, {9})
        assert index_log.since(connection, 3) == (3, set())
        assert index_log.since(connection, 4) is None
        for number in range(30):
            index_log.note(connection, [number])
        assert index_log.since(connection, 3) is None
        assert index_log.since(connection, 0) is None
        assert index_log.since(connection, 25) == (33, set(range(22, 30)))
