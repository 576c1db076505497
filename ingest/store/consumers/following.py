"""The sequence of changes, read: what consumers follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from ingest.store.schema import changes


@dataclass(frozen=True, slots=True)
class Change:
    """One change; see `ingest.store.consumers.changes` for the kinds."""

    seq: int
    kind: str
    article: str | None
    cluster: str | None
    revision: int | None
    at: datetime


def changes_since(connection: Connection, since: int, limit: int) -> tuple[Change, ...]:
    """The changes after that number, in order; numbers grow, with gaps."""
    query = select(changes).where(changes.c.seq > since).order_by(changes.c.seq).limit(limit)
    return tuple(Change(r.seq, r.kind, r.article_id, r.cluster_id, r.revision, r.at) for r in connection.execute(query))


def newest(connection: Connection) -> int:
    """The number of the latest change; 0 before the first."""
    return connection.scalar(select(func.max(changes.c.seq))) or 0
