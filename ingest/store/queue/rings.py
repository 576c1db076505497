"""Which documents a worker should be told of: noted as told, and told of again when nobody came.

A message carries nothing but an id and may be lost at any time: what was told of and still waits after a while is
rung for again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, or_, select, update

from ingest.store.engine import Database, db_now
from ingest.store.queue.units import waits
from ingest.store.schema import documents
from ingest.types import Stage, State


def ready(connection: Connection, stage: Stage, limit: int) -> tuple[str, ...]:
    """The documents that could be claimed at a stage now, those that have waited longest first."""
    query = select(documents.c.id).where(documents.c.stage == stage, waits())
    return tuple(connection.scalars(query.order_by(documents.c.next_run_at, documents.c.number).limit(limit)))


def has_due(connection: Connection, stage: Stage, *, again_after_s: float) -> bool:
    """Whether `due` would find any; asks without writing."""
    query = select(documents.c.id).where(documents.c.stage == stage, waits(), _untold(again_after_s))
    return connection.execute(query.limit(1)).first() is not None


def due(connection: Connection, stage: Stage, limit: int, *, again_after_s: float) -> tuple[str, ...]:
    """The documents a worker should be told of now, noted as told.

    again_after_s: a document that was told of longer ago and still waits is told of again.
    """
    query = select(documents.c.id).where(documents.c.stage == stage, waits(), _untold(again_after_s))
    query = query.order_by(documents.c.next_run_at, documents.c.number).limit(limit)
    found = tuple(connection.scalars(query.with_for_update(skip_locked=True)))
    if found:
        connection.execute(update(documents).where(documents.c.id.in_(found)).values(queued_at=db_now()))
    return found


def untell(database: Database, ids: Sequence[str]) -> None:
    """Take back that workers were told: the bell could not be rung, the dispatcher will try again."""
    with database.writing() as connection:
        connection.execute(
            update(documents)
            .where(documents.c.id.in_(ids), documents.c.state.in_((State.PENDING, State.RETRY)))
            .values(queued_at=None)
        )


def _untold(again_after_s: float) -> ColumnElement[bool]:
    return or_(documents.c.queued_at.is_(None), documents.c.queued_at < db_now(-again_after_s))
