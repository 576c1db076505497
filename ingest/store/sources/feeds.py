"""Feeds as rows: when each is due, who polls it, and how every poll ended.

As with documents, the row is the queue. A poll is **claimed** under a lease and **finished** under the epoch it got,
so a feed that two workers or two beats go for is polled once. `now` is for simulations: without it the database's
clock counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, or_, select, update

from ingest.errors import BadInput
from ingest.store.cursors import PAGE, Paged, decode_cursor, page_of
from ingest.store.engine import db_now, serialise
from ingest.store.ids import is_id, new_id
from ingest.store.schema import entries, feeds, polls
from ingest.urls import canonical_url, is_web

ACTIVE, PAUSED, GONE = "active", "paused", "gone"
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


def at(now: datetime | None, offset_s: float = 0.0) -> Any:
    """A moment so many seconds from now, on the given clock or the database's."""
    return db_now(offset_s) if now is None else now + timedelta(seconds=offset_s)


def add(
    connection: Connection,
    url: str,
    *,
    title: str = "",
    tags: Sequence[str] = (),
    language: str | None = None,
    site_url: str | None = None,
    obey_robots: bool = True,
    note: str = "",
    now: datetime | None = None,
) -> tuple[str, bool]:
    """The id of the feed at this address, and whether it is new; tags are added to those it has. Due at once."""
    address = canonical_url(url, tracking=True)
    serialise(connection, "feeds")
    known = connection.execute(select(feeds.c.id, feeds.c.tags).where(feeds.c.url == address)).first()
    if known is not None:
        merged = list(dict.fromkeys([*known.tags, *tags]))
        if merged != known.tags:
            connection.execute(update(feeds).where(feeds.c.id == known.id).values(tags=merged))
        return known.id, False
    feed_id = new_id()
    connection.execute(
        insert(feeds).values(
            id=feed_id,
            url=address,
            title=title,
            tags=list(dict.fromkeys(tags)),
            language=language,
            site_url=site_url,
            obey_robots=obey_robots,
            note=note,
            next_poll_at=at(now),
            created_at=at(now),
        )
    )
    return feed_id, True


class Listed(Protocol):
    """A feed of a list, as `ingest.feeds.opml` reads it."""

    @property
    def url(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def language(self) -> str | None: ...
    @property
    def site_url(self) -> str | None: ...
    @property
    def obey_robots(self) -> bool: ...
    @property
    def note(self) -> str: ...
    @property
    def paused(self) -> bool: ...


def add_listed(connection: Connection, listed: Listed, *, tags: Sequence[str] = ()) -> bool:
    """Whether a feed of a list is new; one that is there already gets its tags and `tags`, and stays as it is."""
    feed_id, new = add(
        connection,
        listed.url,
        title=listed.title,
        tags=(*listed.tags, *tags),
        language=listed.language,
        site_url=listed.site_url,
        obey_robots=listed.obey_robots,
        note=listed.note,
    )
    if new and listed.paused:
        pause(connection, feed_id)
    return new


def load(connection: Connection, feed_id: str) -> RowMapping | None:
    """The row of a feed; None where there is none."""
    return connection.execute(select(feeds).where(feeds.c.id == feed_id)).mappings().first()


def find(connection: Connection, name: str) -> RowMapping:
    """The feed with this id or address; BadInput where there is none."""
    if is_id(name):
        row = load(connection, name)
    elif is_web(name):
        row = (
            connection.execute(select(feeds).where(feeds.c.url == canonical_url(name, tracking=True)))
            .mappings()
            .first()
        )
    else:
        row = None
    if row is None:
        raise BadInput("feed", "the id or the address of a feed that `ingest feeds list` shows", repr(name[:200]))
    return row


def every(
    connection: Connection, *, state: str | None = None, tag: str | None = None, failing: bool = False
) -> list[RowMapping]:
    """The feeds in the order they came, those in a state, with a tag, or that failed last time."""
    query = select(feeds).order_by(feeds.c.created_at, feeds.c.id)
    if state is not None:
        query = query.where(feeds.c.state == state)
    if failing:
        query = query.where(feeds.c.failures > 0)
    rows = connection.execute(query).mappings()
    return [row for row in rows if tag is None or tag in row["tags"]]


def list_feeds(
    connection: Connection, *, state: str | None = None, cursor: str | None = None, limit: int = PAGE
) -> Paged[RowMapping]:
    """A page of feeds in the order of their ids, which is the order they came in."""
    query = select(feeds).order_by(feeds.c.id).limit(limit + 1)
    if state is not None:
        query = query.where(feeds.c.state == state)
    if cursor is not None:
        query = query.where(feeds.c.id > decode_cursor(cursor, str)[0])
    return page_of(list(connection.execute(query).mappings()), limit, lambda row: (row["id"],))


def pause(connection: Connection, feed_id: str) -> None:
    """Stop polling a feed; a poll that runs ends without effect on its state."""
    connection.execute(update(feeds).where(feeds.c.id == feed_id).values(state=PAUSED, queued_at=None))


def resume(connection: Connection, feed_id: str, *, now: datetime | None = None) -> None:
    """Poll a feed again, at once: one that was paused, or one that was gone and is back."""
    values = {"state": ACTIVE, "failures": 0, "next_poll_at": at(now), "queued_at": None}
    connection.execute(update(feeds).where(feeds.c.id == feed_id).values(**values))


def poll_soon(connection: Connection, feed_id: str, *, now: datetime | None = None) -> None:
    """Make an active feed due at once: a person wants to see it polled."""
    due = {"next_poll_at": at(now), "queued_at": None}
    connection.execute(update(feeds).where(feeds.c.id == feed_id, feeds.c.state == ACTIVE).values(**due))


def remove(connection: Connection, feed_id: str) -> None:
    """Forget a feed, its entries and polls; the articles it brought stay."""
    for table in (entries, polls):
        connection.execute(delete(table).where(table.c.feed_id == feed_id))
    connection.execute(delete(feeds).where(feeds.c.id == feed_id))


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


def other_at(connection: Connection, url: str, feed_id: str) -> str | None:
    """The id of another feed at this address; None where it is free."""
    return connection.scalar(select(feeds.c.id).where(feeds.c.url == url, feeds.c.id != feed_id))


def history(connection: Connection, feed_id: str, limit: int = 50) -> list[RowMapping]:
    """The last polls of a feed, the latest first."""
    query = select(polls).where(polls.c.feed_id == feed_id).order_by(polls.c.id.desc()).limit(limit)
    return list(connection.execute(query).mappings())


def counts(connection: Connection) -> dict[str, int]:
    """How many feeds are in each state."""
    found = connection.execute(select(feeds.c.state, func.count()).group_by(feeds.c.state))
    return {row.state: row[1] for row in found}


def prune_polls(connection: Connection, before: datetime) -> int:
    """Forget polls from before a moment; returns how many."""
    return connection.execute(delete(polls).where(polls.c.at < before)).rowcount


def known_urls(connection: Connection, urls: Iterable[str]) -> frozenset[str]:
    """Those of the addresses that are feeds already."""
    wanted = list(urls)
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        found |= set(connection.scalars(select(feeds.c.url).where(feeds.c.url.in_(wanted[start : start + 500]))))
    return frozenset(found)


def _due(now: datetime | None) -> ColumnElement[bool]:
    return and_(
        feeds.c.state == ACTIVE,
        feeds.c.next_poll_at <= at(now),
        or_(feeds.c.lease_until.is_(None), feeds.c.lease_until < at(now)),
    )
