"""Where documents stand: those that are no articles yet or never will be, and the trail of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from ingest.store.cursors import PAGE, Paged, decode_cursor, page_of
from ingest.store.schema import documents, entries, feeds, outcomes
from ingest.types import Rejection, Stage, State


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A document that is no article, or not yet: where it stands and why."""

    number: int
    id: str
    origin: str
    url: str | None
    given_id: str | None
    source: str | None
    stage: Stage
    state: State
    attempts: int
    reason: str | None
    detail: str | None
    last_error: str | None
    next_run: datetime
    created: datetime
    changed: datetime

    @property
    def rejection(self) -> Rejection | None:
        """The ending as a value, where it is one."""
        if self.state is State.REJECTED and self.reason:
            return Rejection(self.stage, self.reason, self.detail or "")
        return None


@dataclass(frozen=True, slots=True)
class Step:
    """One outcome in the trail of a document."""

    stage: str
    attempt: int
    outcome: str
    reason: str | None
    detail: str | None
    ms: int | None
    worker: str | None
    at: datetime


def list_documents(
    connection: Connection,
    state: State,
    *,
    reason: str | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Paged[Unfinished]:
    """A page of documents in one state (and with one reason), the newest first."""
    query = select(documents).where(documents.c.state == state)
    if reason is not None:
        query = query.where(documents.c.reason == reason)
    if cursor is not None:
        query = query.where(documents.c.number < decode_cursor(cursor, int)[0])
    rows = [
        _as_unfinished(row) for row in connection.execute(query.order_by(documents.c.number.desc()).limit(limit + 1))
    ]
    return page_of(rows, limit, lambda row: (row.number,))


def document(connection: Connection, document_id: str) -> Unfinished | None:
    """Where one document stands, whatever its state."""
    row = connection.execute(select(documents).where(documents.c.id == document_id)).first()
    return None if row is None else _as_unfinished(row)


def count_states(connection: Connection) -> dict[State, int]:
    """How many documents are in each state; states without one are 0."""
    counts = dict.fromkeys(State, 0)
    for row in connection.execute(select(documents.c.state, func.count()).group_by(documents.c.state)):
        counts[State(row[0])] = row[1]
    return counts


def count_reasons(connection: Connection, state: State) -> tuple[tuple[str, int], ...]:
    """The reasons of the documents in that state with their counts, the commonest first."""
    count = func.count().label("n")
    query = select(documents.c.reason, count).where(documents.c.state == state).group_by(documents.c.reason)
    rows = connection.execute(query.order_by(count.desc(), documents.c.reason))
    return tuple((row.reason or "unknown", row.n) for row in rows)


def trail(connection: Connection, document_id: str) -> tuple[Step, ...]:
    """What happened to a document, in order."""
    query = select(outcomes).where(outcomes.c.document_id == document_id).order_by(outcomes.c.id)
    return tuple(
        Step(r.stage, r.attempt, r.outcome, r.reason, r.detail, r.ms, r.worker, r.at) for r in connection.execute(query)
    )


def feeds_of(connection: Connection, document_id: str) -> tuple[RowMapping, ...]:
    """The feeds that named a document: id, url, title, first_seen."""
    return feeds_of_each(connection, [document_id])[document_id]


def feeds_of_each(connection: Connection, document_ids: Sequence[str]) -> dict[str, tuple[RowMapping, ...]]:
    """For each of these documents the feeds that named it: id, url, title, first_seen; the first of them first."""
    found: dict[str, list[RowMapping]] = {id_: [] for id_ in document_ids}
    query = (
        select(entries.c.document_id, feeds.c.id, feeds.c.url, feeds.c.title, entries.c.first_seen)
        .join(entries, entries.c.feed_id == feeds.c.id)
        .where(entries.c.document_id.in_(list(found)))
        .order_by(entries.c.first_seen)
    )
    for row in connection.execute(query).mappings():
        found[row["document_id"]].append(row)
    return {id_: tuple(rows) for id_, rows in found.items()}


def _as_unfinished(row: Any) -> Unfinished:
    return Unfinished(
        row.number,
        row.id,
        row.origin,
        row.url,
        row.given_id,
        row.source,
        Stage(row.stage),
        State(row.state),
        row.attempts,
        row.reason,
        row.detail,
        row.last_error,
        row.next_run_at,
        row.created_at,
        row.changed_at,
    )
