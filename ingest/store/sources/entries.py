"""What feeds said about articles: one row per feed and entry, each pointing at its document.

One story in several feeds of a source is one document with several entries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from ingest.store.ids import new_id
from ingest.store.schema import documents, entries, feeds
from ingest.store.texts.documents import TOMBSTONE, tombstone_key
from ingest.types import FeedEntry, State

RATE_ENTRIES = 200
"""Newest entries from which a feed's rate of news is read."""

SEEN_EVERY = timedelta(days=1)
"""How often `last_seen` is written for an entry that only stands there: a write per entry and poll buys nothing."""

IN_ONE_QUERY = 500


@dataclass(frozen=True, slots=True)
class Hints:
    """What feeds know about a document's page before it is read."""

    title: str | None
    summary: str | None
    author: str | None
    published: datetime | None
    language: str | None
    source: str | None  # title of the feed that first had it
    obey_robots: bool


def known(connection: Connection, feed_id: str, guids: Collection[str]) -> dict[str, RowMapping]:
    """The entries of a feed among these, by guid."""
    named = {tombstone_key(guid): guid for guid in guids}  # entries of what was taken down are known by the hash
    wanted = [*guids, *named]
    found: dict[str, RowMapping] = {}
    for start in range(0, len(wanted), IN_ONE_QUERY):
        query = select(entries).where(
            entries.c.feed_id == feed_id, entries.c.guid.in_(wanted[start : start + IN_ONE_QUERY])
        )
        found |= {named.get(row["guid"], row["guid"]): row for row in connection.execute(query).mappings()}
    return found


def add(
    connection: Connection, feed_id: str, entry: FeedEntry, *, sha256: str, document_id: str | None, now: datetime
) -> None:
    """Keep a new entry; of a document that was taken down only that it is known."""
    is_down = document_id is not None and _is_down(connection, document_id)
    values = _said(entry, sha256) | (_NOTHING_SAID if is_down else {})
    connection.execute(
        insert(entries).values(
            id=new_id(),
            feed_id=feed_id,
            guid=tombstone_key(entry.guid) if is_down else entry.guid,
            document_id=document_id,
            url=None if is_down else entry.url,
            first_seen=now,
            last_seen=now,
            **values,
        )
    )


def change(connection: Connection, entry_id: str, entry: FeedEntry, *, sha256: str, now: datetime) -> None:
    """Keep what the feed says now about an entry it had."""
    row = entries.c.id == entry_id
    connection.execute(update(entries).where(row).values(last_seen=now, **_said(entry, sha256)))
    down = update(entries).where(row, entries.c.guid.startswith(TOMBSTONE))
    connection.execute(down.values(**_NOTHING_SAID))


def blank(connection: Connection, document_id: str) -> None:
    """Forget what feeds said of a document; its hashed guids stay, so that the next poll knows it."""
    rows = connection.execute(select(entries.c.id, entries.c.guid).where(entries.c.document_id == document_id)).all()
    for entry_id, guid in rows:
        forgotten = update(entries).where(entries.c.id == entry_id)
        connection.execute(forgotten.values(guid=tombstone_key(guid), url=None, **_NOTHING_SAID))


def point(connection: Connection, old_document: str, new_document: str) -> int:
    """Let the entries of one document point at another, which turned out to be the same; returns how many."""
    moved = update(entries).where(entries.c.document_id == old_document).values(document_id=new_document)
    count = connection.execute(moved).rowcount
    if count and _is_down(connection, new_document):
        blank(connection, new_document)
    return count


def still_there(connection: Connection, entry_ids: Sequence[str], now: datetime) -> None:
    """Note that entries stand in their feed, at most once a day each."""
    for start in range(0, len(entry_ids), IN_ONE_QUERY):
        some = entry_ids[start : start + IN_ONE_QUERY]
        stale = entries.c.last_seen < now - SEEN_EVERY
        connection.execute(update(entries).where(entries.c.id.in_(some), stale).values(last_seen=now))


def news_times(connection: Connection, feed_id: str, began: datetime) -> list[datetime]:
    """When the newest entries of a feed were news: published, else first seen (not those of the first poll)."""
    query = (
        select(entries.c.published, entries.c.first_seen)
        .where(entries.c.feed_id == feed_id)
        .order_by(entries.c.first_seen.desc())
        .limit(RATE_ENTRIES)
    )
    times = []
    for published, first_seen in connection.execute(query):
        if published is not None and published <= first_seen:
            times.append(published)
        elif first_seen > began:
            times.append(first_seen)
    return times


def first_of(connection: Connection, document_id: str) -> RowMapping | None:
    """The entry that brought a document; None where no feed did."""
    query = select(entries).where(entries.c.document_id == document_id).order_by(entries.c.first_seen, entries.c.id)
    return connection.execute(query.limit(1)).mappings().first()


def first_of_url(connection: Connection, url: str) -> RowMapping | None:
    """The first entry of any feed with this address; None where there is none."""
    query = select(entries).where(entries.c.url == url).order_by(entries.c.first_seen, entries.c.id)
    return connection.execute(query.limit(1)).mappings().first()


def references(connection: Connection, document_id: str) -> list[RowMapping]:
    """Every entry that leads to a document, with its feed's title and address."""
    query = (
        select(entries, feeds.c.title.label("feed_title"), feeds.c.url.label("feed_url"))
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(entries.c.document_id == document_id)
        .order_by(entries.c.first_seen, entries.c.id)
    )
    return list(connection.execute(query).mappings())


def hints(connection: Connection, document_id: str) -> Hints | None:
    """What feeds know about a document, the word of the entry that changed last; None where no feed has it."""
    query = (
        select(entries, feeds.c.title.label("feed_title"), feeds.c.language, feeds.c.obey_robots)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(entries.c.document_id == document_id)
        .order_by(entries.c.last_seen.desc(), entries.c.first_seen)
    )
    rows = connection.execute(query).mappings().all()
    if not rows:
        return None
    newest, first = rows[0], min(rows, key=lambda row: (row["first_seen"], row["id"]))
    return Hints(
        title=newest["title"] or None,
        summary=newest["summary"] or None,
        author=newest["author"],
        published=newest["published"],
        language=newest["language"],
        source=first["feed_title"] or None,
        obey_robots=any(row["obey_robots"] for row in rows),
    )


def count(connection: Connection, feed_id: str) -> int:
    """How many entries a feed brought."""
    return int(connection.scalar(select(func.count()).where(entries.c.feed_id == feed_id)) or 0)


def _is_down(connection: Connection, document_id: str) -> bool:
    down = select(documents.c.id).where(documents.c.id == document_id, documents.c.state == State.REMOVED)
    return connection.scalar(down) is not None


_NOTHING_SAID: dict[str, object] = {"title": "", "summary": "", "author": None}


def _said(entry: FeedEntry, sha256: str) -> dict[str, object]:
    return {
        "title": entry.title,
        "summary": entry.summary,
        "author": entry.author,
        "published": entry.published,
        "updated": entry.updated,
        "sha256": sha256,
    }
