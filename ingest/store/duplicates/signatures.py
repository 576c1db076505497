"""Signatures and the index of candidates: rows in the article's transaction, so any worker finds what any other saw.

The index (`bands`) holds, for each different text inside the window, one key a band, one for its digest and one for
each of its weightiest terms: 73 keys of 32 bits. A key meets strangers by chance; what a look-up answers are
candidates, verified on the texts themselves. Beside it stands each text's vector (`vectors`), which dismisses most of
them. Signatures stay after both have left.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Connection, bindparam, case, delete, func, select, text, update

from ingest.store.schema import bands, signatures, vectors

LEAVE_TOGETHER = 1000
"""Texts whose time in the index is over leave it so many at a time. Their keys lie all over it: a thousand texts' in
the order of the index write most of its pages once, one by one they write 73 pages a text."""


@dataclass(frozen=True, slots=True)
class Signed:
    """One different text in the index; times in seconds since 1970."""

    number: int
    article_id: str
    scheme: str
    hashes: bytes
    digest: bytes
    size: int  # stems that were signed
    terms: bytes  # keys of its weightiest terms, 4 bytes each
    first_s: int
    last_s: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A text as it enters the index."""

    signed: Signed
    keys: tuple[int, ...]
    leaves_s: int | None  # when it leaves, in seconds since 1970; None: it only keeps its signature
    vector: bytes  # see `ingest.dedup.features.pack`


class Candidate(NamedTuple):
    """A text that a look-up found, as far as it is needed to choose among hundreds of them."""

    number: int
    article_id: str
    hashes: bytes
    digest: bytes
    size: int
    first_s: int
    last_s: int


def save(connection: Connection, entries: Sequence[Entry]) -> None:
    """Keep signatures, and put those that are to be found into the index."""
    if not entries:
        return
    rows = [
        (s.number, s.scheme, s.article_id, s.hashes, s.digest, s.size, s.terms, s.first_s, s.last_s, entry.leaves_s)
        for entry in entries
        for s in (entry.signed,)
    ]
    _write(connection, "signatures", _SIGNATURE, rows)
    indexed = [entry for entry in entries if entry.leaves_s is not None]
    if indexed:
        keys = {(key, entry.signed.number) for entry in indexed for key in entry.keys}
        _write(connection, "bands", ("hash", "number"), sorted(keys))  # in the order of the index: each page once
        _drop_vectors(connection, [entry.signed.number for entry in indexed])
        _write(connection, "vectors", ("number", "packed"), [(e.signed.number, e.vector) for e in indexed])


