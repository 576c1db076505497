"""The bytes as they came, kept: what was extracted can be extracted again by a better rule."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import zstandard
from sqlalchemy import Connection, delete, insert, select

from ingest.store.schema import pages
from ingest.types import Page

LEVEL = 6  # zstd: pages shrink to about a fifth, at 100 MB/s and more


def fingerprint(page: Page) -> str:
    """SHA-256 over what makes a page another revision: its bytes and the title it was announced with."""
    digest = sha256(page.body)
    digest.update(b"\0" + (page.title or "").encode())
    return digest.hexdigest()


def save(connection: Connection, document_id: str, revision: int, page: Page) -> None:
    """Keep a page as this revision of its document."""
    connection.execute(
        insert(pages).values(
            document_id=document_id,
            revision=revision,
            url=page.url,
            content_type=page.content_type,
            charset=page.charset,
            body=zstandard.compress(page.body, LEVEL),
            sha256=fingerprint(page),
            fetched=page.fetched,
            title=page.title,
            published=page.published,
            author=page.author,
            summary=page.summary,
            language=page.language,
        )
    )


def newest_fingerprint(connection: Connection, document_id: str) -> str | None:
    """The fingerprint of the newest page; None where there is none yet."""
    query = select(pages.c.sha256).where(pages.c.document_id == document_id)
    return connection.scalar(query.order_by(pages.c.revision.desc()).limit(1))


def newest_time(connection: Connection, document_id: str) -> datetime | None:
    """When the newest page was fetched; None where there is none yet."""
    query = select(pages.c.fetched).where(pages.c.document_id == document_id)
    return connection.scalar(query.order_by(pages.c.revision.desc()).limit(1))


def url(connection: Connection, document_id: str) -> str | None:
    """The address of the newest page; None where it had none."""
    query = select(pages.c.url).where(pages.c.document_id == document_id)
    return connection.scalar(query.order_by(pages.c.revision.desc()).limit(1))


def load(connection: Connection, document_id: str, revision: int | None = None) -> tuple[int, Page] | None:
    """A page and its revision number, the newest where none is asked for; None where there is none."""
    query = select(pages).where(pages.c.document_id == document_id)
    if revision is not None:
        query = query.where(pages.c.revision == revision)
    row = connection.execute(query.order_by(pages.c.revision.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    page = Page(
        body=zstandard.decompress(row["body"]),
        content_type=row["content_type"],
        charset=row["charset"],
        url=row["url"],
        fetched=row["fetched"],
        title=row["title"],
        published=row["published"],
        author=row["author"],
        summary=row["summary"],
        language=row["language"],
    )
    return row["revision"], page


def forget(connection: Connection, document_id: str) -> None:
    """Remove every page of a document: its text leaves with a takedown."""
    connection.execute(delete(pages).where(pages.c.document_id == document_id))
