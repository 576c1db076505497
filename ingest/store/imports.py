"""Articles that come back from a file: rows as they were, under the ids, revisions and times they had.

Only what is newer than what is here changes anything, so a file may be read twice, or again after half of it. What was
taken down here stays down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store import changes
from ingest.store.documents import tombstone_key
from ingest.store.engine import db_now
from ingest.store.schema import articles, clusters, documents, entries, extractions, feeds, matches, members, related
from ingest.types import Stage, State


@dataclass(frozen=True, slots=True)
class Coming:
    """One article of a file as rows: of `articles`, of its extraction, and what stands around it."""

    key: str  # of its document
    article: dict[str, Any]  # all columns of `articles` but number
    extraction: dict[str, Any] | None
    duplicate: dict[str, Any] | None  # cluster_id, canonical_id, kind, similarity
    feeds: tuple[dict[str, Any], ...]  # id, url, title
    related: tuple[tuple[str, float], ...]

    @property
    def id(self) -> str:
        """The article's id."""
        return str(self.article["id"])


def take_in(connection: Connection, coming: Sequence[Coming]) -> dict[str, str]:
    """What became of each article by id: new, changed, same, older, down (it was taken down here), or elsewhere.

    elsewhere: its address belongs to another document here.
    """
    here = _here(connection, coming)
    keys = _owners(connection, coming)
    endings: dict[str, str] = {}
    for one in coming:
        endings[one.id] = ending = _ending(one, here.get(one.id), keys)
        if ending not in ("new", "changed"):
            continue
        if here.get(one.id) is None:
            _add_document(connection, one)
        _put_article(connection, one, new=ending == "new")
        _put_surroundings(connection, one)
        changes.record(connection, changes.UPSERT, article_id=one.id, revision=one.article["revision"])
    kept = [one for one in coming if endings[one.id] in ("new", "changed") and one.duplicate is not None]
    _put_members(connection, kept)
    return endings


def _here(connection: Connection, coming: Sequence[Coming]) -> dict[str, Any]:
    columns = (documents.c.id, documents.c.state, articles.c.revision, articles.c.changed_at)
    query = select(*columns).outerjoin(articles, articles.c.id == documents.c.id)
    rows = connection.execute(query.where(documents.c.id.in_([one.id for one in coming])))
    return {row.id: row for row in rows}


def _owners(connection: Connection, coming: Sequence[Coming]) -> dict[str, str]:
    keys = [key for one in coming for key in (one.key, tombstone_key(one.key))]
    query = select(documents.c.key, documents.c.id).where(documents.c.key.in_(keys))
    return {row.key: row.id for row in connection.execute(query)}


def _ending(one: Coming, here: Any, owners: dict[str, str]) -> str:
    if (here is not None and here.state == State.REMOVED) or tombstone_key(one.key) in owners:
        return "down"
    if here is None and owners.get(one.key, one.id) != one.id:
        return "elsewhere"
    if here is None or here.revision is None:
        owners[one.key] = one.id
        return "new"
    mine, theirs = (here.revision, here.changed_at), (one.article["revision"], one.article["changed_at"])
    return "same" if mine == theirs else "changed" if theirs > mine else "older"


def _add_document(connection: Connection, one: Coming) -> None:
    article = one.article
    connection.execute(
        insert(documents).values(
            id=one.id,
            key=one.key,
            origin="file",
            url=article["url"],
            source=article["source"],
            revision=0,
            stage=Stage.CLUSTER,
            state=State.DONE,
            next_run_at=db_now(),
            created_at=article["seen"],
            changed_at=db_now(),
        )
    )


def _put_article(connection: Connection, one: Coming, *, new: bool) -> None:
    if new:
        number = select(documents.c.number).where(documents.c.id == one.id).scalar_subquery()
        connection.execute(insert(articles).values(number=number, **one.article))
        settled = {"stage": Stage.CLUSTER, "state": State.DONE, "epoch": documents.c.epoch + 1, "reason": None}
        connection.execute(update(documents).where(documents.c.id == one.id).values(**settled))
    else:
        connection.execute(update(articles).where(articles.c.id == one.id).values(**one.article))


def _put_surroundings(connection: Connection, one: Coming) -> None:
    if one.extraction is not None:
        e = extractions.c
        newest = connection.scalar(select(func.max(e.revision)).where(e.document_id == one.id)) or 0
        connection.execute(delete(extractions).where(e.document_id == one.id, e.revision == newest))
        connection.execute(
            insert(extractions).values(document_id=one.id, revision=newest, at=db_now(), **one.extraction)
        )
    for feed in one.feeds:
        _put_feed(connection, one, feed)
    connection.execute(delete(related).where(or_(related.c.a == one.id, related.c.b == one.id)))
    for other, similarity in one.related:
        a, b = sorted((one.id, other))
        connection.execute(insert(related).values(a=a, b=b, similarity=similarity, at=db_now()))


def _put_feed(connection: Connection, one: Coming, feed: dict[str, Any]) -> None:
    """The feed, which is not polled until somebody resumes it, and the article as an entry of it."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    seen: datetime = one.article["seen"]
    held = {"id": feed["id"], "url": feed["url"], "title": feed["title"], "state": "paused"}
    made = dialect.insert(feeds).values(**held, next_poll_at=db_now(), created_at=seen)
    connection.execute(made.on_conflict_do_nothing())
    values = {"id": one.id, "feed_id": feed["id"], "guid": one.article["url"] or one.id, "document_id": one.id}
    named = select(entries.c.id).where(entries.c.feed_id == feed["id"], entries.c.document_id == one.id)
    if connection.scalar(named) is None:
        values["id"] = f"{feed['id'][:11]}{one.id[-20:]}"
        entry = dialect.insert(entries).values(
            **values, url=one.article["url"], sha256="", first_seen=seen, last_seen=seen
        )
        connection.execute(entry.on_conflict_do_nothing())


def _put_members(connection: Connection, coming: Sequence[Coming]) -> None:
    """The clusters the articles stood in: who is in each, which is to be read, and the matches with that one."""
    touched: dict[str, str] = {}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for one in coming:
        found = one.duplicate or {}
        touched[found["cluster_id"]] = found["canonical_id"]
        connection.execute(delete(members).where(members.c.article_id == one.id))
        row = {"article_id": one.id, "cluster_id": found["cluster_id"], "leader": one.id, "kind": found["kind"]}
        connection.execute(insert(members).values(**row, words=0, joined_at=db_now()))
        if found["similarity"] is not None and found["canonical_id"] != one.id:
            a, b = sorted((one.id, found["canonical_id"]))
            values = {"estimated": found["similarity"], "exact": found["similarity"], "score": 0.0, "passages": []}
            match = dialect.insert(matches).values(
                a=a, b=b, rule="imported", kind=found["kind"] or "near", at=db_now(), **values
            )
            again = {"exact": match.excluded.exact, "kind": match.excluded.kind}
            connection.execute(match.on_conflict_do_update(index_elements=["a", "b"], set_=again))
    for cluster_id, canonical_id in touched.items():
        size = select(func.count()).select_from(members).where(members.c.cluster_id == cluster_id).scalar_subquery()
        made = dialect.insert(clusters).values(
            id=cluster_id, representative=canonical_id, size=size, created_at=db_now(), changed_at=db_now()
        )
        again = {"representative": canonical_id, "size": size, "merged_into": None, "changed_at": db_now()}
        connection.execute(made.on_conflict_do_update(index_elements=["id"], set_=again))
        changes.record(connection, changes.CLUSTER, cluster_id=cluster_id)
