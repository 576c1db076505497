"""What people did, in the transaction in which they did it; nothing here is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from ingest.store.cursors import PAGE, Paged, decode_cursor, page_of
from ingest.store.engine import db_now
from ingest.store.schema import audit


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the log."""

    id: int
    who: str
    act: str
    subject: str  # "cluster:ID", "article:ID", "feed:ID", …
    detail: Mapping[str, Any]
    at: datetime


def note(connection: Connection, who: str, act: str, subject: str, **detail: str | int | float | bool | None) -> None:
    """Append one line; it stands when the act does."""
    connection.execute(insert(audit).values(who=who, act=act, subject=subject, detail=detail, at=db_now()))


def recent(
    connection: Connection, *, subject: str | None = None, cursor: str | None = None, limit: int = PAGE
) -> Paged[Act]:
    """A page of the log, the latest first; of one subject where it is named."""
    query = select(audit)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    if cursor is not None:
        query = query.where(audit.c.id < decode_cursor(cursor, int)[0])
    rows = connection.execute(query.order_by(audit.c.id.desc()).limit(limit + 1))
    return page_of([Act(r.id, r.who, r.act, r.subject, r.detail, r.at) for r in rows], limit, lambda act: (act.id,))
