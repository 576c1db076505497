"""What texts mean, as an encoder said (`ingest.dedup.embedding`): a row a text of the window, where one is named.

Stamps are never given twice and ascend in the order of commits, since whoever places texts does so alone: a process
that keeps a copy reads on from the last it knows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from ingest.store.schema import embeddings


class Embedded(NamedTuple):
    """One text's vector, as long as its digest is that of the text."""

    number: int
    digest: bytes
    at_s: int  # when it counts as published, in seconds since 1970
    packed: bytes  # eight bits a dimension


def save(connection: Connection, encoder: str, some: Sequence[Embedded]) -> None:
    """Keep vectors; what was kept of these numbers goes."""
    if some:
        forget(connection, [one.number for one in some])
        connection.execute(_ADD, [{"encoder": encoder} | one._asdict() for one in some])


def forget(connection: Connection, numbers: Collection[int]) -> None:
    """Remove the vectors of texts."""
    connection.execute(_FORGET, {"numbers": list(numbers)})


def since(connection: Connection, encoder: str, stamp: int) -> tuple[int, list[Embedded]]:
    """The highest stamp of an encoder's rows, and what was kept after another one, in this order."""
    rows = connection.execute(_SINCE, {"encoder": encoder, "stamp": stamp}).all()
    return (rows[-1][0] if rows else stamp), [Embedded(*row[1:]) for row in rows]


def of_text(connection: Connection, digest: bytes) -> tuple[str, bytes] | None:
    """The encoder and the vector that was last kept for a text, by whatever article; None where there is none."""
    row = connection.execute(_OF_TEXT, {"digest": digest}).first()
    return None if row is None else (row[0], row[1])


def known(connection: Connection, number: int) -> bool:
    """Whether a vector is kept of a text."""
    return connection.execute(_KNOWN, {"number": number}).first() is not None


_E = embeddings.c
_ADD = insert(embeddings)
_FORGET = delete(embeddings).where(_E.number.in_(bindparam("numbers", expanding=True)))
_SINCE = (
    select(_E.stamp, _E.number, _E.digest, _E.at_s, _E.packed)
    .where(_E.stamp > bindparam("stamp"), _E.encoder == bindparam("encoder"))
    .order_by(_E.stamp)
)
_KNOWN = select(_E.stamp).where(_E.number == bindparam("number")).limit(1)
_OF_TEXT = select(_E.encoder, _E.packed).where(_E.digest == bindparam("digest")).order_by(_E.stamp.desc()).limit(1)
