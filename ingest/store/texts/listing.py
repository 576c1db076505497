"""What lists of articles read: one keyset page of them, and what stands around one; clusters: `cluster_listing`.

Every list is paged by the place of its last row, not by a count of rows skipped, so the hundredth page costs what the
first does and a row that arrives meanwhile shifts nothing. All functions only read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.sql.util import ClauseAdapter

from ingest.store.cursors import PAGE, Paged, decode_cursor, encode_cursor, page_of
from ingest.store.schema import articles, clusters, entries, feeds, members, related, revisions
from ingest.store.texts import search
from ingest.types import Copy

EXCERPT = 260
"""Characters of the text that a list shows."""

LOOKED_AT = 4_000
"""Matches of a question that one page looks at. Filters may leave few of them: the page is then short, and goes on."""

FEW = 1_000
"""Articles of a feed or of a kind up to which they are named in the query, one by one."""

MEMBERS_SHOWN = 200
"""Members of one cluster that a page loads; a cluster can be larger, its size says so."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An article as a list shows it."""

    id: str
    revision: int
    title: str
    original_title: str
    excerpt: str
    lang: str
    source: str | None
    url: str | None
    published: datetime | None
    seen: datetime
    sort_at: datetime
    changed: datetime  # when its content last changed
    flags: tuple[str, ...]
    needs_review: bool
    cluster: str | None  # None: not clustered yet
    size: int  # of its cluster, itself included
    representative: str | None  # of its cluster
    kind: Copy | None  # in what way it is a copy; None: the first of its cluster


@dataclass(frozen=True, slots=True)
class Choice:
    """What a list of articles is narrowed to; None: not narrowed."""

    lang: str | None = None
    source: str | None = None
    feed: str | None = None
    kind: Copy | None = None
    review: bool | None = None
    canonical: bool = False  # only representatives
    since: datetime | None = None  # sort_at, inclusive
    until: datetime | None = None  # exclusive
    words: str | None = None  # full text, see ingest.store.texts.search
    flag: str | None = None  # of the article
    tag: str | None = None  # of a feed that named it


def list_articles(
    connection: Connection, choice: Choice | None = None, *, cursor: str | None = None, limit: int = PAGE
) -> Paged[Listed]:
    """A page of articles, the newest first; those found by words in the order of arrival, see `search`."""
    if choice is not None and choice.words and search.matching(connection, choice.words) is not None:
        return _found(connection, choice, cursor, limit)
    query = _listed().where(*_narrowed(connection, choice or Choice()))
    if cursor is not None:
        at, last = decode_cursor(cursor, datetime, str)
        query = query.where(_before(articles.c.sort_at, at, last))
    query = query.order_by(articles.c.sort_at.desc(), articles.c.id.desc()).limit(limit + 1)
    rows = [_as_listed(row) for row in connection.execute(query)]
    return page_of(rows, limit, lambda row: (row.sort_at, row.id))


def article_ids(
    connection: Connection, choice: Choice, after: tuple[datetime, str] | None, limit: int
) -> list[tuple[datetime, str]]:
    """The places (sort_at, id) of articles after one of them, the newest first: to read all of them in groups."""
    query = _listed().with_only_columns(articles.c.sort_at, articles.c.id, maintain_column_froms=True)
    query = query.where(*_narrowed(connection, choice))
    if after is not None:
        query = query.where(_before(articles.c.sort_at, *after))
    query = query.order_by(articles.c.sort_at.desc(), articles.c.id.desc()).limit(limit)
    return [(row.sort_at, row.id) for row in connection.execute(query)]


def listed(connection: Connection, ids: Iterable[str], choice: Choice | None = None) -> dict[str, Listed]:
    """The articles of these ids as lists show them; an id without an article, or not of that choice, is left out."""
    wanted = list(ids)
    if not wanted:
        return {}
    narrowed = _narrowed(connection, choice or Choice())
    return {
        row.id: _as_listed(row) for row in connection.execute(_listed().where(articles.c.id.in_(wanted), *narrowed))
    }


def related_of(
    connection: Connection, ids: Sequence[str], *, limit: int = 20
) -> dict[str, tuple[tuple[str, float], ...]]:
    """For each of these articles the ids of independent accounts of its event with their similarity, nearest first."""
    found: dict[str, list[tuple[str, float]]] = {id_: [] for id_ in ids}
    for mine, other in ((related.c.a, related.c.b), (related.c.b, related.c.a)):
        query = select(mine.label("mine"), other.label("other"), related.c.similarity).where(mine.in_(list(found)))
        for row in connection.execute(query.where(_APART)):
            found[row.mine].append((row.other, row.similarity))
    return {id_: tuple(sorted(near, key=lambda pair: (-pair[1], pair[0]))[:limit]) for id_, near in found.items()}


_ONE, _OTHER = members.alias("one"), members.alias("other")
_APART = ~exists().where(  # what is a copy, by a person's word too, is no other account
    _ONE.c.article_id == related.c.a,
    _OTHER.c.article_id == related.c.b,
    _ONE.c.cluster_id == _OTHER.c.cluster_id,
)


def former(connection: Connection, article_id: str) -> tuple[RowMapping, ...]:
    """What an article said before: revision, article (as JSON) and replaced_at, the latest first."""
    query = select(revisions).where(revisions.c.article_id == article_id).order_by(revisions.c.revision.desc())
    return tuple(connection.execute(query.limit(MEMBERS_SHOWN)).mappings())


def cluster_members(connection: Connection, cluster_id: str) -> tuple[Listed, ...]:
    """The articles of a cluster, the oldest first."""
    query = _listed().where(members.c.cluster_id == cluster_id)
    query = query.order_by(articles.c.sort_at, articles.c.id).limit(MEMBERS_SHOWN)
    return tuple(_as_listed(row) for row in connection.execute(query))


