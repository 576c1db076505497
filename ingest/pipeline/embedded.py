"""The vectors of texts that an encoder was asked about, side by side: in this process's memory, else read from rows.

A process that clusters keeps a copy where `index_memory_mb` has room for it, read before the transaction and read on
before each look-up. Where there is none, the rows of the same days are read each time: the answers are the same, and a
text takes the longer. The rows stay the truth either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import RLock
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, RootTransaction

from ingest.dedup.embedding import Embeddings
from ingest.dedup.postings import LONGER
from ingest.pipeline.lookup import RELATED_S
from ingest.pipeline.texts import Span
from ingest.store.duplicates import embeddings
from ingest.store.duplicates.embeddings import Columns, Embedded, Kind
from ingest.store.engine import Database

SPARE = 1 / 4
"""A copy is read anew once so large a share of it came in since: texts that left the window are still in it."""

LEAST_SPARE = 1_000

BESIDE = 32
"""Bytes of memory that one text takes besides its vector."""

AT_ONCE = 10_000
"""Vectors that are read, and compared, at once."""


@dataclass(frozen=True, slots=True)
class Of:
    """What vectors are of, side by side."""

    numbers: NDArray[np.int64]
    digests: NDArray[np.void]
    at_s: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def near(self, span: Span) -> NDArray[np.bool_]:
        """Which of them are of the same few days."""
        near: NDArray[np.bool_] = (self.at_s >= span.first_s - RELATED_S) & (self.at_s <= span.last_s + RELATED_S)
        return near

    def digest(self, row: int) -> bytes:
        """The digest of one's text."""
        return bytes(self.digests[row])


