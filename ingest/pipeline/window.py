"""The index of candidates in this process's memory: a copy of rows, never more than what the rows say.

Look-ups in the database read hundreds of rows a text, which was two thirds of what placing one cost. A process that
places many texts therefore keeps what it needs of each text in the index, about a kilobyte: its entries, signature,
digest, size and times. The rows stay the truth. Whoever changes a text in the index notes its number in the same
transaction (`ingest.store.duplicates.index_log`); those changes come one after another, and before each look-up the
copy reads anew what was noted since it last did.

Rolled-back changes leave no trace: what is read after the own transaction has changed something counts as provisional,
and is read once more by the next transaction, as is all that was noted since this one's first change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from threading import RLock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from ingest.dedup.features import TOP_TERMS
from ingest.dedup.minhash import PERMUTATIONS, SCHEME, band_keys_of, digest_key
from ingest.dedup.postings import HIGHEST_NUMBER, Entries, Found, Postings, entries
from ingest.pipeline.lookup import Index, Numbers, Rows
from ingest.pipeline.texts import ID, Span, Texts, texts_of
from ingest.store.duplicates import index_log, signatures
from ingest.store.duplicates.signatures import Signed
from ingest.store.engine import Database

BYTES_A_TEXT = 1_100
"""Memory that one text takes; 1,050 were measured with 100,000."""

TEXTS_A_PLACED = 200
"""Reading the window pays once a process has placed one text for so many in it: that is what both cost."""

_TEXTS_AT_ONCE = 10_000
_COLUMNS = tuple(column.name for column in fields(Texts))


class Window:
    """What the index holds, by number and by key. Only used by whoever holds the lock of clustering."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._stamp = 0  # up to here the log was read, and what it said is committed
        self._provisional: set[int] = set()
        self._row: dict[int, int] = {}
        self._free: list[int] = []
        self._columns = _blank(0)
        self._others = np.zeros((0, TOP_TERMS + 1), dtype=np.uint32)  # keys besides those of the bands
        self._postings = Postings()
        self._lock = RLock()  # against one whose connection, and with it the lock of clustering, was lost

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self._row)

    @property
    def nbytes(self) -> int:
        """Bytes of memory, the dictionary of numbers estimated."""
        columns = sum(getattr(self._columns, name).nbytes for name in _COLUMNS)
        return int(columns) + self._others.nbytes + self._postings.nbytes + 100 * len(self._row)

    def load(self, connection: Connection) -> None:
        """Read the whole index from one state of the database."""
        with self._lock:
            self._stamp = index_log.last(connection)
            for some in signatures.all_indexed(connection, SCHEME, _TEXTS_AT_ONCE):
                self._put(some)

    def catch_up(self, connection: Connection) -> bool:
        """Read what was noted since; False where that cannot be known any more, or there is too much to hold."""
        with self._lock:
            noted = index_log.since(connection, self._stamp)
            if noted is None:
                return False
            last, numbers = noted
            self._refresh(connection, self._provisional | numbers)
            if index_log.is_noted(connection):
                self._provisional |= numbers
            else:
                self._stamp, self._provisional = last, set()
            return len(self) * BYTES_A_TEXT <= self.most_bytes and max(numbers, default=0) <= HIGHEST_NUMBER

    def under(self, keys: NDArray[np.uint32], most: int) -> Found:
        """See `ingest.pipeline.lookup.Index`."""
        with self._lock:
            return self._postings.under(keys, most)

    def texts(self, numbers: Numbers, span: Span) -> Texts:
        """See `ingest.pipeline.lookup.Index`."""
        with self._lock:
            rows = list(map(self._row.get, numbers.tolist()))
            return self._columns[np.array([row for row in rows if row is not None] if None in rows else rows, np.intp)]

    def _refresh(self, connection: Connection, numbers: set[int]) -> None:
        """Bring texts in line with their rows."""
        found = {signed.number: signed for signed in signatures.indexed(connection, SCHEME, numbers)}
        known = [number for number in numbers if number in self._row]
        same = {number for number in known if number in found and self._move(found[number])}
        self._drop([number for number in known if number not in same])
        self._put([signed for number, signed in found.items() if number not in same])

    def _move(self, signed: Signed) -> bool:
        """Take over a text's times; False where its row says something else in other ways, too."""
        row = self._row[signed.number]
        if self._columns.candidate(row)[:5] != (
            signed.number, signed.article_id, signed.hashes, signed.digest, signed.size,
        ) or (self._others[row] != _others([signed])[0]).any():  # fmt: skip
            return False
        self._columns.first_s[row], self._columns.last_s[row] = signed.first_s, signed.last_s
        return True

    def _put(self, some: Sequence[Signed]) -> None:
        if not some:
            return
        rows = self._room(len(some))
        columns, given = self._columns, texts_of(some)
        for name in _COLUMNS:
            getattr(columns, name)[rows] = getattr(given, name)
        self._others[rows] = _others(some)
        self._row.update(zip(given.numbers.tolist(), rows.tolist(), strict=True))
        self._postings.add(self._entries(rows))

    def _drop(self, numbers: Iterable[int]) -> None:
        rows = [self._row.pop(number) for number in numbers]
        if rows:
            self._postings.remove(self._entries(np.array(rows, dtype=np.intp)))
            self._free += rows

    def _room(self, count: int) -> NDArray[np.intp]:
        """Rows for so many texts."""
        if len(self._free) < count:
            there, more = len(self._others), max(count, len(self._others) // 8, 1000)
            self._columns = _longer(self._columns, more)
            self._others = np.concatenate([self._others, np.zeros((more, TOP_TERMS + 1), dtype=np.uint32)])
            self._free += range(there + more - 1, there - 1, -1)
        return np.array([self._free.pop() for _ in range(count)], dtype=np.intp)

    def _entries(self, rows: NDArray[np.intp]) -> Entries:
        keys = np.concatenate([band_keys_of(self._columns.hashes[rows]), self._others[rows]], axis=1)
        return entries(keys.ravel(), np.repeat(self._columns.numbers[rows], keys.shape[1]))


def _others(some: Sequence[Signed]) -> NDArray[np.uint32]:
    """The keys of the digest and of the weightiest terms of each; those with fewer terms have the digest's again."""
    keys = np.empty((len(some), TOP_TERMS + 1), dtype=np.uint32)
    keys[:] = np.array([digest_key(signed.digest) for signed in some], dtype=np.int32).view(np.uint32)[:, np.newaxis]
    for row, signed in zip(keys, some, strict=True):
        terms = np.frombuffer(signed.terms, dtype="<u4")
        row[: len(terms)] = terms
    return keys


def _blank(count: int) -> Texts:
    return Texts(
        numbers=np.zeros(count, dtype=np.int64),
        sizes=np.zeros(count, dtype=np.int64),
        first_s=np.zeros(count, dtype=np.int64),
        last_s=np.zeros(count, dtype=np.int64),
        hashes=np.zeros((count, PERMUTATIONS), dtype=np.uint16),
        digests=np.zeros((count, 2), dtype=np.uint64),
        ids=np.zeros(count, dtype=ID),
    )


def _longer(columns: Texts, more: int) -> Texts:
    blank = _blank(more)
    return Texts(*(np.concatenate([getattr(columns, name), getattr(blank, name)]) for name in _COLUMNS))


_windows: WeakKeyDictionary[Engine, Window] = WeakKeyDictionary()
_placed: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()
_loading = RLock()


def hold(database: Database, most_bytes: int, placing: int = 1) -> None:
    """Bring the index into memory once that pays and where there is room; to be called before the transaction.

    most_bytes: what there is room for now; a copy that is larger by then goes with the next look-up.
    placing: how many texts the caller is about to place.
    """
    engine = database.writer
    if (window := _windows.get(engine)) is not None:
        window.most_bytes = most_bytes
        return
    with _loading:
        before = _placed.get(engine, 0)
        _placed[engine] = now = before + placing
        if engine in _windows or now.bit_length() == before.bit_length():  # counting the window takes milliseconds
            return
        with database.reading() as connection:
            count, highest = signatures.count_indexed(connection, SCHEME)
            if count * BYTES_A_TEXT <= most_bytes and count <= TEXTS_A_PLACED * now and highest <= HIGHEST_NUMBER:
                window = Window(most_bytes)
                window.load(connection)
                _windows[engine] = window


def held(database: Database) -> Window | None:
    """This process's copy, as it last was; None where it has none."""
    return _windows.get(database.writer)


def let_go(database: Database) -> None:
    """Forget this process's copy."""
    _forget(database.writer)


def catch_up(connection: Connection) -> Window | None:
    """This process's copy, brought up to date; None where it has none, or none any more.

    At the beginning of a transaction this is worth doing even before the first look-up: what is read after the
    transaction's own changes is read again by the next one.
    """
    window = _windows.get(connection.engine)
    if window is not None and not window.catch_up(connection):
        _forget(connection.engine)
        return None
    return window


def index_of(connection: Connection) -> Index:
    """What answers look-ups in a transaction: this process's copy, where it has one, else the rows."""
    window = catch_up(connection)
    return Rows(connection) if window is None else window


def _forget(engine: Engine) -> None:
    _windows.pop(engine, None)
    _placed.pop(engine, None)
