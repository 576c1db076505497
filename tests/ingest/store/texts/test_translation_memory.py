"""The translation memory on SQL: what is remembered, and what is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from ingest.store.engine import Database, connect
from ingest.store.schema import metadata
from ingest.store.schema import translation_memory as table
from ingest.store.tallies import totals
from ingest.store.texts import translation_memory as memory
from ingest.types import Remembered

HELLO = Remembered("Hello", ("repaired",), -0.25, "small@1", "fr")


def key(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = connect(f"sqlite:///{tmp_path / 'memory.sqlite'}")
    with made.writing() as connection:
        metadata.create_all(connection)
    return made


def used(database: Database, number: int, days_ago: int) -> None:
    when = datetime.now(UTC) - timedelta(days=days_ago)
    with database.writing() as connection:
        connection.execute(update(table).where(table.c.key == bytes.fromhex(key(number))).values(used_at=when))


def test_what_was_stored_is_found_and_nothing_else(database: Database) -> None:
    sentences = memory.SqlTranslationMemory(database)
    sentences.store({key(1): HELLO})
    assert sentences.look_up([key(1), key(2)]) == {key(1): HELLO}


def test_hits_are_counted_by_all_processes_together(database: Database) -> None:
    memory.SqlTranslationMemory(database).store({key(1): HELLO})
    for process in (memory.SqlTranslationMemory(database), memory.SqlTranslationMemory(database)):
        process.look_up([key(1), key(2)])
    with database.reading() as connection:
        assert totals(connection) == {memory.ASKED: 4, memory.REMEMBERED: 2}


def test_more_keys_than_a_statement_takes_are_looked_up(database: Database) -> None:
    sentences = memory.SqlTranslationMemory(database)
    sentences.store({key(n): HELLO for n in range(1, 1300)})
    assert len(sentences.look_up([key(n) for n in range(1, 1401)])) == 1299


def test_storing_again_replaces(database: Database) -> None:
    sentences = memory.SqlTranslationMemory(database)
    sentences.store({key(1): HELLO})
    sentences.store({key(1): Remembered("Hi", (), None, "small@1", "fr")})
    assert sentences.look_up([key(1)])[key(1)].target == "Hi"


def test_use_keeps_a_sentence_alive(database: Database) -> None:
    sentences = memory.SqlTranslationMemory(database)
    sentences.store({key(1): HELLO, key(2): HELLO})
    used(database, 1, days_ago=400)
    used(database, 2, days_ago=400)
    sentences.look_up([key(1)])
    with database.writing() as connection:
        assert memory.prune(connection, days=365, rows=1000) == 1
    assert list(sentences.look_up([key(1), key(2)])) == [key(1)]


def test_a_use_today_is_not_written_again(database: Database) -> None:
    sentences = memory.SqlTranslationMemory(database)
    sentences.store({key(1): HELLO})
    with database.reading() as connection:
        before = connection.execute(select(table.c.used_at)).scalar_one()
    sentences.look_up([key(1)])
    with database.reading() as connection:
        assert connection.execute(select(table.c.used_at)).scalar_one() == before


def test_beyond_the_bound_the_longest_unused_go(database: Database) -> None:
    sentences = memory.SqlTranslationMemory(database)
    sentences.store({key(n): HELLO for n in range(1, 6)})
    for number in range(1, 6):
        used(database, number, days_ago=number)
    with database.writing() as connection:
        assert memory.prune(connection, days=365, rows=2) == 3
    assert sorted(sentences.look_up([key(n) for n in range(1, 6)])) == [key(1), key(2)]
