"""Polls of feeds: which feed is due, who polls it, and how every poll ended.

As with documents, the row is the queue. A poll is **claimed** under a lease and **finished** under the epoch it got,
so a feed that two workers or two beats go for is polled once. `now` is for simulations: without it the database's
clock counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, or_, select, update

from ingest.store.engine import db_now
from ingest.store.schema import feeds, polls
from ingest.store.sources.feeds import ACTIVE, at

TOLD_AGAIN_S = 300.0
"""Seconds after which a worker is told again of a feed that nobody polled."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A feed to poll, held by this process until the lease is over."""

    feed: RowMapping  # as it was before
    epoch: int
    now: datetime  # on the clock that counts

    @property
    def id(self) -> str:
        """The feed's id."""
        return str(self.feed["id"])


@dataclass(frozen=True, slots=True)
class Poll:
    """How a poll ended: one row, kept."""

    outcome: str  # news, no-news, not-modified, failed, gone, moved
    next_poll_at: datetime
    status: int | None = None
    detail: str = ""
    entries: int = 0
    fresh: int = 0
    size: int = 0
    ms: int = 0
    changes: dict[str, Any] = field(default_factory=dict)  # of the feed's own columns


def has_due(connection: Connection, *, now: datetime | None = None) -> bool:
    """Whether `due_feeds` would find any; asks without writing."""
    untold = or_(feeds.c.queued_at.is_(None), feeds.c.queued_at < at(now, -TOLD_AGAIN_S))
    return connection.execute(select(feeds.c.id).where(_due(now), untold).limit(1)).first() is not None


def due_feeds(connection: Connection, limit: int, *, now: datetime | None = None) -> tuple[str, ...]:
    """The feeds a worker should be told of now, noted as told, those first that have waited longest."""
    query = (
        select(feeds.c.id)
        .where(_due(now), or_(feeds.c.queued_at.is_(None), feeds.c.queued_at < at(now, -TOLD_AGAIN_S)))
        .order_by(feeds.c.next_poll_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = tuple(connection.scalars(query))
    if found:
        connection.execute(update(feeds).where(feeds.c.id.in_(found)).values(queued_at=at(now)))
    return found


def untell(connection: Connection, feed_ids: Sequence[str]) -> None:
    """Take back that a worker was told: the message could not be sent."""
    connection.execute(update(feeds).where(feeds.c.id.in_(feed_ids)).values(queued_at=None))


def claim(connection: Connection, feed_id: str, *, lease_s: float, now: datetime | None = None) -> Claim | None:
    """The feed to poll, or None: it is not due, not active, or somebody polls it.

    The failure is counted now and taken back when the poll ends well: a feed that kills whoever reads it backs off.
    """
    row = connection.execute(select(feeds).where(feeds.c.id == feed_id, _due(now)).with_for_update()).mappings().first()
    if row is None:
        return None
    claimed = {
        "epoch": row["epoch"] + 1,
        "lease_until": at(now, lease_s),
        "next_poll_at": at(now, max(lease_s, 900.0 * 2 ** min(row["failures"], 6))),
        "failures": row["failures"] + 1,
        "queued_at": None,
    }
    connection.execute(update(feeds).where(feeds.c.id == feed_id).values(**claimed))
    moment = now if now is not None else connection.scalar(select(db_now()))
    assert moment is not None
    return Claim(row, row["epoch"] + 1, moment)


def postpone(connection: Connection, claimed: Claim, wait_s: float, *, now: datetime | None = None) -> None:
    """Give a claimed feed back unasked: its site is busy; it is due again after so many seconds."""
    values = {"lease_until": None, "next_poll_at": at(now, wait_s), "failures": claimed.feed["failures"]}
    connection.execute(update(feeds).where(feeds.c.id == claimed.id, feeds.c.epoch == claimed.epoch).values(**values))


def finish(connection: Connection, claimed: Claim, poll: Poll) -> bool:
    """Keep how a poll ended; False where the feed is somebody else's by now, and nothing must be kept."""
    failed = poll.outcome == "failed"
    answered = {} if failed else {"last_success_at": claimed.now, "last_error": None}
    values: dict[str, Any] = {
        "lease_until": None,
        "next_poll_at": poll.next_poll_at,
        "last_polled_at": claimed.now,
        "last_status": poll.status,
        "failures": claimed.feed["failures"] + 1 if failed else 0,
        "polls": feeds.c.polls + 1,
        "not_modified": feeds.c.not_modified + int(poll.outcome == "not-modified"),
        "new_entries": feeds.c.new_entries + poll.fresh,
        **answered,
        **({"last_error": poll.detail[:500]} if poll.outcome in ("failed", "gone", "moved") else {}),
        **poll.changes,
    }
    kept = connection.execute(
        update(feeds).where(feeds.c.id == claimed.id, feeds.c.epoch == claimed.epoch).values(**values)
    )
    if kept.rowcount != 1:
        return False
    connection.execute(
        insert(polls).values(
            feed_id=claimed.id,
            at=claimed.now,
            outcome=poll.outcome,
            status=poll.status,
            detail=poll.detail[:500],
            entries=poll.entries,
            fresh=poll.fresh,
            size=poll.size,
            ms=poll.ms,
            next_s=max(0, round((poll.next_poll_at - claimed.now).total_seconds())),
        )
    )
    return True


def history(connection: Connection, feed_id: str, limit: int = 50) -> list[RowMapping]:
    """The last polls of a feed, the latest first."""
    query = select(polls).where(polls.c.feed_id == feed_id).order_by(polls.c.id.desc()).limit(limit)
    return list(connection.execute(query).mappings())


def _due(now: datetime | None) -> ColumnElement[bool]:
    return and_(
        feeds.c.state == ACTIVE,
        feeds.c.next_poll_at <= at(now),
        or_(feeds.c.lease_until.is_(None), feeds.c.lease_until < at(now)),
    )
