"""Texts of the index side by side: what is asked of hundreds of them at once is asked of columns, not of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.dedup.minhash import values
from ingest.store.duplicates.signatures import Candidate, Signed

ID = "S32"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a text counts as published, in seconds since 1970."""

    first_s: int
    last_s: int


@dataclass(frozen=True, slots=True)
class Texts:
    """Columns that go together by position."""

    numbers: NDArray[np.int64]
    sizes: NDArray[np.int64]
    first_s: NDArray[np.int64]
    last_s: NDArray[np.int64]
    hashes: NDArray[np.uint16]  # one row a text
    digests: NDArray[np.uint64]  # two a text
    ids: NDArray[np.bytes_]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: NDArray[Any]) -> Texts:
        times = self.first_s[rows], self.last_s[rows]
        return Texts(
            self.numbers[rows], self.sizes[rows], *times, self.hashes[rows], self.digests[rows], self.ids[rows]
        )

    def candidate(self, row: int) -> Candidate:
        """One of them."""
        numbers = int(self.sizes[row]), int(self.first_s[row]), int(self.last_s[row])
        hashes, digest = self.hashes[row].tobytes(), self.digests[row].tobytes()
        return Candidate(int(self.numbers[row]), self.ids[row].decode(), hashes, digest, *numbers)

    def touch(self, rows: NDArray[np.intp], span: Span, reach_s: int) -> NDArray[np.bool_]:
        """Which of some rows have no more than so many seconds between a span and their times."""
        near: NDArray[np.bool_] = self.last_s[rows] >= span.first_s - reach_s
        near &= self.first_s[rows] <= span.last_s + reach_s
        return near

    def saying(self, digest: bytes) -> NDArray[np.bool_]:
        """Which of them have a digest."""
        same: NDArray[np.bool_] = (self.digests == np.frombuffer(digest, dtype=np.uint64)).all(axis=1)
        return same


@dataclass(frozen=True, slots=True)
class Akin:
    """Texts that share weighty terms with one: how many each does, and the rows of a larger table where they stand."""

    shared: NDArray[np.intp]
    texts: Texts
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)


def texts_of(some: Sequence[Candidate | Signed]) -> Texts:
    """Texts side by side, in their order."""
    return Texts(
        numbers=np.array([c.number for c in some], dtype=np.int64),
        sizes=np.array([c.size for c in some], dtype=np.int64),
        first_s=np.array([c.first_s for c in some], dtype=np.int64),
        last_s=np.array([c.last_s for c in some], dtype=np.int64),
        hashes=values([c.hashes for c in some]),
        digests=np.frombuffer(b"".join(c.digest for c in some), dtype=np.uint64).reshape(len(some), 2),
        ids=np.array([c.article_id.encode() for c in some], dtype=ID),
    )


def joined(one: Texts, other: Texts) -> Texts:
    """Both, in order of number."""
    both = (np.concatenate([getattr(one, column.name), getattr(other, column.name)]) for column in fields(Texts))
    texts = Texts(*both)
    return texts[np.argsort(texts.numbers, kind="stable")]
