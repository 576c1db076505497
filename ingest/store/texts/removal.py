"""Takedown: what a text leaves is a tombstone, which knows its id and, hashed, the addresses that led to it.

Whoever brings it again is answered by the tombstone. The rows go in one transaction; `scrub` then takes their bytes out
of the files. Backups keep what they hold until they are deleted; restoring one takes the text down again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from ingest.store import schema
from ingest.store.consumers import changes
from ingest.store.engine import Database, db_now
from ingest.store.operators import audit
from ingest.store.schema import (
    aliases,
    documents,
    outcomes,
    revisions,
    site_blocks,
    translation_memory,
)
from ingest.store.sources import entries
from ingest.store.texts import articles, extractions, pages
from ingest.store.texts.documents import tombstone_key
from ingest.types import State

AT_ONCE = 400
"""Values in one statement."""

HOLD_TEXT = (
    documents,
    schema.pages,
    schema.extractions,
    schema.articles,
    revisions,
    schema.entries,
    outcomes,
    translation_memory,
    site_blocks,
)
"""Tables that may hold words of a text."""

CHECKPOINT_S = 10.0
"""Seconds to wait for readers that keep the write-ahead log from being emptied."""


def take_down(connection: Connection, document_id: str, *, who: str, why: str) -> bool:
    """Remove a document and everything made of it; False where there is none or it is down already.

    A worker that holds it is fenced off. Call `scrub` after the commit.
    """
    changes.hold(connection)
    query = select(documents).where(documents.c.id == document_id).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None or row["state"] == State.REMOVED:
        return False
    had_article = connection.scalar(select(schema.articles.c.id).where(schema.articles.c.id == document_id)) is not None
    _forget_sentences(connection, document_id)
    _forget_blocks(connection, document_id)
    pages.forget(connection, document_id)
    extractions.forget(connection, document_id)
    articles.forget(connection, document_id)
    entries.blank(connection, document_id)
    connection.execute(update(outcomes).where(outcomes.c.document_id == document_id).values(detail=None))
    _bury(connection, row)
    if not had_article:  # a consumer may wait for what it pushed
        changes.record(connection, changes.DELETE, article_id=document_id)
    audit.note(connection, who, "takedown", f"article:{document_id}", why=why)
    return True


def scrub(database: Database) -> bool:
    """Take the bytes of removed rows out of the database's files; False where a reader was in the way for too long.

    SQLite overwrites them (`secure_delete`); they are in the write-ahead log until that is emptied. PostgreSQL keeps
    dead rows until they are vacuumed, and its own log and archives until they are recycled.
    """
    if database.writer.dialect.name == "sqlite":
        deadline = time.monotonic() + CHECKPOINT_S
        while True:
            if _checkpoint(database):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in HOLD_TEXT:
            connection.execute(text(f"VACUUM {table.name}"))
    return True


def _checkpoint(database: Database) -> bool:
    connection = database.writer.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, *_ = cursor.fetchone() or (1,)
        cursor.close()
        return not busy
    finally:
        connection.close()


def _forget_sentences(connection: Connection, document_id: str) -> None:
    """Its sentences leave the translation memory: by their English, since the memory does not keep the source."""
    columns = (schema.articles.c.sentences, schema.articles.c.title_sentences)
    stored = [
        part for row in connection.execute(select(*columns).where(schema.articles.c.id == document_id)) for part in row
    ]
    former = connection.scalars(select(revisions.c.article).where(revisions.c.article_id == document_id))
    stored += [part for article in former for part in (article["sentences"], article["title_sentences"])]
    for chunk in _chunks(sorted({target for sentences in stored for target in _targets(sentences)})):
        connection.execute(delete(translation_memory).where(translation_memory.c.target.in_(chunk)))


def _targets(sentences: Any) -> Iterator[str]:
    for sentence in sentences:
        yield sentence["target"]


def _forget_blocks(connection: Connection, document_id: str) -> None:
    """A sample that no other article showed goes; what a site repeats is the site's."""
    seen_here = site_blocks.c.last_document == document_id
    connection.execute(delete(site_blocks).where(seen_here, site_blocks.c.articles <= 1))


def _bury(connection: Connection, row: Any) -> None:
    document_id = row["id"]
    others = connection.scalars(select(aliases.c.key).where(aliases.c.document_id == document_id)).all()
    connection.execute(delete(aliases).where(aliases.c.document_id == document_id))
    for key in sorted({tombstone_key(other) for other in others} - {tombstone_key(row["key"])}):
        connection.execute(insert(aliases).values(key=key, document_id=document_id))
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id)
        .values(
            key=tombstone_key(row["key"]),
            url=None,
            given_id=None,
            source=None,
            state=State.REMOVED,
            reason="taken-down",
            detail=None,
            last_error=None,
            attempts=0,
            epoch=documents.c.epoch + 1,
            lease_until=None,
            lease_owner=None,
            queued_at=None,
            changed_at=db_now(),
        )
    )


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