def _write(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows past SQLAlchemy, which would spend as long on each as the database does."""
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    marks = ", ".join([mark] * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", list(rows))  # noqa: S608


def of_article(connection: Connection, article_id: str) -> list[Signed]:
    """The signatures of an article's text, one a scheme; none where it is an exact copy of another's or too short."""
    query = select(*_COLUMNS).where(signatures.c.article_id == article_id)
    return [Signed(*row) for row in connection.execute(query)]


def leaves(connection: Connection, signed: Signed) -> int | None:
    """When a text leaves the index, in seconds since 1970; None: it has."""
    row = (signatures.c.number == signed.number) & (signatures.c.scheme == signed.scheme)
    return connection.execute(select(signatures.c.leaves_s).where(row)).scalar()


def of_other_schemes(connection: Connection, scheme: str, limit: int) -> list[Signed]:
    """Signatures of other schemes than this, the newest articles first."""
    query = select(*_COLUMNS).where(signatures.c.scheme != scheme).order_by(signatures.c.number.desc()).limit(limit)
    return [Signed(*row) for row in connection.execute(query)]


def count_other_schemes(connection: Connection, scheme: str) -> int:
    """How many texts are signed under another scheme than this."""
    query = select(func.count(signatures.c.number.distinct())).where(signatures.c.scheme != scheme)
    return connection.execute(query).scalar_one()


def load(connection: Connection, article_ids: Sequence[str], scheme: str) -> dict[str, Signed]:
    """The signatures of articles under one scheme, by article."""
    query = select(*_COLUMNS).where(signatures.c.article_id.in_(article_ids), signatures.c.scheme == scheme)
    return {row.article_id: Signed(*row) for row in connection.execute(query)}


def under(connection: Connection, keys: Collection[int], per_key: int) -> list[tuple[int, int]]:
    """(key, number) of the texts under the keys, of each key only the `per_key` newest, in this order.

    A stretch of the index of bounded length for each key: a key that ten thousand notices of one form share is not
    read whole.
    """
    if connection.dialect.name == "postgresql":
        found = connection.exec_driver_sql(_NEWEST_OF_ARRAY, (list(keys), per_key))
    else:
        found = connection.exec_driver_sql(_NEWEST_OF_JSON, (json.dumps(sorted(keys)), per_key - 1))
    rows = found.cursor.fetchall()  # hundreds a text: a third of the time of SQLAlchemy's rows
    found.close()
    return cast(list[tuple[int, int]], rows)


def candidates(
    connection: Connection, numbers: Collection[int], scheme: str, after_s: int, before_s: int
) -> dict[int, Candidate]:
    """The texts of these numbers whose times touch [after_s, before_s], by number."""
    if not numbers:
        return {}
    values = {"numbers": _numbers(connection, numbers), "scheme": scheme, "after_s": after_s, "before_s": before_s}
    query = _BY_ARRAY if connection.dialect.name == "postgresql" else _BY_JSON
    return {row[0]: Candidate(*row) for row in connection.execute(query, values).all()}


def load_vectors(connection: Connection, numbers: Collection[int]) -> dict[int, bytes]:
    """The packed vectors of texts in the index, by number; missing for texts indexed before there were any."""
    if not numbers:
        return {}
    query = _VECTORS_BY_ARRAY if connection.dialect.name == "postgresql" else _VECTORS_BY_JSON
    return {row[0]: row[1] for row in connection.execute(query, {"numbers": _numbers(connection, numbers)}).all()}


def _numbers(connection: Connection, numbers: Collection[int]) -> list[int] | str:
    """Many numbers as one value."""
    return list(numbers) if connection.dialect.name == "postgresql" else json.dumps(sorted(numbers))


def extend(connection: Connection, scheme: str, times: Sequence[tuple[int, int, int]]) -> None:
    """Note that exact copies came: (number, when, until when the text now stays in the index) each."""
    if times:
        rows = [{"n": number, "scheme_": scheme, "at_s": at, "until_s": until} for number, at, until in times]
        connection.execute(_EXTEND, rows)


def remove(connection: Connection, signed: Signed, keys: Sequence[int]) -> None:
    """Take a text out of the index and forget its signature."""
    row = (signatures.c.number == signed.number) & (signatures.c.scheme == signed.scheme)
    connection.execute(delete(bands).where(bands.c.hash.in_(keys), bands.c.number == signed.number))
    _drop_vectors(connection, [signed.number])
    connection.execute(delete(signatures).where(row))


def expired(connection: Connection, now_s: int) -> list[Signed]:
    """Texts whose time in the index is over, the longest first: as many as leave together, or none yet."""
    if connection.execute(_ENOUGH, {"now_s": now_s}).first() is None:
        return []
    return [Signed(*row) for row in connection.execute(_EXPIRED, {"now_s": now_s}).all()]


def unindex(connection: Connection, some: Sequence[tuple[Signed, Sequence[int]]]) -> None:
    """Take texts with their keys out of the index; their signatures stay."""
    if not some:
        return
    keys = sorted({(key, signed.number) for signed, their in some for key in their})
    if connection.dialect.name == "postgresql":  # 73,000 rows one by one take seconds there
        connection.exec_driver_sql(_LEAVE, tuple(map(list, zip(*keys, strict=True))))
    else:
        connection.exec_driver_sql("DELETE FROM bands WHERE hash = ? AND number = ?", keys)
    _drop_vectors(connection, [signed.number for signed, _ in some])
    connection.execute(_LEFT, [{"n": signed.number, "scheme_": signed.scheme} for signed, _ in some])


def _drop_vectors(connection: Connection, numbers: Sequence[int]) -> None:
    connection.execute(_DROP_VECTORS, {"numbers": list(numbers)})


def seconds(moment: datetime) -> int:
    """A moment in whole seconds since 1970."""
    return int(moment.timestamp())


_COLUMNS = [
    signatures.c[name]
    for name in ("number", "article_id", "scheme", "hashes", "digest", "size", "terms", "first_s", "last_s")
]


_SIGNATURE = (
    "number", "scheme", "article_id", "hashes", "digest", "size", "terms", "first_s", "last_s", "leaves_s",
)  # fmt: skip
_S = signatures.c
_EXTEND = (
    update(signatures)
    .where(_S.number == bindparam("n"), _S.scheme == bindparam("scheme_"))
    .values(
        first_s=case((_S.first_s <= bindparam("at_s"), _S.first_s), else_=bindparam("at_s")),
        last_s=case((_S.last_s >= bindparam("at_s"), _S.last_s), else_=bindparam("at_s")),
        leaves_s=case((_S.leaves_s < bindparam("until_s"), bindparam("until_s")), else_=_S.leaves_s),
    )
)
_LEFT = update(signatures).where(_S.number == bindparam("n"), _S.scheme == bindparam("scheme_")).values(leaves_s=None)
_DROP_VECTORS = delete(vectors).where(vectors.c.number.in_(bindparam("numbers", expanding=True)))
_OVER = _S.leaves_s < bindparam("now_s")
_ENOUGH = select(_S.leaves_s).where(_OVER).order_by(_S.leaves_s).limit(1).offset(LEAVE_TOGETHER - 1)
_EXPIRED = select(*_COLUMNS).where(_OVER).order_by(_S.leaves_s).limit(LEAVE_TOGETHER)

_FOUND = "SELECT number, article_id, hashes, digest, size, first_s, last_s FROM signatures WHERE number "
_LIVING = "AND scheme = :scheme AND last_s >= :after_s AND first_s <= :before_s"
_IN_JSON, _IN_ARRAY = "IN (SELECT value FROM json_each(:numbers))", "= ANY(CAST(:numbers AS bigint[]))"
_BY_JSON, _BY_ARRAY = text(f"{_FOUND} {_IN_JSON} {_LIVING}"), text(f"{_FOUND} {_IN_ARRAY} {_LIVING}")
_VECTORS = "SELECT number, packed FROM vectors WHERE number"  # - all built of constants
_VECTORS_BY_JSON, _VECTORS_BY_ARRAY = text(f"{_VECTORS} {_IN_JSON}"), text(f"{_VECTORS} {_IN_ARRAY}")
_LEAVE = (
    "DELETE FROM bands USING unnest(%s::int[], %s::bigint[]) AS k (hash, number) "
    "WHERE bands.hash = k.hash AND bands.number = k.number"
)
_NEWEST_OF_ARRAY = (
    "SELECT b.hash, b.number FROM unnest(%s::int[]) AS k (hash) CROSS JOIN LATERAL "
    "(SELECT hash, number FROM bands WHERE bands.hash = k.hash ORDER BY number DESC LIMIT %s) AS b ORDER BY 1, 2"
)
_NEWEST_OF_JSON = (  # SQLite has no lateral join: all from the hundredth newest on; in index order
    "SELECT b.hash, b.number FROM json_each(?1) AS k CROSS JOIN bands AS b ON b.hash = k.value AND b.number >= "
    "coalesce((SELECT number FROM bands WHERE hash = k.value ORDER BY number DESC LIMIT 1 OFFSET ?2), 0)"
)
