"""Letting go of what is older than it needs to be; articles and what consumers follow stay.

Rows go in small transactions, so that nobody who writes has to wait long.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, delete, func, select

from ingest.settings import Settings
from ingest.store.engine import Database, db_now
from ingest.store.queue import leases
from ingest.store.schema import documents, outcomes, polls, receipts, sessions
from ingest.store.texts import translation_memory
from ingest.types import TERMINAL, State

LEASE = "prune"

DAY_S = 86_400

RECEIPT_DAYS = 7
"""Days in which a push that is repeated with its key is answered as the first time."""

ROWS_AT_ONCE = 5_000


def prune(database: Database, settings: Settings, *, dry_run: bool = False) -> dict[str, int]:
    """How many rows went, by what they are; with `dry_run`, how many would."""
    old = -settings.trail_days * DAY_S
    ended = select(documents.c.id).where(documents.c.state.in_(TERMINAL - {State.QUARANTINED}))
    chosen: dict[str, tuple[Table, tuple[ColumnElement[bool], ...]]] = {
        "steps in the trails of documents that ended": (
            outcomes,
            (outcomes.c.at < db_now(old), outcomes.c.document_id.in_(ended)),
        ),
        "polls": (polls, (polls.c.at < db_now(old),)),
        "receipts of pushes": (receipts, (receipts.c.at < db_now(-RECEIPT_DAYS * DAY_S),)),
        "sessions": (sessions, (sessions.c.expires_at < db_now(),)),
    }
    gone = {what: _delete(database, table, which, dry_run) for what, (table, which) in chosen.items()}
    if not dry_run:
        with database.writing() as connection:
            gone["translated sentences"] = translation_memory.prune(
                connection, days=settings.memory_days, rows=settings.memory_rows
            )
    return gone


def prune_in_turn(database: Database, settings: Settings, owner: str) -> dict[str, int] | None:
    """Prune if that is a day ago and nobody else does; None where it is not time."""
    with database.reading() as connection:
        age_s = leases.age_s(connection, LEASE)
    if age_s is not None and age_s < DAY_S:
        return None
    with database.writing() as connection:
        if not leases.take(connection, LEASE, owner, 3600):
            return None
    gone = prune(database, settings)
    with database.writing() as connection:
        leases.done(connection, LEASE, owner)
    return gone


def _delete(database: Database, table: Table, which: tuple[ColumnElement[bool], ...], dry_run: bool) -> int:
    if dry_run:
        with database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(table).where(*which)) or 0
    key = next(iter(table.primary_key.columns))
    gone = 0
    while True:
        with database.writing() as connection:
            some = select(key).where(*which).limit(ROWS_AT_ONCE)
            rows = connection.execute(delete(table).where(key.in_(some))).rowcount
        gone += rows
        if rows < ROWS_AT_ONCE:
            return gone
