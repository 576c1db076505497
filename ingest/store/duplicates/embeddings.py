"""What texts mean, as an encoder said (`ingest.dedup.embedding`): a row a text of the window, where one is named.

Stamps are never given twice and ascend in the order of commits, since whoever places texts does so alone: a process
that keeps a copy reads on from the last it knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, select

from ingest.store.schema import embeddings, signatures


class Kind(NamedTuple):
    """What vectors are compared by: those of two kinds never are."""

    encoder: str
    size: int  # bytes of a vector, one a dimension


class Embedded(NamedTuple):
    """One text's vector, as long as its digest is that of the text."""

    number: int
    digest: bytes
    at_s: int  # when it counts as published, in seconds since 1970
    packed: bytes  # eight bits a dimension


class Columns(NamedTuple):
    """Rows turned: one value a vector in each."""

    stamps: tuple[int, ...]
    numbers: tuple[int, ...]
    digests: tuple[bytes, ...]
    at_s: tuple[int, ...]
    packed: tuple[bytes, ...]


def save(connection: Connection, encoder: str, some: Sequence[Embedded]) -> None:
    """Keep vectors; what was kept of these numbers goes."""
    if some:
        forget(connection, [one.number for one in some])
        connection.execute(_ADD, [{"encoder": encoder} | one._asdict() for one in some])


def forget(connection: Connection, numbers: Collection[int]) -> None:
    """Remove the vectors of texts."""
    connection.execute(_FORGET, {"numbers": list(numbers)})


def since(connection: Connection, kind: Kind, stamp: int) -> tuple[int, list[Embedded]]:
    """The highest stamp of a kind's rows, and what was kept after another one, in this order."""
    rows = connection.execute(_SINCE, {"stamp": stamp, **kind._asdict()}).all()
    return (rows[-1][0] if rows else stamp), [Embedded(*row[1:]) for row in rows]


def count(connection: Connection, kind: Kind) -> int:
    """How many vectors of a kind there are."""
    found: int = connection.execute(_COUNT, kind._asdict()).scalar_one()
    return found


def read(connection: Connection, kind: Kind, days: tuple[int, int] | None, at_once: int) -> Iterator[Columns]:
    """Vectors of a kind, so many at a time, in no order.

    days: from when to when their texts count as published, in seconds since 1970; None: whenever.
    """
    query, values = (_ALL, {}) if days is None else (_OF_DAYS, {"first_s": days[0], "last_s": days[1]})
    with connection.execute(query, {**kind._asdict(), **values}, execution_options={"yield_per": at_once}) as found:
        for rows in found.partitions():
            yield Columns(*zip(*rows, strict=True))


def of_text(connection: Connection, digest: bytes, encoder: str | None = None) -> tuple[str, bytes] | None:
    """The encoder and the vector that was last kept for a text, by whatever article; None where there is none.

    encoder: by this one; None: by whichever was last.
    """
    query = _OF_TEXT if encoder is None else _OF_TEXT.where(_E.encoder == encoder)
    row = connection.execute(query, {"digest": digest}).first()
    return None if row is None else (row[0], row[1])


def known(connection: Connection, encoder: str, number: int) -> bool:
    """Whether a vector of an encoder is kept of what a text says now."""
    return connection.execute(_KNOWN, {"encoder": encoder, "number": number}).first() is not None


def lacking(connection: Connection, encoder: str, scheme: str, now_s: int) -> list[int]:
    """The numbers of all texts of the index without a vector of an encoder, the newest first."""
    values = {"encoder": encoder, "scheme": scheme, "now_s": now_s}
    return list(connection.scalars(_LACKING.order_by(_S.number.desc()), values))


def still_lacking(connection: Connection, encoder: str, scheme: str, numbers: Collection[int]) -> dict[str, bytes]:
    """Those of some texts that are in the index and have no vector of an encoder: the digest of each, by article."""
    values = {"encoder": encoder, "scheme": scheme, "now_s": 0, "numbers": list(numbers)}
    return {row[1]: row[2] for row in connection.execute(_STILL_LACKING, values)}


def coverage(connection: Connection, encoder: str, scheme: str, now_s: int) -> tuple[int, int]:
    """How many texts of the index have no vector of an encoder, and how many texts there are."""
    values = {"encoder": encoder, "scheme": scheme, "now_s": now_s}
    lack = connection.execute(_COUNT_LACKING, values).scalar_one()
    return lack, connection.execute(_COUNT_INSIDE, values).scalar_one()


_E, _S = embeddings.c, signatures.c
_COLUMNS = (_E.stamp, _E.number, _E.digest, _E.at_s, _E.packed)
_ADD = insert(embeddings)
_FORGET = delete(embeddings).where(_E.number.in_(bindparam("numbers", expanding=True)))
_OF_KIND = and_(_E.encoder == bindparam("encoder"), func.length(_E.packed) == bindparam("size"))
_SINCE = select(*_COLUMNS).where(_E.stamp > bindparam("stamp"), _OF_KIND).order_by(_E.stamp)
_COUNT = select(func.count()).where(_OF_KIND)
_ALL = select(*_COLUMNS).where(_OF_KIND)
_OF_DAYS = _ALL.where(_E.at_s.between(bindparam("first_s"), bindparam("last_s")))
_OF_TEXT = select(_E.encoder, _E.packed).where(_E.digest == bindparam("digest")).order_by(_E.stamp.desc()).limit(1)
_OF_SIGNED = exists().where(_E.number == _S.number, _E.encoder == bindparam("encoder"), _E.digest == _S.digest)
_KNOWN = select(_S.number).where(_S.number == bindparam("number"), _OF_SIGNED).limit(1)
_INSIDE = and_(_S.leaves_s >= bindparam("now_s"), _S.scheme == bindparam("scheme"))
_LACKING = select(_S.number, _S.article_id, _S.digest).where(_INSIDE, ~_OF_SIGNED)
_STILL_LACKING = _LACKING.where(_S.number.in_(bindparam("numbers", expanding=True)))
_COUNT_LACKING, _COUNT_INSIDE = select(func.count()).where(_INSIDE, ~_OF_SIGNED), select(func.count()).where(_INSIDE)
