"""Articles that come back from a file: rows as they were, under the ids, revisions and times they had.

Only what is newer than what is here changes anything, so a file may be read twice, or again after half of it. What was
taken down here stays down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.consumers import changes
from ingest.store.engine import db_now
from ingest.store.schema import (
    article_models,
    articles,
    clusters,
    documents,
    entries,
    extractions,
    feeds,
    matches,
    members,
    related,
)
from ingest.store.texts.documents import tombstone_key
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
    changes.hold(connection)
    here = _here(connection, coming)
    owners = _owners(connection, coming)
    endings = {one.id: _ending(one, here.get(one.id), owners) for one in coming}
    new = [one for one in coming if endings[one.id] == "new"]
    put = [one for one in coming if endings[one.id] in ("new", "changed")]
    _add_documents(connection, [one for one in new if one.id not in here])
    _put_articles(connection, new, [one for one in put if endings[one.id] == "changed"])
    _count_models(connection, put)
    _put_extractions(connection, [one for one in put if one.extraction is not None])
    _put_related(connection, put)
    for one in put:
        for feed in one.feeds:
            _put_feed(connection, one, feed)
    changes.record_articles(connection, [(one.id, one.article["revision"]) for one in put])
    _put_members(connection, [one for one in put if one.duplicate is not None])
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


def _add_documents(connection: Connection, new: Sequence[Coming]) -> None:
    rows = [
        {
            "id": one.id,
            "key": one.key,
            "origin": "file",
            "url": one.article["url"],
            "source": one.article["source"],
            "revision": 0,
            "stage": Stage.CLUSTER,
            "state": State.DONE,
            "created_at": one.article["seen"],
        }
        for one in new
    ]
    if rows:
        connection.execute(insert(documents).values(next_run_at=db_now(), changed_at=db_now()), rows)


def _put_articles(connection: Connection, new: Sequence[Coming], changed: Sequence[Coming]) -> None:
    if new:
        ids = [one.id for one in new]
        found = connection.execute(select(documents.c.id, documents.c.number).where(documents.c.id.in_(ids)))
        numbers = {row.id: row.number for row in found}
        connection.execute(insert(articles), [one.article | {"number": numbers[one.id]} for one in new])
        settled = {"stage": Stage.CLUSTER, "state": State.DONE, "epoch": documents.c.epoch + 1, "reason": None}
        connection.execute(update(documents).where(documents.c.id.in_(ids)).values(**settled))
    for one in changed:
        connection.execute(update(articles).where(articles.c.id == one.id).values(**one.article))


def _count_models(connection: Connection, coming: Sequence[Coming]) -> None:
    """As `ingest.store.texts.provenance.note`, for many."""
    connection.execute(delete(article_models).where(article_models.c.article_id.in_([one.id for one in coming])))
    rows = [
        {"article_id": one.id, "model": model, "sentences": count}
        for one in coming
        for model, count in Counter(sentence.get("model") for sentence in one.article["sentences"]).items()
        if model is not None
    ]
    if rows:
        connection.execute(insert(article_models), rows)


def _put_extractions(connection: Connection, coming: Sequence[Coming]) -> None:
    if not coming:
        return
    e = extractions.c
    ids = [one.id for one in coming]
    newest = select(e.document_id, func.max(e.revision)).where(e.document_id.in_(ids)).group_by(e.document_id)
    there: dict[str, int] = {row[0]: row[1] for row in connection.execute(newest)}
    for id_, revision in there.items():
        connection.execute(delete(extractions).where(e.document_id == id_, e.revision == revision))
    rows = [{"document_id": one.id, "revision": there.get(one.id, 0), **(one.extraction or {})} for one in coming]
    connection.execute(insert(extractions).values(at=db_now()), rows)


def _put_related(connection: Connection, coming: Sequence[Coming]) -> None:
    ids = [one.id for one in coming]
    connection.execute(delete(related).where(or_(related.c.a.in_(ids), related.c.b.in_(ids))))
    pairs = {
        (min(one.id, other), max(one.id, other)): similarity for one in coming for other, similarity in one.related
    }
    if pairs:
        rows = [{"a": a, "b": b, "similarity": similarity} for (a, b), similarity in pairs.items()]
        connection.execute(insert(related).values(at=db_now()), rows)


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
    if not coming:
        return
    rows, pairs, heads = [], [], {}
    for one in coming:
        found = one.duplicate or {}
        heads[found["cluster_id"]] = found["canonical_id"]
        row = {"article_id": one.id, "cluster_id": found["cluster_id"], "leader": one.id, "kind": found["kind"]}
        rows.append(row | {"words": 0})
        if found["similarity"] is not None and found["canonical_id"] != one.id:
            a, b = sorted((one.id, found["canonical_id"]))
            values = {"estimated": found["similarity"], "exact": found["similarity"], "score": 0.0, "passages": []}
            pairs.append(values | {"a": a, "b": b, "rule": "imported", "kind": found["kind"] or "near"})
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(delete(members).where(members.c.article_id.in_([one.id for one in coming])))
    connection.execute(insert(members).values(joined_at=db_now()), rows)
    if pairs:
        match = dialect.insert(matches).values(at=db_now())
        again = {"exact": match.excluded.exact, "kind": match.excluded.kind}
        connection.execute(match.on_conflict_do_update(index_elements=["a", "b"], set_=again), pairs)
    count = select(members.c.cluster_id, func.count()).where(members.c.cluster_id.in_(list(heads)))
    sizes = {row[0]: row[1] for row in connection.execute(count.group_by(members.c.cluster_id))}
    made = dialect.insert(clusters).values(created_at=db_now(), changed_at=db_now())
    again = {"representative": made.excluded.representative, "size": made.excluded.size, "changed_at": db_now()}
    put = made.on_conflict_do_update(index_elements=["id"], set_=again | {"merged_into": None})
    connection.execute(put, [{"id": id_, "representative": head, "size": sizes[id_]} for id_, head in heads.items()])
    changes.record_clusters(connection, list(heads))
