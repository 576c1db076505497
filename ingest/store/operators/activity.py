"""What happened lately, counted by the hour or the day, for plots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from ingest.store.schema import clusters, decisions, documents, outcomes
from ingest.types import State

FAILED = frozenset({State.REJECTED, State.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Slot:
    """How attempts of one stage ended within one hour or day."""

    start: datetime
    done: int
    failed: int  # rejected or quarantined
    other: int  # retried, waiting, lost


def by_slot(connection: Connection, *, step: timedelta, slots: int, now: datetime) -> dict[str, tuple[Slot, ...]]:
    """For each stage the last `slots` slots, the oldest first, the last one still running.

    step: an hour or a day.
    """
    hourly = step < timedelta(days=1)
    first = now.replace(minute=0, second=0, microsecond=0)
    first = (first if hourly else first.replace(hour=0)) - step * (slots - 1)
    slot = _slot(connection, outcomes.c.at, hourly)
    query = (
        select(slot.label("slot"), outcomes.c.stage, outcomes.c.outcome, func.count().label("n"))
        .where(outcomes.c.at >= first)
        .group_by(slot, outcomes.c.stage, outcomes.c.outcome)
    )
    counts: dict[str, list[list[int]]] = {}
    for row in connection.execute(query):
        began = datetime.strptime(row.slot, "%Y-%m-%d %H" if hourly else "%Y-%m-%d").replace(tzinfo=UTC)
        place = int((began - first) / step)
        if 0 <= place < slots:
            kind = 0 if row.outcome == State.DONE else 1 if row.outcome in FAILED else 2
            counts.setdefault(row.stage, [[0, 0, 0] for _ in range(slots)])[place][kind] += row.n
    return {
        stage: tuple(Slot(first + step * place, *cells) for place, cells in enumerate(rows))
        for stage, rows in counts.items()
    }


def arrived(connection: Connection, since: datetime) -> int:
    """How many documents came in since then."""
    return connection.scalar(select(func.count()).where(documents.c.created_at >= since)) or 0


def count_clusters(connection: Connection) -> int:
    """Clusters of two and more."""
    return connection.scalar(select(func.count()).where(clusters.c.size >= literal_column("2"))) or 0


def count_decisions(connection: Connection) -> int:
    """Decisions by people that are in force."""
    return connection.scalar(select(func.count()).where(decisions.c.undone_at.is_(None))) or 0


def _slot(connection: Connection, column: ColumnElement[datetime], hourly: bool) -> ColumnElement[str]:
    if connection.dialect.name == "postgresql":
        return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24" if hourly else "YYYY-MM-DD")
    return func.substr(column, 1, 13 if hourly else 10)  # times are text there, the longest unit first
