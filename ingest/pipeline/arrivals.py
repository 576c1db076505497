"""What is new in a feed becomes documents.

One story in several feeds is one article with several references. The feed that had it first is believed where two
tell it differently: else two feeds with the same story would undo each other's revisions for ever.
"""

from __future__ import annotations

import html
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ingest.feeds import Feed, fingerprint
from ingest.store.sources import entries
from ingest.store.sources.polls import Claim
from ingest.store.texts import documents, pages
from ingest.types import FeedEntry, Page

REFETCH_AFTER = timedelta(hours=1)
"""A page is not fetched again sooner, however often its feed changes its mind about it."""


def take_in(connection: Connection, claimed: Claim, feed: Feed) -> int:
    """Make documents of what is new in a feed, and revisions of what changed; returns how many entries did."""
    known = entries.known(connection, claimed.id, [entry.guid for entry in feed.entries])
    fresh = 0
    quiet = []
    for entry in reversed(feed.entries):  # the oldest first, so that the order of ids is that of the feed
        digest, old = fingerprint(entry), known.get(entry.guid)
        if old is None:
            document_id = _new(connection, claimed, entry)
            entries.add(connection, claimed.id, entry, sha256=digest, document_id=document_id, now=claimed.now)
            fresh += 1
        elif old["sha256"] == digest:
            quiet.append(old["id"])
        elif _changed(connection, claimed, entry, old["document_id"]):
            entries.change(connection, old["id"], entry, sha256=digest, now=claimed.now)
            fresh += 1
    entries.still_there(connection, quiet, claimed.now)
    return fresh


def _new(connection: Connection, claimed: Claim, entry: FeedEntry) -> str | None:
    """The document of an entry that its feed did not have before; None where it has neither text nor a link."""
    if entry.url is None:
        return _admit_text(connection, claimed, entry) if entry.content or entry.summary else None
    before = entries.first_of_url(connection, entry.url)
    if before is None or before["document_id"] is None:
        if entry.content:
            return _admit_text(connection, claimed, entry)
        source = claimed.feed["title"] or None
        return documents.admit_url(connection, entry.url, origin="feed", source=source).document_id
    document_id = str(before["document_id"])
    # the same address under another id in the same feed: some systems give a new id with each new title
    if before["feed_id"] == claimed.id and before["title"] != entry.title:
        _changed(connection, claimed, entry, document_id)
    return document_id


def _changed(connection: Connection, claimed: Claim, entry: FeedEntry, document_id: str | None) -> bool:
    """Bring what changed in an entry to its document; False where that has to wait."""
    if document_id is None:
        return True
    first = entries.first_of(connection, document_id)
    if first is not None and first["feed_id"] != claimed.id:
        return True
    if entry.content or entry.url is None:
        _admit_text(connection, claimed, entry)
        return True
    fetched = pages.newest_time(connection, document_id)
    if fetched is not None and claimed.now - fetched < REFETCH_AFTER:
        return False
    documents.refetch(connection, document_id)
    return True


def _admit_text(connection: Connection, claimed: Claim, entry: FeedEntry) -> str:
    given_id = None if entry.url else f"{claimed.id}#{entry.guid}"
    source = claimed.feed["title"] or None
    page = _page(entry, claimed.now)
    return documents.admit_page(connection, page, origin="feed", given_id=given_id, source=source).document_id


def _page(entry: FeedEntry, now: datetime) -> Page:
    content = entry.content or f"<p>{html.escape(entry.summary)}</p>"
    return Page(
        body=content.encode("utf-8", "replace"),
        content_type="text/html",
        charset="utf-8",
        url=entry.url,
        fetched=now,
        title=entry.title or None,
        published=entry.published,
        author=entry.author,
        summary=entry.summary or None,
        language=entry.language,
    )
