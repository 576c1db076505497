"""A look-up finds what stands in the index and what came before in the same transaction, as one index."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.dedup import related
from ingest.dedup.minhash import BANDS
from ingest.dedup.postings import Found, Postings, entries
from ingest.pipeline import lookup
from ingest.pipeline.compare import Newcomer, newcomer, text_of
from ingest.pipeline.lookup import Lookup, Numbers
from ingest.pipeline.texts import Span, Texts, texts_of
from ingest.store.duplicates.signatures import Candidate
from tests.ingest.dedup.news import text
from tests.ingest.pipeline.clustering import article

NOW = Span(1000, 1000)


class Stored:
    """An index of a few texts, each under its keys."""

    def __init__(self, *some: tuple[Candidate, tuple[int, ...]]) -> None:
        self._texts = {one.number: one for one, _ in some}
        self._postings = Postings()
        for one, keys in some:
            numbers = np.full(len(keys), one.number, dtype=np.int64)
            self._postings.add(entries(np.array(keys, dtype=np.int32).view(np.uint32), numbers))

    def under(self, keys: NDArray[np.uint32], most: int) -> Found:
        return self._postings.under(keys, most)

    def texts(self, numbers: Numbers, span: Span) -> Texts:
        assert numbers.tolist() == sorted(set(numbers.tolist())), "each asked for once, in order"
        return texts_of([self._texts[number] for number in numbers.tolist() if number in self._texts])


def coming(number: int, *, bands: tuple[int, ...] = (), terms: tuple[int, ...] = ()) -> Newcomer:
    """A newcomer under chosen keys; the keys it is not given are its own."""
    new = newcomer(text_of(article(number, text(number))))
    own = tuple(1_000_000 * number + n for n in range(BANDS))
    return replace(new, bands=(*bands, *own)[:BANDS], terms=terms)


def candidate(new: Newcomer, number: int, at_s: int = 1000) -> Candidate:
    return Candidate(number, new.text.article_id, new.hashes, new.text.digest, 30, at_s, at_s)


def numbers(texts: Texts) -> list[int]:
    return texts.numbers.tolist()


def test_what_came_before_in_the_transaction_is_found_beside_what_is_stored() -> None:
    old, one, other = coming(1, bands=(7,)), coming(20, bands=(7, 8)), coming(30, bands=(8, 7))
    found = Lookup(Stored((candidate(old, 1), old.keys)), [(one, NOW), (other, NOW)], 100)
    assert numbers(found.near(one, NOW)) == [1]
    assert numbers(found.near(other, NOW)) == [1], "not there yet"
    found.add(candidate(one, 20), one)
    assert numbers(found.near(other, NOW)) == [1, 20]


def test_those_that_come_in_push_the_oldest_of_a_key_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PER_KEY", 3)
    stored = [coming(n, bands=(7,)) for n in (1, 2, 3, 4)]
    some = [coming(n, bands=(7,)) for n in (11, 12, 13, 14, 15)]
    index = Stored(*((candidate(new, n), new.keys) for n, new in enumerate(stored, 1)))
    found = Lookup(index, [(new, NOW) for new in some], 100)
    seen = []
    for number, new in enumerate(some, 11):
        seen.append(numbers(found.near(new, NOW)))
        found.add(candidate(new, number), new)
    assert seen == [[2, 3, 4], [3, 4, 11], [4, 11, 12], [11, 12, 13], [12, 13, 14]]


def test_terms_are_counted_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(related, "FEW", 0)
    old, one, other = coming(1, terms=(1, 2, 3)), coming(20, terms=(2, 3, 4)), coming(30, terms=(1, 2, 4))
    found = Lookup(Stored((candidate(old, 1), old.keys)), [(one, NOW), (other, NOW)], 100)
    akin = found.akin(one, NOW)
    assert (akin.shared.tolist(), numbers(akin.texts[akin.rows])) == ([2], [1])
    found.add(candidate(one, 20), one)
    akin = found.akin(other, NOW)
    assert (akin.shared.tolist(), numbers(akin.texts[akin.rows])) == ([2, 2], [1, 20])


def test_times_decide_and_a_copy_that_came_extends_them() -> None:
    old, one, other = coming(1, bands=(7,)), coming(20, bands=(7,)), coming(30, bands=(7,))
    later = Span(1200, 1200)
    found = Lookup(Stored((candidate(old, 1), old.keys)), [(one, NOW), (other, later)], 100)
    assert numbers(found.near(other, later)) == []
    extended = found.extend(candidate(old, 1), 1150)
    assert (extended.first_s, extended.last_s) == (1000, 1150)
    assert numbers(found.near(other, later)) == [1]
    assert found.near(other, later).last_s.tolist() == [1150]
    assert numbers(found.near(one, NOW)) == [1], "once, though it stands in the index as it was, too"
    assert numbers(found.near(one, Span(850, 850))) == []
    found.extend(extended, 900)
    assert numbers(found.near(one, Span(850, 850))) == [1]


def test_what_says_the_same_comes_in_order() -> None:
    old, copy = coming(1), coming(20)
    copy = replace(copy, text=replace(old.text, article_id="a0000020"), same=old.same)
    third = replace(copy, text=replace(old.text, article_id="a0000030"))
    index = Stored((candidate(old, 5), old.keys), (candidate(old, 3, at_s=10), old.keys))
    found = Lookup(index, [(copy, NOW), (third, NOW)], 100)
    assert [one.number for one in found.same_texts(copy, NOW)] == [5], "the third is out of reach in time"
    found.add(candidate(copy, 4), copy)
    assert [one.number for one in found.same_texts(third, NOW)] == [4, 5]


def test_a_lookup_for_nobody_asks_for_nothing() -> None:
    Lookup(Stored(), [], 100)
