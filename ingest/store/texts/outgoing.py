"""Whole articles as they are kept, with all that stands around each: what lists, feeds out, webhooks and files shape.

One query a group of articles, and three small ones for what each may have several of. Rows stay rows: whoever passes
them on shapes them in one step (`ingest.publish.record`), and a hundred thousand of them are no hundred thousand
objects of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from orjson import loads
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Text,
    bindparam,
    case,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects import sqlite

from ingest.store.queue import standing
from ingest.store.schema import Utc, articles, clusters, extractions, matches, members
from ingest.store.texts import listing
from ingest.store.texts.extractions import removed_count

AT_ONCE = 250
"""Articles in one group: the cost of a query is spread, and the group stays a few MB."""

Row = dict[str, Any]

_a = articles.c
_JSON = ("spans", "sentences", "title_sentences", "flags", "credits")
_LEFT_OUT = ("number", "sort_at", "text_digest", "needs_review")


class _ReadAtOnce(sqlite.DATETIME):
    """Text to a moment in UTC in one step: two, the zone in the second, took 9 % of an export's time."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], datetime | None]:
        return _moment


def _moment(kept: str | None) -> datetime | None:
    return None if kept is None else datetime.fromisoformat(kept + "+00:00")


_AT = Utc().with_variant(_ReadAtOnce(), "sqlite")  # type: ignore[no-untyped-call]


def _read_as(column: Column[Any]) -> ColumnElement[Any]:
    if column.name in _JSON:
        return cast(column, Text).label(column.name)
    return type_coerce(column, _AT).label(column.name) if isinstance(column.type, Utc) else column


_COLUMNS = [_read_as(column) for column in _a if column.name not in _LEFT_OUT]
_newer = extractions.alias()
_newest = select(func.max(_newer.c.revision)).where(_newer.c.document_id == _a.id).scalar_subquery()
_first = case((_a.id < clusters.c.representative, _a.id), else_=clusters.c.representative)
_second = case((_a.id < clusters.c.representative, clusters.c.representative), else_=_a.id)
_WHOLE = (
    select(
        *_COLUMNS,
        members.c.cluster_id,
        members.c.kind,
        clusters.c.size,
        clusters.c.representative,
        matches.c.exact.label("similarity"),
        extractions.c.method,
        removed_count().label("removed_count"),
    )
    .outerjoin(members, members.c.article_id == _a.id)
    .outerjoin(clusters, clusters.c.id == members.c.cluster_id)
    .outerjoin(matches, (matches.c.a == _first) & (matches.c.b == _second))
    .outerjoin(extractions, (extractions.c.document_id == _a.id) & (extractions.c.revision == _newest))
    .where(_a.id.in_(bindparam("ids", expanding=True)))
)


def whole(connection: Connection, ids: Sequence[str]) -> list[Row]:
    """Articles by id with everything a consumer reads of them, in the order of the ids; what is no article is left out.

    A row has the columns of `articles` (JSON read), cluster_id, kind, size, representative and similarity of its
    cluster, method and removed_count of its extraction, related and feeds; what it has none of is None, or empty.
    """
    if not ids:
        return []
    near, feeds = listing.related_of(connection, ids), standing.feeds_of_each(connection, ids)
    found = {}
    result = connection.execute(_WHOLE, {"ids": list(ids)})
    names = tuple(result.keys())
    for values in result.all():
        row = dict(zip(names, values, strict=True))
        for name in _JSON:
            row[name] = loads(row[name])
        id_ = row["id"]
        row["related"], row["feeds"] = near[id_], feeds[id_]
        found[id_] = row
    return [found[id_] for id_ in ids if id_ in found]
