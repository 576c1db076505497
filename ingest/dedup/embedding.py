"""What a text means, as a vector of a sentence encoder that is handed in: kept in eight bits, compared by its cosine.

Vectors are scaled so that their largest number is 127. Sums of products of such numbers are exact in single precision
up to a thousand dimensions: who compares texts one by one and who compares them all at once find the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.int8]  # one row a text

LARGEST = 127

NEAREST = 24
"""Texts nearest to one that are weighed beside those found by words. Ten hold every pair of accounts of the set that
stand in the window together, five all but one; the rest is for events that many tell of."""

LEAST_COSINE = 0.3
"""Texts further apart than this are not weighed: the furthest of 113 pairs of accounts has .35, the next .45."""

_AT_ONCE = 1_000

_ROWS, _ALONE = 16, 2**18
"""Products of so many numbers at most OpenBLAS computes alone. For larger ones it waits for its other threads, and
beside workers that keep the processors busy each wait is a slice of time: twenty texts beside 65,000 took .5 to 1 s
on two such processors, in pieces of this size .04 s, which is what one thread takes for all at once."""


class Encoder(Protocol):
    """Turns English texts into vectors; see `models.minilm` for the real one."""

    @property
    def label(self) -> str:
        """What made the vectors; those of two labels are never compared."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, of length 1."""


def embed(encoder: Encoder, texts: Sequence[str]) -> Embeddings:
    """The vectors of texts as they are kept."""
    vectors = encoder.encode(texts)
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-9)
    found: Embeddings = np.rint(vectors / largest * LARGEST).astype(np.int8)
    return found


def cosines(some: Embeddings, others: Embeddings) -> NDArray[np.float32]:
    """The cosine of each of some texts with each of others; one row for each of the first."""
    one = some.astype(np.float32)
    lengths = _lengths(one)[:, np.newaxis]
    found = np.empty((len(some), len(others)), dtype=np.float32)
    for start in range(0, len(others), _AT_ONCE):  # so many as the processor has at hand
        other = others[start : start + _AT_ONCE].astype(np.float32)
        part = found[:, start : start + _AT_ONCE]
        _products(one, other, part)
        part /= lengths * _lengths(other)
    return found


def _products(one: NDArray[np.float32], other: NDArray[np.float32], into: NDArray[np.float32]) -> None:
    columns = max(1, _ALONE // (_ROWS * max(1, one.shape[1])))
    for row in range(0, len(one), _ROWS):
        for column in range(0, len(other), columns):
            place = np.s_[row : row + _ROWS, column : column + columns]
            into[place] = one[row : row + _ROWS] @ other[column : column + columns].T


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.maximum(np.float32(1), np.sqrt(np.einsum("ij,ij->i", rows, rows)))
    return found


def nearest(close: NDArray[np.float32], most: int) -> NDArray[np.intp]:
    """Positions of the highest cosines, the highest first, the earlier of equals; at most so many, none too low."""
    good = np.flatnonzero(close >= LEAST_COSINE)
    if len(good) > 4 * most:
        good = good[close[good] >= np.partition(close[good], len(good) - most)[len(good) - most]]
    found: NDArray[np.intp] = good[np.lexsort((good, -close[good]))][:most]
    return found


class Meanings:
    """The vectors of some texts, by number: what each is close to."""

    def __init__(self, numbers: Sequence[int], vectors: Embeddings) -> None:
        self.numbers = tuple(numbers)
        self._vectors = vectors
        self._row = {number: row for row, number in enumerate(numbers)}

    def cosines(self, number: int, others: Sequence[int]) -> list[float | None]:
        """The cosine of one text with each of others; None where either has no vector."""
        known = [row for other in others if (row := self._row.get(other)) is not None]
        row = self._row.get(number)
        if row is None or not known:
            return [None] * len(others)
        close = iter(cosines(self._vectors[[row]], self._vectors[known])[0].tolist())
        return [next(close) if other in self._row else None for other in others]

    def nearest(
        self, groups: NDArray[np.int64], first: NDArray[np.float64], last: NDArray[np.float64], reach_s: float
    ) -> dict[int, list[int]]:
        """For each text those nearest to it that are of other groups and no more than so many seconds away.

        first, last: when each text came, in seconds; minus and plus infinity where nobody knows.
        """
        found: dict[int, list[int]] = {}
        for start in range(0, len(self.numbers), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            close = cosines(self._vectors[part], self._vectors)
            close[groups[part, np.newaxis] == groups] = -1
            close[(first[part, np.newaxis] - last > reach_s) | (first - last[part, np.newaxis] > reach_s)] = -1
            for number, row in zip(self.numbers[part], close, strict=True):
                found[number] = [self.numbers[place] for place in nearest(row, NEAREST).tolist()]
        return found
