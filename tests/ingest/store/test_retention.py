"""What is old goes, what somebody may still need stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from ingest.settings import Settings
from ingest.store import retention, schema
from ingest.store.engine import Database, db_now
from ingest.store.queue import standing, units
from ingest.store.texts import documents
from ingest.types import Page, Stage, State


def ended(database: Database, text: str, state: State) -> str:
    page = Page(text.encode(), "text/plain", None, None, datetime.now(UTC))
    with database.writing() as connection:
        document_id = documents.admit_page(connection, page, origin="file").document_id
    unit = units.claim(database, document_id, Stage.EXTRACT, owner="o", lease_s=60, max_attempts=1)
    assert unit is not None
    with database.writing() as connection:
        units.finish(connection, unit, state=state)
    return document_id


def rows(database: Database, table: schema.Table) -> int:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_old_trails_go_but_those_of_the_quarantine_and_of_yesterday_stay(database: Database) -> None:
    old, stuck, young = (
        ended(database, *given) for given in (("a", State.DONE), ("b", State.QUARANTINED), ("c", State.DONE))
    )
    with database.writing() as connection:
        connection.execute(
            update(schema.outcomes)
            .where(schema.outcomes.c.document_id.in_((old, stuck)))
            .values(at=db_now(-100 * retention.DAY_S))
        )
    dry = retention.prune(database, Settings(), dry_run=True)
    assert dry["steps in the trails of documents that ended"] == 1
    assert rows(database, schema.outcomes) == 3
    assert retention.prune(database, Settings())["steps in the trails of documents that ended"] == 1
    with database.reading() as connection:
        assert standing.trail(connection, old) == ()
        assert len(standing.trail(connection, stuck)) == len(standing.trail(connection, young)) == 1


def test_many_rows_go_in_small_transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    long_ago = datetime.now(UTC) - timedelta(days=30)
    with database.writing() as connection:
        for number in range(5):
            receipt = {"sha256": f"{number}", "body_sha256": "0", "answer": {}, "at": long_ago}
            connection.execute(insert(schema.receipts).values(**receipt))
    assert retention.prune(database, Settings())["receipts of pushes"] == 5


def test_pruning_happens_once_a_day(database: Database) -> None:
    assert retention.prune_in_turn(database, Settings(), "a") is not None
    assert retention.prune_in_turn(database, Settings(), "b") is None
