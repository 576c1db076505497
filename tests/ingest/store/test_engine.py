"""A reading connection sees one state and cannot write, on either database."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import DBAPIError, OperationalError

from ingest.errors import Misconfigured
from ingest.store import engine, schema
from ingest.store.engine import Database, db_now


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(schema.leases)) or 0


def a_row(name: str) -> dict[str, object]:
    return {"name": name, "until": db_now()}


def test_a_reader_sees_one_state_whatever_is_committed_meanwhile(database: Database) -> None:
    with database.reading() as reading:
        assert count(reading) == 0
        with database.writing() as writing:
            writing.execute(insert(schema.leases).values(**a_row("meanwhile")))
        assert count(reading) == 0
    with database.reading() as later:
        assert count(later) == 1


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), database.reading() as reading:
        reading.execute(insert(schema.leases).values(**a_row("never")))
    with database.reading() as later:
        assert count(later) == 0


def test_the_clock_moves_within_a_transaction(database: Database) -> None:
    with database.writing() as connection:
        before, after = (connection.scalar(select(db_now(offset_s))) for offset_s in (-0.5, 0.5))
    assert before is not None
    assert after is not None
    assert 1.0 <= (after - before).total_seconds() < 5.0


def test_a_writer_gets_its_turn_between_others_that_begin_again_at_once(tmp_path: Path) -> None:
    """Each writes for 10 ms without a break for two seconds; whoever waits, waits for a few of the others' turns."""
    database = engine.connect(f"sqlite:///{tmp_path / 'test.sqlite'}")
    until, waits = time.monotonic() + 2.0, []

    def write() -> None:
        while time.monotonic() < until:
            asked = time.monotonic()
            with database.writing():
                waits.append(time.monotonic() - asked)
                time.sleep(0.01)

    with ThreadPoolExecutor(4) as pool:
        for _ in [pool.submit(write) for _ in range(4)]:
            pass
    database.close()
    assert len(waits) > 40
    assert max(waits) < 1.0


def test_a_writer_that_never_gets_its_turn_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "TURN_WITHIN_S", 0.05)
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 10)
    database = engine.connect(f"sqlite:///{tmp_path / 'test.sqlite'}")
    with database.writing(), pytest.raises(OperationalError, match="locked"), database.writing():
        pass
    database.close()


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://"])
def test_a_database_that_cannot_be_shared_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="database_url"):
        engine.connect(url)
