"""An index in memory answers what a plain one would, whatever came, went and came back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.dedup import postings
from ingest.dedup.postings import HIGHEST_NUMBER, Entries, Found, Postings, entries, newest, stretches

KEYS = st.sampled_from([0, 1, 2, 2**31 - 1, 2**31, 2**32 - 1])
NUMBERS = st.sampled_from([0, 1, 2, 3, 7, 1000, HIGHEST_NUMBER])
PAIRS = st.sets(st.tuples(KEYS, NUMBERS), max_size=12)


def packed(pairs: Iterable[tuple[int, int]]) -> Entries:
    keys, numbers = np.array(list(pairs), dtype=np.int64).reshape(-1, 2).T
    return entries(keys.astype(np.uint32), numbers)


def asked(index: Postings, keys: Iterable[int], most: int) -> dict[int, list[int]]:
    ordered = sorted(keys)
    found = index.under(np.array(ordered, dtype=np.uint32), most)
    return {
        key: found.numbers[start:end].tolist()
        for key, start, end in zip(ordered, found.bounds, found.bounds[1:], strict=False)
    }


@settings(max_examples=300)
@given(st.lists(st.tuples(st.booleans(), PAIRS), max_size=25), st.sets(KEYS), st.integers(1, 5))
def test_whatever_came_and_went_the_newest_under_each_key_are_found(
    steps: list[tuple[bool, set[tuple[int, int]]]], keys: set[int], most: int
) -> None:
    index, there = Postings(), set[tuple[int, int]]()
    for comes, pairs in steps:
        pairs = pairs - there if comes else pairs & there
        if comes:
            index.add(packed(pairs))
            there |= pairs
        else:
            index.remove(packed(pairs))
            there -= pairs
        expected = {key: sorted(n for k, n in there if k == key)[-most:] for key in keys}
        assert asked(index, keys, most) == expected
        assert len(index) == len(there)


def test_many_small_additions_make_few_runs_and_departures_leave_no_room_taken() -> None:
    index, rng = Postings(), np.random.default_rng(5)
    keys = rng.integers(0, 2**32, size=(2000, 10), dtype=np.uint32)
    for number, row in enumerate(keys):
        index.add(entries(row, np.full(10, number)))
    assert len(index) == 20_000
    assert len(index._runs) <= 6
    for number, row in enumerate(keys[:1900]):
        index.remove(entries(row, np.full(10, number)))
    assert len(index) == 1000
    assert index.nbytes <= 8 * 1000 * (1 + 2 * postings.GONE_SHARE) + 8


def test_a_key_in_ten_thousand_texts_is_not_read_whole() -> None:
    index = Postings()
    index.add(packed((5, number) for number in range(10_000)))
    assert asked(index, [4, 5, 6], 100) == {4: [], 5: list(range(9_900, 10_000)), 6: []}
    index.remove(packed((5, number) for number in range(9_950, 10_000)))
    assert asked(index, [5], 100) == {5: list(range(9_850, 9_950))}


@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_newest_are_the_highest(most: int) -> None:
    found = newest(Found(np.array([1, 2, 3, 9, 4, 5]), np.array([0, 3, 4, 4, 6])), most)
    parts = np.split(found.numbers, found.bounds[1:-1])
    assert [part.tolist() for part in parts] == [[1, 2, 3][-most:], [9], [], [4, 5][-most:]]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5))))
def test_stretches_follow_one_another(some: list[tuple[int, int]]) -> None:
    starts, lengths = np.array(some, dtype=np.intp).reshape(-1, 2).T
    expected = [place for start, length in some for place in range(start, start + length)]
    assert stretches(starts, starts + lengths).tolist() == expected