def related_to(
    connection: Connection, ids: Sequence[str], *, leave_out: Sequence[str] = (), limit: int = 20
) -> tuple[tuple[Listed, float], ...]:
    """Independent accounts of the same event as any of these articles, the nearest first, themselves left out."""
    if not ids:
        return ()
    r = related.c
    without = [*ids, *leave_out]
    other = select(r.b.label("other"), r.similarity).where(r.a.in_(ids), r.b.not_in(without), _APART)
    back = select(r.a.label("other"), r.similarity).where(r.b.in_(ids), r.a.not_in(without), _APART)
    both = other.union_all(back).subquery()
    best = func.max(both.c.similarity).label("best")
    query = select(both.c.other, best).group_by(both.c.other).order_by(best.desc()).limit(limit)
    found = {row.other: float(row.best) for row in connection.execute(query)}
    rows = listed(connection, found)
    return tuple((rows[id_], similarity) for id_, similarity in found.items() if id_ in rows)


def _found(connection: Connection, choice: Choice, cursor: str | None, limit: int) -> Paged[Listed]:
    """A page of what fits a question: looks at its matches, the latest first, until the page is full.

    Whether a match fits the filters is asked as a value, not as a condition: SQLite would sooner read all of a
    language than a hundred articles by their numbers.
    """
    before = decode_cursor(cursor, int)[0] if cursor is not None else None
    fits = and_(true(), *_narrowed(connection, replace(choice, words=None)))
    asked = _listed().with_only_columns(
        articles.c.id, articles.c.number, fits.label("fits"), maintain_column_froms=True
    )
    found: list[tuple[int, str]] = []
    looked, more = 0, None
    for numbers in search.newest(connection, choice.words or "", before=before):
        query = asked.where(articles.c.number.in_(numbers)).order_by(articles.c.number.desc())
        found += [(row.number, row.id) for row in connection.execute(query) if row.fits]
        looked += len(numbers)
        if len(found) > limit or looked >= LOOKED_AT:
            more = encode_cursor(found[limit - 1][0] if len(found) > limit else numbers[-1])
            break
    rows = listed(connection, [id_ for _, id_ in found[:limit]])
    return Paged(tuple(rows[id_] for _, id_ in found[:limit]), more)


def _listed() -> Select[Any]:
    a = articles.c
    return (
        select(
            a.id,
            a.revision,
            a.title,
            a.original_title,
            func.substr(a.text, 1, EXCERPT).label("excerpt"),
            a.lang,
            a.source,
            a.url,
            a.published,
            a.seen,
            a.sort_at,
            a.changed_at,
            a.flags,
            a.needs_review,
            members.c.cluster_id,
            members.c.kind,
            clusters.c.size,
            clusters.c.representative,
        )
        .outerjoin(members, members.c.article_id == a.id)
        .outerjoin(clusters, clusters.c.id == members.c.cluster_id)
    )


def _as_listed(row: Any) -> Listed:
    return Listed(
        row.id,
        row.revision,
        row.title,
        row.original_title,
        row.excerpt,
        row.lang,
        row.source,
        row.url,
        row.published,
        row.seen,
        row.sort_at,
        row.changed_at,
        tuple(row.flags),
        row.needs_review,
        row.cluster_id,
        row.size or 1,
        row.representative,
        Copy(row.kind) if row.kind else None,
    )


def _narrowed(connection: Connection, choice: Choice) -> list[ColumnElement[bool]]:
    a = articles.c
    where: list[ColumnElement[bool]] = []
    if choice.lang is not None:
        where.append(a.lang == choice.lang)
    if choice.source is not None:
        where.append(a.source == choice.source)
    if choice.feed is not None:
        where.append(_of(connection, entries.c.document_id, entries.c.feed_id == choice.feed))
    if choice.kind is not None:
        where.append(_of(connection, members.c.article_id, members.c.kind == choice.kind))
    if choice.review is not None:
        where.append(a.needs_review.is_(choice.review))
    if choice.canonical:
        where.append(or_(clusters.c.representative.is_(None), clusters.c.representative == a.id))
    if choice.since is not None:
        where.append(a.sort_at >= choice.since)
    if choice.until is not None:
        where.append(a.sort_at < choice.until)
    if choice.flag is not None:
        where.append(cast(a.flags, Text).contains(json.dumps(choice.flag), autoescape=True))
    if choice.tag is not None:
        tagged = cast(feeds.c.tags, Text).contains(json.dumps(choice.tag), autoescape=True)
        named = select(literal(1)).select_from(entries).join(feeds, feeds.c.id == entries.c.feed_id)
        where.append(named.where(entries.c.document_id == a.id, tagged).exists())
    if choice.words and (fits := search.matching(connection, choice.words)) is not None:
        where.append(fits)
    return where


def _of(connection: Connection, ids: Column[str], fits: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition that another table has a fitting row about the article.

    A few are named outright. Where there are many the list is walked in its own order and soon finds a page of them.
    """
    few = connection.scalars(select(ids).where(fits).limit(FEW + 1)).all()
    if len(few) <= FEW:
        return articles.c.id.in_([id_ for id_ in few if id_ is not None])
    inner = ids.table.alias("of_another")
    about = ClauseAdapter(inner).traverse(fits)
    return select(literal(1)).where(inner.c[ids.name] == articles.c.id, about).exists()


def _before(at_column: ColumnElement[Any], at: datetime, last: str) -> ColumnElement[bool]:
    # the first half alone is what the index can seek to; the second only breaks ties
    return and_(at_column <= at, or_(at_column < at, articles.c.id < last))