@dataclass(frozen=True, slots=True)
class Block:
    """Texts with their vectors."""

    of: Of
    vectors: Embeddings

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return int(self.of.numbers.nbytes + self.of.digests.nbytes + self.of.at_s.nbytes + self.vectors.nbytes)

    def without(self, numbers: NDArray[np.int64]) -> Block:
        """Those of other numbers: of a number only what was kept last may be compared, and named once."""
        return self._only(~np.isin(self.of.numbers, numbers))

    def pieces(self, span: Span) -> Iterator[Block]:
        """Those of the same few days, so many at a time: a copy of all of them would double what there is."""
        for start in range(0, len(self.of), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            of = Of(self.of.numbers[part], self.of.digests[part], self.of.at_s[part])
            yield Block(of, self.vectors[part])._only(of.near(span))

    def _only(self, these: NDArray[np.bool_]) -> Block:
        if these.all():
            return self
        rows = np.flatnonzero(these)
        return Block(Of(self.of.numbers[rows], self.of.digests[rows], self.of.at_s[rows]), self.vectors[rows])


def block_of(some: Sequence[Embedded]) -> Block:
    """Vectors of one kind, at least one."""
    return _block(Columns((), *zip(*some, strict=True)))


def _block(columns: Columns) -> Block:
    of = Of(
        numbers=np.array(columns.numbers, dtype=np.int64),
        digests=np.frombuffer(b"".join(columns.digests), dtype="V16"),
        at_s=np.array(columns.at_s, dtype=np.int64),
    )
    return Block(of, np.frombuffer(b"".join(columns.packed), dtype=np.int8).reshape(len(of), -1))


def together(some: Sequence[Of]) -> Of:
    """All of them, in their order."""
    return Of(
        numbers=np.concatenate([of.numbers for of in some]),
        digests=np.concatenate([of.digests for of in some]),
        at_s=np.concatenate([of.at_s for of in some]),
    )


class Copy:
    """The vectors of one kind that this process knows to be in the database, of each number the last: a few blocks,
    each many times as long as the next, as in `ingest.dedup.postings`."""

    def __init__(self, kind: Kind, most_bytes: int) -> None:
        self.kind, self.most_bytes = kind, most_bytes
        self._stamp = self._loaded = 0
        self._blocks: list[Block] = []
        self._lock = RLock()  # against one whose connection, and with it the lock of clustering, was lost

    def __len__(self) -> int:
        """How many vectors there are, some of texts that are gone."""
        return sum(len(block.of) for block in self._blocks)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(block.nbytes for block in self._blocks)

    @property
    def is_stale(self) -> bool:
        """Whether too many of them may be of texts that are gone."""
        return len(self) > LEAST_SPARE + (1 + SPARE) * self._loaded

    def load(self, connection: Connection, count: int) -> None:
        """Read all vectors, of which there are so many, from one state of the database."""
        of = Of(np.empty(count, np.int64), np.empty(count, "V16"), np.empty(count, np.int64))
        whole = Block(of, np.empty((count, self.kind.size), np.int8))
        with self._lock:
            row = 0
            for columns in embeddings.read(connection, self.kind, None, AT_ONCE):
                part, rows = _block(columns), slice(row, row := row + len(columns.stamps))
                of.numbers[rows], of.digests[rows], of.at_s[rows] = part.of.numbers, part.of.digests, part.of.at_s
                whole.vectors[rows] = part.vectors
                self._stamp = max(self._stamp, *columns.stamps)
            self._loaded, self._blocks = count, [whole] if count else []

    def blocks(self, connection: Connection) -> list[Block]:
        """All vectors there are now; those that the own transaction wrote are not kept, for it may be rolled back."""
        with self._lock:
            stamp, rows = embeddings.since(connection, self.kind, self._stamp)
            known = self._blocks
            if rows:
                fresh = block_of(rows)
                known = [*(block.without(fresh.of.numbers) for block in known), fresh]
            if connection.get_transaction() not in _writing:
                self._stamp, self._blocks = stamp, _merged(known)
            return known


def _merged(blocks: list[Block]) -> list[Block]:
    while len(blocks) > 1 and len(blocks[-2].of) < LONGER * len(blocks[-1].of):
        one, other = blocks[-2:]
        vectors = np.concatenate([one.vectors, other.vectors])
        blocks = [*blocks[:-2], Block(together([one.of, other.of]), vectors)]
    return blocks


def hold(database: Database, kind: Kind, most_bytes: int) -> int:
    """Bring vectors into memory where there is room, and what came since; returns the bytes that they take.

    To be called before the transaction: reading 150,000 takes a second, in which nobody else should wait.
    """
    engine = database.writer
    with _holding:
        copy = _copies.get(engine)
        if copy is not None and copy.kind == kind and not copy.is_stale:
            copy.most_bytes = most_bytes
            with database.reading() as connection:
                copy.blocks(connection)
        else:
            let_go(database)  # before it is read anew: there is room for one
            copy = _load(database, kind, most_bytes)
        if copy is None or copy.nbytes > most_bytes:
            let_go(database)
            return 0
        _copies[engine] = copy
        return copy.nbytes


def _load(database: Database, kind: Kind, most_bytes: int) -> Copy | None:
    before = _tried.get(database.writer, 0)
    _tried[database.writer] = before + 1
    if (before + 1).bit_length() == before.bit_length():  # counting takes a tenth of reading
        return None
    with database.reading() as connection:
        count = embeddings.count(connection, kind)
        if count * (kind.size + BESIDE) > most_bytes:
            return None
        copy = Copy(kind, most_bytes)
        copy.load(connection, count)
    _tried.pop(database.writer)
    return copy


def held(database: Database) -> Copy | None:
    """This process's copy, as it last was; None where it has none."""
    return _copies.get(database.writer)


def let_go(database: Database) -> None:
    """Forget this process's copy."""
    _copies.pop(database.writer, None)


def pieces(connection: Connection, kind: Kind, span: Span) -> Iterator[Block]:
    """All vectors of a kind whose texts are of the same few days as a span, so many at a time."""
    copy = _copies.get(connection.engine)
    if copy is None or copy.kind != kind:
        days = span.first_s - RELATED_S, span.last_s + RELATED_S
        for columns in embeddings.read(connection, kind, days, AT_ONCE):
            yield _block(columns)
        return
    for block in copy.blocks(connection):
        yield from block.pieces(span)
    if copy.nbytes > copy.most_bytes:
        _copies.pop(connection.engine, None)


def save(connection: Connection, encoder: str, some: Sequence[Embedded]) -> None:
    """Keep vectors; a copy reads them on once they are committed."""
    embeddings.save(connection, encoder, some)
    if (transaction := connection.get_transaction()) is not None:
        _writing.add(transaction)


_writing: WeakSet[RootTransaction] = WeakSet()
_copies: WeakKeyDictionary[Engine, Copy] = WeakKeyDictionary()
_tried: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()
_holding = RLock()
