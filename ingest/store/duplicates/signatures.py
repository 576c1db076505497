"""Signatures and the index of candidates: rows in the article's transaction, so any worker finds what any other saw.

The index (`ingest.store.duplicates.bands`) holds, for each different text inside the window, one key a band, one for
its digest and one for each of its weightiest terms: 73 keys of 32 bits. A key meets strangers by chance; what a look-up
answers are candidates, verified on the texts themselves. Beside it stands each text's vector (`vectors`), which
dismisses most of them. Signatures stay after both have left. Each change of the index is noted (`index_log`), so that
processes can keep copies of it (`ingest.pipeline.window`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, func, select, text, update

from ingest.store.duplicates import bands, embeddings, index_log
from ingest.store.schema import signatures, vectors

LEAVE_TOGETHER = 4000
"""Texts whose time in the index is over leave it so many at a time. Their keys lie all over it: four thousand texts' in
the order of the index write most of its pages once, one by one they write 73 pages a text."""

TIDIED_EVERY = 1000
"""After so many changes it is asked whether much of the index stands where it came in."""


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
        bands.put(connection, {entry.signed.number: entry.keys for entry in indexed})
        _drop_vectors(connection, [entry.signed.number for entry in indexed])
        _write(connection, "vectors", ("number", "packed"), [(e.signed.number, e.vector) for e in indexed])
        _note(connection, [entry.signed.number for entry in indexed])


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


def count_indexed(connection: Connection, scheme: str) -> tuple[int, int]:
    """How many texts of a scheme are in the index, and the highest of their numbers."""
    inside = (_S.leaves_s.is_not(None)) & (_S.scheme == scheme)
    count, highest = connection.execute(select(func.count(), func.max(_S.number)).where(inside)).one()
    return count, highest or 0


def all_indexed(connection: Connection, scheme: str, at_once: int) -> Iterator[list[Signed]]:
    """All texts of a scheme that are in the index, so many at a time."""
    query = select(*_COLUMNS).where(_S.leaves_s.is_not(None), _S.scheme == scheme)
    with connection.execute(query, execution_options={"yield_per": at_once}) as found:
        for rows in found.partitions():
            yield [Signed(*row) for row in rows]


def indexed(connection: Connection, scheme: str, numbers: Collection[int]) -> list[Signed]:
    """Those of the texts of these numbers that are in the index under a scheme."""
    if not numbers:
        return []
    query = _INDEXED_BY_ARRAY if connection.dialect.name == "postgresql" else _INDEXED_BY_JSON
    rows = connection.execute(query, {"numbers": _numbers(connection, numbers), "scheme": scheme}).all()
    return [Signed(*row) for row in rows]


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
        _note(connection, [number for number, _, _ in times])


def remove(connection: Connection, signed: Signed, keys: Sequence[int]) -> None:
    """Take a text out of the index and forget its signature."""
    row = (signatures.c.number == signed.number) & (signatures.c.scheme == signed.scheme)
    bands.take(connection, {signed.number: keys})
    _drop_vectors(connection, [signed.number])
    connection.execute(delete(signatures).where(row))
    index_log.note(connection, [signed.number])


def expired(connection: Connection, now_s: int) -> list[Signed]:
    """Texts whose time in the index is over, the longest first: as many as leave together, or none yet."""
    if connection.execute(_ENOUGH, {"now_s": now_s}).first() is None:
        return []
    return [Signed(*row) for row in connection.execute(_EXPIRED, {"now_s": now_s}).all()]


def unindex(connection: Connection, some: Sequence[tuple[Signed, Sequence[int]]]) -> None:
    """Take texts with their keys out of the index; their signatures stay."""
    if not some:
        return
    bands.turn_over(connection, {signed.number: keys for signed, keys in some})
    _drop_vectors(connection, [signed.number for signed, _ in some])
    embeddings.forget(connection, [signed.number for signed, _ in some])
    connection.execute(_LEFT, [{"n": signed.number, "scheme_": signed.scheme} for signed, _ in some])
    index_log.note(connection, [signed.number for signed, _ in some])


def _note(connection: Connection, numbers: Sequence[int]) -> None:
    """Note that texts entered the index or changed in it; now and then what came lately is brought in order."""
    before, after = index_log.note(connection, numbers)
    if after // TIDIED_EVERY > before // TIDIED_EVERY:
        bands.tidy(connection)


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
_INDEXED = f"SELECT {', '.join(column.name for column in _COLUMNS)} FROM signatures WHERE number "  # noqa: S608
_INSIDE = "AND scheme = :scheme AND leaves_s IS NOT NULL"
_INDEXED_BY_JSON, _INDEXED_BY_ARRAY = (
    text(f"{_INDEXED} {_IN_JSON} {_INSIDE}"),
    text(f"{_INDEXED} {_IN_ARRAY} {_INSIDE}"),
)
_VECTORS = "SELECT number, packed FROM vectors WHERE number"  # - all built of constants
_VECTORS_BY_JSON, _VECTORS_BY_ARRAY = text(f"{_VECTORS} {_IN_JSON}"), text(f"{_VECTORS} {_IN_ARRAY}")
