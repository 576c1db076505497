"""Documents that were set aside: in quarantine after repeated failure, or waiting for a model of their language."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select, update

from ingest.store.engine import db_now
from ingest.store.queue.units import FREE
from ingest.store.schema import documents
from ingest.types import State


def wake_waiting(connection: Connection, lang: str) -> int:
    """Bring back the documents that wait for a model of a language; returns how many."""
    return _again(connection, documents.c.state == State.WAITING, documents.c.reason == f"no-model-{lang}")


def waiting_languages(connection: Connection) -> dict[str, int]:
    """How many documents wait for a model, by language."""
    query = select(documents.c.reason, func.count()).where(
        documents.c.state == State.WAITING, documents.c.reason.startswith("no-model-")
    )
    return {reason.removeprefix("no-model-"): n for reason, n in connection.execute(query.group_by(documents.c.reason))}


def replay(connection: Connection, ids: Sequence[str] = (), *, reason: str | None = None) -> int:
    """Let quarantined documents run again at their stage, by id or all of one reason; returns how many."""
    which = documents.c.id.in_(ids) if reason is None else documents.c.reason == reason
    return _again(connection, documents.c.state == State.QUARANTINED, which)


def quarantined(connection: Connection, *, reason: str | None = None, limit: int = 100) -> list[RowMapping]:
    """The documents that gave up, newest first."""
    query = select(documents).where(documents.c.state == State.QUARANTINED)
    if reason is not None:
        query = query.where(documents.c.reason == reason)
    return list(connection.execute(query.order_by(documents.c.changed_at.desc()).limit(limit)).mappings())


def _again(connection: Connection, *which: ColumnElement[bool]) -> int:
    woken = connection.execute(
        update(documents)
        .where(*which)
        .values(
            state=State.PENDING,
            attempts=0,
            epoch=documents.c.epoch + 1,
            next_run_at=db_now(),
            reason=None,
            detail=None,
            **FREE,
        )
    )
    return woken.rowcount
