"""Taking back what vanished workers hold.

It runs at the clock, in each worker that starts, in the web server and in a standby thread, one at a time under a
lease; when it last ended is what readiness looks at.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, RowMapping, select, update

from ingest.settings import Settings
from ingest.store.engine import Database, db_now
from ingest.store.queue import leases, owners
from ingest.store.queue.units import FREE, LOST, record
from ingest.store.schema import documents
from ingest.types import State

log = structlog.get_logger()

RECONCILER = "reconcile"
"""Name of the lease under which it runs."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of the reconciler found."""

    recovered: int  # attempts whose worker vanished; they run again
    quarantined: int  # the same, with no attempts left


def reconcile(database: Database, settings: Settings, *, limit: int = 500) -> Report:
    """Take back what vanished workers hold: it runs again at once, or is quarantined when no attempts are left.

    Vanished is who let a lease run out, and who is known to be gone: a process of this machine that no longer runs.
    """
    recovered = quarantined = 0
    with database.writing() as connection:
        for row in _abandoned(connection, limit):
            spent = row["attempts"] >= settings.max_attempts
            state = State.QUARANTINED if spent else State.RETRY
            detail = f"the worker vanished in attempt {row['attempts']}"
            changed = connection.execute(
                update(documents)
                .where(
                    documents.c.id == row["id"],
                    documents.c.epoch == row["epoch"],
                    documents.c.state == State.RUNNING,
                )
                .values(
                    state=state,
                    reason="worker-lost",
                    detail=detail,
                    last_error=detail,
                    next_run_at=db_now(),
                    **FREE,
                )
            )
            if changed.rowcount:
                record(connection, row, str(State.QUARANTINED) if spent else LOST, "worker-lost", detail)
                quarantined, recovered = quarantined + spent, recovered + (not spent)
    return Report(recovered, quarantined)


def reconcile_in_turn(database: Database, settings: Settings, owner: str) -> Report | None:
    """Run the reconciler under its lease and note that it ran; None where another process does at this moment."""
    with database.writing() as connection:
        if not leases.take(connection, RECONCILER, owner, settings.reconcile_s):
            return None
    report = reconcile(database, settings)
    with database.writing() as connection:
        leases.done(connection, RECONCILER, owner)
    if report.recovered or report.quarantined:
        log.warning("workers vanished", recovered=report.recovered, quarantined=report.quarantined)
    return report


def _abandoned(connection: Connection, limit: int) -> list[RowMapping]:
    columns = (documents.c.id, documents.c.stage, documents.c.attempts, documents.c.epoch, documents.c.lease_owner)
    over = (documents.c.lease_until < db_now()).label("over")
    query = select(*columns, over).where(documents.c.state == State.RUNNING).with_for_update(skip_locked=True)
    rows = connection.execute(query.limit(limit)).mappings()
    return [row for row in rows if row["over"] or owners.is_gone(row["lease_owner"])]
