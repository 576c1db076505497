"""The door: how a text comes in, and what makes two inputs one.

A document's *key* is its canonical URL; without one, the id its giver gave it; without that, the hash of its bytes.
The same key with other bytes is a new *revision* of the same document, never a second one; the same bytes again change
nothing. A document that was taken down stays down, whoever brings it again. An address that redirected to a document's
own is an *alias* of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.engine import db_now
from ingest.store.ids import new_id
from ingest.store.schema import aliases, documents, outcomes
from ingest.store.texts import pages
from ingest.types import Page, Rejection, Stage, State
from ingest.urls import canonical_url

TOMBSTONE = "removed:"
"""What keys of documents that were taken down begin with."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the door answered: the id that stays, and whether there is anything new to do."""

    document_id: str
    new: bool  # first time this document is seen
    revision: int  # of its newest page; 0 while none has been fetched
    changed: bool  # there is work: it is new, or has new bytes


def admit_page(
    connection: Connection,
    page: Page,
    *,
    origin: str,
    given_id: str | None = None,
    source: str | None = None,
) -> Admission:
    """Take a page in; it is ready for extraction when the transaction commits."""
    key = page_key(page, given_id)
    document_id, new = _open(connection, key, Stage.EXTRACT, origin, page.url, given_id, source)
    row = _lock(connection, document_id)
    if row["state"] == State.REMOVED or (
        not new and pages.newest_fingerprint(connection, document_id) == pages.fingerprint(page)
    ):
        return Admission(document_id, new=False, revision=row["revision"], changed=False)
    revision = add_revision(connection, document_id, page)
    return Admission(document_id, new, revision, changed=True)


def admit_url(connection: Connection, url: str, *, origin: str, source: str | None = None) -> Admission:
    """Take a URL in; it is ready to be fetched when the transaction commits. A known one is left as it is."""
    document_id, new = _open(connection, "url:" + canonical_url(url), Stage.FETCH, origin, url, None, source)
    row = _lock(connection, document_id)
    return Admission(document_id, new, row["revision"], changed=new)


def admit_rejected(
    connection: Connection,
    rejection: Rejection,
    *,
    origin: str,
    key: str,
    url: str | None = None,
    given_id: str | None = None,
) -> Admission:
    """Record an input that ended at the door (too large to be kept, say), so that it is counted and can be found."""
    document_id, new = _open(connection, key, rejection.stage, origin, url, given_id, None)
    if new:
        connection.execute(
            update(documents)
            .where(documents.c.id == document_id)
            .values(state=State.REJECTED, reason=rejection.reason, detail=rejection.detail, changed_at=db_now())
        )
        connection.execute(
            insert(outcomes).values(
                document_id=document_id,
                stage=rejection.stage,
                attempt=1,
                outcome=str(State.REJECTED),
                reason=rejection.reason,
                detail=rejection.detail,
                at=db_now(),
            )
        )
    return Admission(document_id, new, 0, changed=False)


def add_revision(connection: Connection, document_id: str, page: Page) -> int:
    """Keep a page as the next revision and make the document ready for extraction; returns the revision's number.

    A worker that still holds an older revision is fenced off by the epoch.
    """
    revision: int | None = connection.scalar(
        update(documents)
        .where(documents.c.id == document_id)
        .values(
            revision=documents.c.revision + 1,
            **_wanting(Stage.EXTRACT),
            url=func.coalesce(documents.c.url, page.url),
        )
        .returning(documents.c.revision)
    )
    assert revision is not None, f"document {document_id} exists"
    pages.save(connection, document_id, revision, page)
    return revision


def keep_page(connection: Connection, document_id: str, page: Page) -> int | None:
    """Keep a fetched page as the next revision, for the worker that holds the document; None: nothing new in it."""
    if pages.newest_fingerprint(connection, document_id) == pages.fingerprint(page):
        return None
    revision: int | None = connection.scalar(
        update(documents)
        .where(documents.c.id == document_id)
        .values(revision=documents.c.revision + 1)
        .returning(documents.c.revision)
    )
    assert revision is not None, f"document {document_id} exists"
    pages.save(connection, document_id, revision, page)
    return revision


def refetch(connection: Connection, document_id: str) -> bool:
    """Make a document ready to be fetched again: its feed says that it changed; False where it must not be."""
    again = connection.execute(
        update(documents)
        .where(
            documents.c.id == document_id,
            documents.c.state != State.REMOVED,
            documents.c.stage != Stage.FETCH,
            documents.c.url.is_not(None),
        )
        .values(
            **_wanting(Stage.FETCH),
        )
    )
    return again.rowcount == 1


