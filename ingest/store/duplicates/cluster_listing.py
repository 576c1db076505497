"""What lists and pages of clusters read: one keyset page of them, a cluster's row, the links between its members.

A filter that few articles fit names their clusters outright. One that many fit is asked of each cluster while the list
is walked in its own order: that soon fills a page, and where it does not, the page ends after LOOKED_AT clusters and
goes on from there. All functions only read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Tuple,
    and_,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)

from ingest.store.cursors import PAGE, Paged, decode_cursor, encode_cursor
from ingest.store.duplicates import doubt
from ingest.store.schema import articles, clusters, matches, members
from ingest.store.texts import search
from ingest.store.texts.listing import FEW, Listed, listed
from ingest.types import Copy, Match, SharedPassage

SEARCHED = 2_000
"""Latest matches of a question whose clusters are found."""

LOOKED_AT = 2_000
"""Clusters that one page asks whether they fit."""


@dataclass(frozen=True, slots=True)
class ListedCluster:
    """A cluster as a list shows it: its representative's headline, and who else is in it."""

    id: str
    size: int
    weakest: float | None
    created: datetime
    changed: datetime
    chosen: bool
    head: Listed
    langs: tuple[str, ...]
    sources: tuple[str, ...]
    kinds: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class ClusterChoice:
    """What a list of clusters is narrowed to: those with at least one member that fits each; None: not narrowed."""

    least: int = 2  # members
    words: str | None = None  # full text over the members, of the latest SEARCHED that fit
    lang: str | None = None
    source: str | None = None
    kind: Copy | None = None
    undecided: bool = False  # only those with a doubtful pair that nobody decided


def list_clusters(
    connection: Connection,
    choice: ClusterChoice | None = None,
    *,
    order: str = "changed",
    cursor: str | None = None,
    limit: int = PAGE,
) -> Paged[ListedCluster]:
    """A page of clusters; order: changed (latest first), size (largest first) or weakest (lowest first).

    A page can be short, even empty, and have a next one.
    """
    choice = choice or ClusterChoice()
    named, asked = _narrowed(connection, choice)
    place, query = _ordered(order, cursor)
    query = query.where(_enough(choice.least), *named)
    query = query.add_columns(and_(true(), *asked).label("fits")).limit(LOOKED_AT if asked else limit + 1)
    rows: list[Any] = []
    looked, last = 0, None
    with connection.execute(query) as walked:
        for row in walked:
            looked += 1
            if row.fits and len(rows) == limit:
                return _page(connection, rows, encode_cursor(getattr(rows[-1], place), rows[-1].id))
            rows += [row] if row.fits else []
            last = row
    more = encode_cursor(getattr(last, place), last.id) if asked and last is not None and looked == LOOKED_AT else None
    return _page(connection, rows, more)


def cluster_row(connection: Connection, cluster_id: str) -> RowMapping | None:
    """The cluster's own row, redirects included; None: there never was one of that id."""
    return connection.execute(select(clusters).where(clusters.c.id == cluster_id)).mappings().first()


def matches_among(connection: Connection, ids: Sequence[str], *, passages: bool = True) -> tuple[Match, ...]:
    """The verified pairs among these articles, the most similar first; passages: with the passages they share."""
    if len(ids) < 2:
        return ()
    m = matches.c
    columns = [m.a, m.b, m.estimated, m.exact, m.rule, m.kind] + ([m.passages] if passages else [])
    query = select(*columns).where(m.a.in_(ids), m.b.in_(ids)).order_by(m.exact.desc())
    return tuple(
        Match(
            row.a,
            row.b,
            row.estimated,
            row.exact,
            row.rule,
            Copy(row.kind),
            tuple(SharedPassage(*(p if isinstance(p, list) else p.values())) for p in row.passages) if passages else (),
        )
        for row in connection.execute(query)
    )


def _enough(least: int) -> ColumnElement[bool]:
    # the literal 2 is what lets the database use its partial indexes; a merged cluster has size 0
    c = clusters.c
    return c.size >= literal_column("2") if least == 2 else and_(c.merged_into.is_(None), c.size >= least)


