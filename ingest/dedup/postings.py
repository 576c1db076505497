"""Numbers under keys, in memory: what an index of bands holds, at eight bytes an entry.

An entry is one number of 64 bits, the key above and the text's number below, so that sorting brings those of a key
together with the newest last. Entries stand in a few sorted runs, each many times as long as the next: what comes in
is a new short run, and runs of like length are merged, as in a log-structured merge tree (O'Neil et al. 1996). What
leaves is noted apart until there is enough of it to make the runs anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Entries = NDArray[np.uint64]

LONGER = 8
"""A run is at least so many times as long as the next: at 100,000 texts there are some five, and an entry is moved
about twenty times in its life."""

GONE_SHARE = 1 / 16
"""When so large a share of the entries is gone, the runs are made anew without them."""

HIGHEST_NUMBER = 2**32 - 2

_KEY_BITS = np.uint64(32)
_NUMBER_MASK = np.uint64(2**32 - 1)
_NONE: Entries = np.zeros(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Found:
    """The numbers under some keys: those of the i-th key are `numbers[bounds[i] : bounds[i + 1]]`, ascending."""

    numbers: NDArray[np.int64]
    bounds: NDArray[np.intp]


class Postings:
    """Which numbers stand under which keys. Numbers are at most `HIGHEST_NUMBER`, keys of 32 bits, signed or not."""

    def __init__(self) -> None:
        self._runs: list[Entries] = []
        self._gone = _NONE  # sorted; in the runs, but no longer there

    def __len__(self) -> int:
        """How many entries there are."""
        return sum(map(len, self._runs)) - len(self._gone)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(run.nbytes for run in self._runs) + self._gone.nbytes

    def add(self, some: Entries) -> None:
        """Put in entries that are not there, in any order."""
        some = _ordered(some)
        back = _among(some, self._gone)
        if back.any():
            self._gone = self._gone[~_among(self._gone, some)]
            some = some[~back]
        if not len(some):
            return
        self._runs.append(some)
        while len(self._runs) > 1 and len(self._runs[-2]) < LONGER * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = _merged(self._runs[-1], last)

    def remove(self, some: Entries) -> None:
        """Take out entries that are there."""
        self._gone = _merged(self._gone, _ordered(some))
        if len(self._gone) > GONE_SHARE * (len(self) + len(self._gone)):
            self._runs = [left for run in self._runs if len(left := run[~_among(run, self._gone)])]
            self._gone = _NONE

    def under(self, keys: NDArray[np.uint32], most: int) -> Found:
        """The numbers under each of some ascending keys, of each the `most` highest."""
        low = keys.astype(np.uint64) << _KEY_BITS
        gone = np.subtract(*_ends(self._gone, low)[::-1])
        pieces = []
        for run in self._runs:
            starts, ends = _ends(run, low)
            pieces.append(run[stretches(np.maximum(starts, ends - most - gone), ends)])
        found = np.sort(np.concatenate(pieces), kind="stable") if pieces else _NONE
        if len(self._gone):
            found = found[~_among(found, self._gone)]
        bounds = np.r_[np.searchsorted(found, low), len(found)]
        return newest(Found((found & _NUMBER_MASK).astype(np.int64), bounds), most)


def newest(found: Found, most: int) -> Found:
    """Of each key the `most` highest numbers."""
    starts, ends = np.maximum(found.bounds[:-1], found.bounds[1:] - most), found.bounds[1:]
    if (starts == found.bounds[:-1]).all():
        return found
    return Found(found.numbers[stretches(starts, ends)], np.r_[0, np.cumsum(ends - starts)])


def entries(keys: NDArray[np.uint32], numbers: NDArray[np.int64]) -> Entries:
    """The entries of keys with the number of the text that each is of."""
    return (keys.astype(np.uint64) << _KEY_BITS) | numbers.astype(np.uint64)


def stretches(starts: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """The positions of several stretches of one array, one after another."""
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


def _ordered(some: Entries) -> Entries:
    """Entries sorted, each once. numpy's own `unique` hashes them first, which takes ten times as long."""
    some = np.sort(some)
    return some[np.r_[True, some[1:] != some[:-1]]] if len(some) else some


def _ends(run: Entries, low: Entries) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the entries of each of some ascending keys begin and end. Both are searched for side by side: what the
    search for one has read is at hand for the other."""
    asked = np.empty(2 * len(low), dtype=np.uint64)
    asked[::2], asked[1::2] = low, low | _NUMBER_MASK
    places = np.searchsorted(run, asked)
    return places[::2], places[1::2]


def _among(some: Entries, others: Entries) -> NDArray[np.bool_]:
    """Which of some entries are among others, which are sorted."""
    if not len(others):
        return np.zeros(len(some), dtype=np.bool_)
    places = np.searchsorted(others, some)
    places[places == len(others)] = 0
    same: NDArray[np.bool_] = others[places] == some
    return same


def _merged(one: Entries, other: Entries) -> Entries:
    return np.sort(np.concatenate([one, other]), kind="stable")  # finds the two sorted halves