def again(connection: Connection, document_id: str, stage: Stage, *, at: datetime | None = None) -> int:
    """Let a document that has come to an end run again from a stage on, now or at that time; 0 where it may not.

    What it says stays as it is until then; what comes of it is a revision.
    """
    ended = (State.DONE, State.REJECTED) if stage is Stage.EXTRACT else (State.DONE,)
    wanting = _wanting(stage) | ({} if at is None else {"next_run_at": at})
    query = update(documents).where(
        documents.c.id == document_id, documents.c.state.in_(ended), documents.c.revision > 0
    )
    return connection.execute(query.values(**wanting)).rowcount


def add_alias(connection: Connection, url: str, document_id: str) -> str:
    """Let another address lead to a document; returns whose it is: the document's, or that of who had it before."""
    key = "url:" + canonical_url(url)
    keys = (key, tombstone_key(key))
    owner: str | None = connection.scalar(select(documents.c.id).where(documents.c.key.in_(keys)))
    owner = owner or connection.scalar(select(aliases.c.document_id).where(aliases.c.key.in_(keys)))
    if owner is None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        added = dialect.insert(aliases).values(key=key, document_id=document_id)
        connection.execute(added.on_conflict_do_nothing(index_elements=["key"]))
        owner = connection.scalar(select(aliases.c.document_id).where(aliases.c.key == key))
    assert owner is not None, f"{key} leads somewhere"
    return owner


def page_key(page: Page, given_id: str | None) -> str:
    """What makes two inputs one."""
    if page.url:
        return "url:" + canonical_url(page.url)
    if given_id:
        return "id:" + given_id
    return "sha256:" + sha256(page.body).hexdigest()


def find(connection: Connection, which: str) -> str | None:
    """The id of a document, by its id or an address that leads to it; None where there is none."""
    if connection.scalar(select(documents.c.id).where(documents.c.id == which)) is not None:
        return which
    if "://" not in which:
        return None
    key = "url:" + canonical_url(which)
    keys = (key, tombstone_key(key))
    found: str | None = connection.scalar(select(documents.c.id).where(documents.c.key.in_(keys)))
    return found or connection.scalar(select(aliases.c.document_id).where(aliases.c.key.in_(keys)))


def tombstone_key(key: str) -> str:
    """Under what a key is remembered after a takedown: a hash, since an address may say what the text said."""
    return key if key.startswith(TOMBSTONE) else TOMBSTONE + sha256(key.encode()).hexdigest()


def load(connection: Connection, document_id: str) -> RowMapping | None:
    """The row of a document; None where there is none."""
    return connection.execute(select(documents).where(documents.c.id == document_id)).mappings().first()


def counts(connection: Connection, *, since: datetime | None = None) -> dict[tuple[str, str], int]:
    """How many documents are at each stage in each state, those that came since a time where one is given."""
    query = select(documents.c.stage, documents.c.state, func.count()).group_by(documents.c.stage, documents.c.state)
    if since is not None:
        query = query.where(documents.c.created_at >= since)
    return {(stage, state): count for stage, state, count in connection.execute(query)}


def _wanting(stage: Stage) -> dict[str, Any]:
    """The columns of a document that is ready for a stage; the epoch fences off whoever holds it now."""
    return {
        "stage": stage,
        "state": State.PENDING,
        "attempts": 0,
        "epoch": documents.c.epoch + 1,
        "lease_until": None,
        "lease_owner": None,
        "queued_at": None,
        "next_run_at": db_now(),
        "reason": None,
        "detail": None,
        "changed_at": db_now(),
    }


def _open(
    connection: Connection,
    key: str,
    stage: Stage,
    origin: str,
    url: str | None,
    given_id: str | None,
    source: str | None,
) -> tuple[str, bool]:
    values: dict[str, Any] = {
        "id": new_id(),
        "key": key,
        "origin": origin,
        "url": url,
        "given_id": given_id,
        "source": source,
        "stage": stage,
        "state": State.PENDING,
        "next_run_at": db_now(),
        "created_at": db_now(),
        "changed_at": db_now(),
    }
    tombstone = tombstone_key(key)
    alias = connection.scalar(select(aliases.c.document_id).where(aliases.c.key.in_((key, tombstone))))
    if alias is None:
        alias = connection.scalar(select(documents.c.id).where(documents.c.key == tombstone))
    if alias is not None:
        return alias, False
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    opened = dialect.insert(documents).values(**values).on_conflict_do_nothing(index_elements=["key"])
    made = connection.scalar(opened.returning(documents.c.id))
    if made is not None:
        return made, True
    found = connection.scalar(select(documents.c.id).where(documents.c.key == key))
    assert found is not None, f"document {key} exists"
    return found, False


def _lock(connection: Connection, document_id: str) -> RowMapping:
    query = select(documents).where(documents.c.id == document_id).with_for_update()
    return connection.execute(query).mappings().one()