def _ordered(order: str, cursor: str | None) -> tuple[str, Select[Any]]:
    """The column that orders a list, and its clusters in that order, from a cursor's place on."""
    c, query = clusters.c, select(clusters)
    if order == "weakest":
        query = query.where(c.weakest.is_not(None)).order_by(c.weakest, c.id)
        if cursor is not None:
            query = query.where(tuple_(c.weakest, c.id) > _place(c.weakest, *decode_cursor(cursor, float, str)))
        return "weakest", query
    column, kind = (c.size, int) if order == "size" else (c.changed_at, datetime)
    query = query.order_by(column.desc(), c.id.desc())
    if cursor is not None:
        query = query.where(tuple_(column, c.id) < _place(column, *decode_cursor(cursor, kind, str)))
    return column.name, query


def _place(column: Column[Any], value: object, last: str) -> Tuple:
    return tuple_(literal(value, column.type), literal(last))


def _narrowed(
    connection: Connection, choice: ClusterChoice
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Conditions that name clusters outright, and conditions to ask of each cluster."""
    named: list[ColumnElement[bool]] = []
    asked: list[ColumnElement[bool]] = []
    if choice.words and (fits := search.latest(connection, choice.words, SEARCHED)) is not None:
        inside = select(members.c.cluster_id).join(articles, articles.c.id == members.c.article_id).where(fits)
        named.append(clusters.c.id.in_(inside))
    for few, each in _filters(choice):
        ids = connection.scalars(few.limit(FEW + 1)).all()
        if len(ids) <= FEW:
            named.append(clusters.c.id.in_(sorted(set(ids))))
        else:
            asked.append(each)
    return named, asked


def _filters(choice: ClusterChoice) -> Iterable[tuple[Select[tuple[str]], ColumnElement[bool]]]:
    """For each filter: the clusters of what fits it, found from the article on, and as a condition on a cluster."""
    a, m = articles.c, members.c
    of_articles = select(m.cluster_id).join(articles, a.id == m.article_id)
    of_cluster = select(literal(1)).where(m.cluster_id == clusters.c.id).correlate(clusters)
    for column, wanted in ((a.lang, choice.lang), (a.source, choice.source)):
        if wanted is not None:  # asked as a value: else SQLite may read all of a language for each cluster
            value = select(column).where(a.id == m.article_id).correlate(members).scalar_subquery()
            yield of_articles.where(column == wanted), of_cluster.where(value == wanted).exists()
    if choice.kind is not None:
        told = func.coalesce(m.kind, "")  # no index has this: SQLite would read all of a kind for each cluster
        yield select(m.cluster_id).where(m.kind == choice.kind), of_cluster.where(told == choice.kind).exists()
    if choice.undecided:
        held = select(m.cluster_id).join(matches, matches.c.a == m.article_id).where(*doubt.undecided())
        pair = select(literal(1)).where(matches.c.a == m.article_id, *doubt.undecided()).correlate(members).exists()
        yield held, of_cluster.where(pair).exists()


def _page(connection: Connection, rows: Sequence[Any], more: str | None) -> Paged[ListedCluster]:
    return Paged(tuple(_with_heads(connection, rows)), more)


def _with_heads(connection: Connection, rows: Sequence[Any]) -> Iterable[ListedCluster]:
    heads = listed(connection, [row.representative for row in rows])
    about: dict[str, list[Any]] = {row.id: [] for row in rows}
    query = (
        select(members.c.cluster_id, members.c.kind, articles.c.lang, articles.c.source)
        .join(articles, articles.c.id == members.c.article_id)
        .where(members.c.cluster_id.in_(list(about)))
        .distinct()
    )
    for member in connection.execute(query) if about else ():
        about[member.cluster_id].append(member)
    for row in rows:
        if row.representative not in heads:
            continue  # its article was taken down in this moment
        yield ListedCluster(
            row.id,
            row.size,
            row.weakest,
            row.created_at,
            row.changed_at,
            row.chosen,
            heads[row.representative],
            tuple(sorted({m.lang for m in about[row.id]})),
            tuple(sorted({m.source for m in about[row.id] if m.source})),
            tuple(sorted({Copy(m.kind) for m in about[row.id] if m.kind})),
        )
