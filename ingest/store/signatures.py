"""Signatures and the index of candidates: rows in the article's transaction, so any worker finds what any other saw.

The index (`bands`) holds, for each different text inside the window, one key a band, one for its digest and one for
each of its weightiest terms: 73 keys of 32 bits. A key meets strangers by chance; what a look-up answers are
candidates, verified on the texts themselves. Signatures stay after their rows have left the index.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from ingest.store.schema import bands, signatures

PURGED_AT_ONCE = 4
"""Texts that leave the index when one comes in: the index shrinks as fast as it grew, and no run is slow."""


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


class Candidate(NamedTuple):
    """A text that a look-up found, as far as it is needed to choose among hundreds of them."""

    number: int
    article_id: str
    hashes: bytes
    digest: bytes
    size: int
    shared: int  # keys that both have


def save(connection: Connection, signed: Signed, keys: Sequence[int], leaves_s: int | None) -> None:
    """Keep a signature and put it into the index until `leaves_s`; None: only keep it."""
    connection.execute(
        _SAVE,
        {
            "number": signed.number,
            "scheme": signed.scheme,
            "article_id": signed.article_id,
            "hashes": signed.hashes,
            "digest": signed.digest,
            "size": signed.size,
            "terms": signed.terms,
            "first_s": signed.first_s,
            "last_s": signed.last_s,
            "leaves_s": leaves_s,
        },
    )
    if leaves_s is not None:
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        rows = [(key, signed.number) for key in dict.fromkeys(keys)]
        connection.exec_driver_sql(f"INSERT INTO bands (hash, number) VALUES ({mark}, {mark})", rows)  # noqa: S608


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


def same_text(
    connection: Connection, key: int, digest: bytes, scheme: str, after_s: int, before_s: int
) -> Signed | None:
    """The first text in the index with this digest whose times touch [after_s, before_s]."""
    values = {"key": key, "digest": digest, "scheme": scheme, "after_s": after_s, "before_s": before_s}
    row = connection.execute(_SAME_TEXT, values).first()
    return None if row is None else Signed(*row)


def sharing(
    connection: Connection, keys: Sequence[int], per_key: int, scheme: str, after_s: int, before_s: int, least: int = 1
) -> list[Candidate]:
    """Texts in the index that share at least so many of the keys, in order of number.

    Of each key only the `per_key` newest entries are read. after_s, before_s: what the texts' times must touch.
    """
    counts = Counter(_entries(connection, keys, per_key))
    wanted = sorted(number for number, shared in counts.items() if shared >= least)
    if not wanted:
        return []
    postgresql = connection.dialect.name == "postgresql"
    query, numbers = (_BY_ARRAY, wanted) if postgresql else (_BY_JSON, json.dumps(wanted))
    rows = connection.execute(query, {"numbers": numbers, "scheme": scheme, "after_s": after_s, "before_s": before_s})
    found = [
        Candidate(number, article_id, hashes, digest, size, counts[number])
        for number, article_id, hashes, digest, size in rows.all()
    ]
    found.sort()
    return found


def _entries(connection: Connection, keys: Sequence[int], per_key: int) -> list[int]:
    """The numbers under the keys, the newest of each: a stretch of the index of bounded length for each key.

    One IN over all keys would read every entry of a key that ten thousand notices of one form share.
    """
    if connection.dialect.name == "postgresql":
        rows = connection.exec_driver_sql(_NEWEST_OF_ARRAY, (list(keys), per_key))
    else:
        rows = connection.exec_driver_sql(_newest(len(keys), per_key), tuple(keys))
    return [row[0] for row in rows.all()]


def present(connection: Connection, keys: Sequence[int]) -> set[int]:
    """Those of the keys that stand in the index."""
    return set(connection.scalars(_PRESENT, {"keys": list(keys)}))


def extend(connection: Connection, signed: Signed, at_s: int, leaves_s: int) -> None:
    """Note that an exact copy came at a time: the text stays in the index accordingly."""
    row = (signatures.c.number == signed.number) & (signatures.c.scheme == signed.scheme)
    stays = connection.execute(select(signatures.c.leaves_s).where(row)).scalar()
    values = {"first_s": min(signed.first_s, at_s), "last_s": max(signed.last_s, at_s)}
    if stays is not None:
        values["leaves_s"] = max(stays, leaves_s)
    connection.execute(update(signatures).where(row).values(**values))


def remove(connection: Connection, signed: Signed, keys: Sequence[int]) -> None:
    """Take a text out of the index and forget its signature."""
    row = (signatures.c.number == signed.number) & (signatures.c.scheme == signed.scheme)
    connection.execute(delete(bands).where(bands.c.hash.in_(keys), bands.c.number == signed.number))
    connection.execute(delete(signatures).where(row))


def expired(connection: Connection, now_s: int, limit: int = PURGED_AT_ONCE) -> list[Signed]:
    """Texts whose time in the index is over, the longest first."""
    return [Signed(*row) for row in connection.execute(_EXPIRED, {"now_s": now_s, "most": limit}).all()]


def unindex(connection: Connection, signed: Signed, keys: Sequence[int]) -> None:
    """Take a text out of the index; its signature stays."""
    row = (signatures.c.number == signed.number) & (signatures.c.scheme == signed.scheme)
    connection.execute(delete(bands).where(bands.c.hash.in_(keys), bands.c.number == signed.number))
    connection.execute(update(signatures).where(row).values(leaves_s=None))


def seconds(moment: datetime) -> int:
    """A moment in whole seconds since 1970."""
    return int(moment.timestamp())


_COLUMNS = [
    signatures.c[name]
    for name in ("number", "article_id", "scheme", "hashes", "digest", "size", "terms", "first_s", "last_s")
]


_SAVE = insert(signatures)
_SAME_TEXT = (
    select(*_COLUMNS)
    .join(bands, bands.c.number == signatures.c.number)
    .where(
        bands.c.hash == bindparam("key"),
        signatures.c.digest == bindparam("digest"),
        signatures.c.scheme == bindparam("scheme"),
        signatures.c.last_s >= bindparam("after_s"),
        signatures.c.first_s <= bindparam("before_s"),
    )
    .order_by(signatures.c.number)
    .limit(1)
)
_PRESENT = select(bands.c.hash).distinct().where(bands.c.hash.in_(bindparam("keys", expanding=True)))
_EXPIRED = (
    select(*_COLUMNS)
    .where(signatures.c.leaves_s < bindparam("now_s"))
    .order_by(signatures.c.leaves_s)
    .limit(bindparam("most"))
)


_FOUND = "SELECT number, article_id, hashes, digest, size FROM signatures WHERE number "
_LIVING = "AND scheme = :scheme AND last_s >= :after_s AND first_s <= :before_s"
_BY_JSON = text(f"{_FOUND} IN (SELECT value FROM json_each(:numbers)) {_LIVING}")  # noqa: S608 - built of constants
_BY_ARRAY = text(f"{_FOUND} = ANY(CAST(:numbers AS bigint[])) {_LIVING}")
_NEWEST_OF_ARRAY = (
    "SELECT b.number FROM unnest(%s::int[]) AS k (hash) CROSS JOIN LATERAL "
    "(SELECT number FROM bands WHERE bands.hash = k.hash ORDER BY number DESC LIMIT %s) AS b"
)


@lru_cache(maxsize=32)
def _newest(keys: int, per_key: int) -> str:
    """The look-up for so many keys, on SQLite."""
    one = f"SELECT number FROM (SELECT number FROM bands WHERE hash = ? ORDER BY number DESC LIMIT {per_key:d})"  # noqa: S608
    return " UNION ALL ".join([one] * keys)
