"""Feeds as rows: which there are, in which state, and what is known of each; how they are polled: `polls`.

`now` is for simulations: without it the database's clock counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from ingest.errors import BadInput
from ingest.store.cursors import PAGE, Paged, decode_cursor, page_of
from ingest.store.engine import db_now, serialise
from ingest.store.ids import is_id, new_id
from ingest.store.schema import entries, feeds, polls
from ingest.urls import canonical_url, is_web

ACTIVE, PAUSED, GONE = "active", "paused", "gone"


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


def other_at(connection: Connection, url: str, feed_id: str) -> str | None:
    """The id of another feed at this address; None where it is free."""
    return connection.scalar(select(feeds.c.id).where(feeds.c.url == url, feeds.c.id != feed_id))


def counts(connection: Connection) -> dict[str, int]:
    """How many feeds are in each state."""
    found = connection.execute(select(feeds.c.state, func.count()).group_by(feeds.c.state))
    return {row.state: row[1] for row in found}


def known_urls(connection: Connection, urls: Iterable[str]) -> frozenset[str]:
    """Those of the addresses that are feeds already."""
    wanted = list(urls)
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        found |= set(connection.scalars(select(feeds.c.url).where(feeds.c.url.in_(wanted[start : start + 500]))))
    return frozenset(found)
