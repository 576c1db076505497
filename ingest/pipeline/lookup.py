"""What the index says about several newcomers, asked once, and what they say about one another as they come in.

Two questions for all of them: the numbers under their keys, then the texts of those numbers. A newcomer that was given
a place is added, so that the next one finds it without asking again. Whether rows answer or this process's own copy of
them (`ingest.pipeline.window`) makes no difference here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from ingest.dedup import related
from ingest.dedup.candidates import PER_KEY
from ingest.dedup.minhash import BANDS, SCHEME
from ingest.dedup.postings import Found, newest, stretches
from ingest.pipeline.compare import Newcomer
from ingest.pipeline.texts import Akin, Span, Texts, joined, texts_of
from ingest.store.duplicates import bands, signatures
from ingest.store.duplicates.signatures import Candidate

RELATED_S = int(related.WINDOW.total_seconds())

Numbers = NDArray[np.int64]


class Index(Protocol):
    """What a look-up asks."""

    def under(self, keys: NDArray[np.uint32], most: int) -> Found:
        """The numbers under each of some ascending keys, of each the `most` highest."""

    def texts(self, numbers: Numbers, span: Span) -> Texts:
        """The texts of some ascending numbers, in this order; at least those whose times touch the span."""


class Rows:
    """The index as it stands in the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def under(self, keys: NDArray[np.uint32], most: int) -> Found:
        """See `Index`."""
        rows = bands.under(self._connection, keys.view(np.int32).tolist(), most)
        found = np.array(rows, dtype=np.int64).reshape(len(rows), 2)
        of = (found[:, 0] & 0xFFFFFFFF).astype(np.uint32)  # the database's order is that of signed keys
        order = np.lexsort((found[:, 1], of))
        return newest(Found(found[order, 1], np.r_[np.searchsorted(of[order], keys), len(rows)]), most)

    def texts(self, numbers: Numbers, span: Span) -> Texts:
        """See `Index`."""
        found = signatures.candidates(self._connection, numbers.tolist(), SCHEME, span.first_s, span.last_s)
        return texts_of([found[number] for number in sorted(found)])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one newcomer asks for: places of its keys among all that are asked for, and what stands under them."""

    near: NDArray[np.intp]  # places of the keys of its bands and of its digest, this last
    terms: NDArray[np.intp]
    found_near: Numbers
    found_akin: Numbers
    shared: NDArray[np.intp]  # with each of these


class Lookup:
    """The part of the index that some newcomers' keys lead to."""

    def __init__(self, index: Index, coming: Sequence[tuple[Newcomer, Span]], reach_s: int) -> None:
        self._reach_s = reach_s
        some = [new for new, _ in coming]
        keys, places = _different(_unsigned([key for new in some for key in (*new.bands, new.same, *new.terms)]))
        self._found = index.under(keys, PER_KEY)
        self._several = np.bincount(places, minlength=len(keys)) > 1  # keys of more than one newcomer
        self._added: dict[int, list[int]] = {}  # numbers by place
        self._own: dict[int, Candidate] = {}
        self._asked = dict(zip([new.text.article_id for new in some], self._ask(some, places), strict=True))
        wanted = [numbers for one in self._asked.values() for numbers in (one.found_near, one.found_akin)]
        after = min((span.first_s for _, span in coming), default=0) - reach_s
        before = max((span.last_s for _, span in coming), default=0) + reach_s
        self._texts = index.texts(_counted(np.concatenate([*wanted, _NONE]))[0], Span(after, before))

    def _ask(self, some: Sequence[Newcomer], places: NDArray[np.intp]) -> Iterator[_Asked]:
        ends = np.cumsum([BANDS + 1 + len(new.terms) for new in some])
        split = [np.split(part, [BANDS + 1]) for part in np.split(places, ends[:-1])] if some else []
        near = self._of_each([near for near, _ in split])
        akin = self._of_each([self._telling(terms) for _, terms in split])
        for (bands_, terms), (found_near, _), (found_akin, shared) in zip(split, near, akin, strict=True):
            enough = shared >= related.SHARED_TERMS
            yield _Asked(bands_, terms, found_near, found_akin[enough], shared[enough])

    def _of_each(self, asked: Sequence[NDArray[np.intp]]) -> list[tuple[Numbers, NDArray[np.intp]]]:
        """For each newcomer the different numbers under its places, ascending, and how often each stands there."""
        if not asked:
            return []
        places = np.concatenate(asked)
        starts, ends = self._found.bounds[places], self._found.bounds[places + 1]
        numbers = self._found.numbers[stretches(starts, ends)]
        owners = np.repeat(np.repeat(np.arange(len(asked)), [len(one) for one in asked]), ends - starts)
        pairs, times = _counted((owners << _NUMBER_BITS) | numbers)
        cuts = np.searchsorted(pairs >> _NUMBER_BITS, np.arange(1, len(asked)))
        pairs &= (1 << _NUMBER_BITS) - 1
        return list(zip(np.split(pairs, cuts), np.split(times, cuts), strict=True))

    def near(self, new: Newcomer, span: Span) -> Texts:
        """Texts that share a band or the whole text with a newcomer, in order of number."""
        asked = self._asked[new.text.article_id]
        added = self._added_under(asked.near)
        numbers = self._counted_with(asked.near, added)[0] if added else asked.found_near
        return self._read(numbers, span, self._reach_s)

    def akin(self, new: Newcomer, span: Span) -> Akin:
        """The texts that share enough weighty terms with a newcomer, and how many each does."""
        asked = self._asked[new.text.article_id]
        numbers, shared = asked.found_akin, asked.shared
        added = self._added_under(asked.terms)
        if added:
            numbers, shared = self._counted_with(self._telling(asked.terms), added)
            numbers, shared = numbers[enough := shared >= related.SHARED_TERMS], shared[enough]
        texts, rows = self._rows(numbers, span, RELATED_S)
        return Akin(shared[np.searchsorted(numbers, texts.numbers[rows])], texts, rows)

    def _telling(self, terms: NDArray[np.intp]) -> NDArray[np.intp]:
        """The places of terms, those that few texts have twice: they say as much as two others."""
        texts = self._found.bounds[terms + 1] - self._found.bounds[terms]
        if self._added:
            texts = texts + np.array([len(self._added.get(place, ())) for place in terms.tolist()], dtype=np.int64)
        return np.concatenate([terms, terms[texts <= related.FEW]])

    def same_texts(self, new: Newcomer, span: Span) -> list[Candidate]:
        """Texts that say the very same, the first first: few, since exact copies are none of their own."""
        place = self._asked[new.text.article_id].near[-1:]
        added = self._added_under(place)
        if self._found.bounds[place] == self._found.bounds[place + 1] and not added:
            return []
        texts = self._read(self._counted_with(place, added)[0], span, self._reach_s)
        return [texts.candidate(row) for row in np.flatnonzero(texts.saying(new.text.digest)).tolist()]

    def add(self, other: Candidate, new: Newcomer) -> None:
        """Let those that come later find a newcomer."""
        self._own[other.number] = other
        asked = self._asked[new.text.article_id]
        for places in (asked.near, asked.terms):
            for place in places[self._several[places]].tolist():
                self._added.setdefault(place, []).append(other.number)

    def extend(self, known: Candidate, at_s: int) -> Candidate:
        """Note that an exact copy of a text came with this time; returns the text as it now stands."""
        known = known._replace(first_s=min(known.first_s, at_s), last_s=max(known.last_s, at_s))
        self._own[known.number] = known
        return known

    def _added_under(self, places: NDArray[np.intp]) -> dict[int, list[int]]:
        """The newcomers that were added under places, newest last."""
        shared = places[self._several[places]].tolist()
        return {place: self._added[place] for place in shared if place in self._added}

    def _counted_with(self, places: NDArray[np.intp], added: dict[int, list[int]]) -> tuple[Numbers, NDArray[np.intp]]:
        """The different numbers under places, those added among them, and how often each stands there."""
        starts, ends = self._found.bounds[places], self._found.bounds[places + 1]
        for position, place in enumerate(places.tolist()):
            if place in added:  # they are the newest and push the oldest out
                starts[position] = max(starts[position], ends[position] - max(0, PER_KEY - len(added[place])))
        stored = self._found.numbers[stretches(starts, ends)]
        newest = [number for place in places.tolist() for number in added.get(place, ())[-PER_KEY:]]
        return _counted(np.concatenate([stored, np.array(newest, dtype=np.int64)]))

    def _read(self, numbers: Numbers, span: Span, reach_s: int) -> Texts:
        texts, rows = self._rows(numbers, span, reach_s)
        return texts[rows]

    def _rows(self, numbers: Numbers, span: Span, reach_s: int) -> tuple[Texts, NDArray[np.intp]]:
        """Where the texts of some ascending numbers stand; without those that the window or the scheme leaves out."""
        own = [self._own[number] for number in numbers.tolist() if number in self._own] if self._own else []
        texts, places = self._texts, np.searchsorted(self._texts.numbers, numbers)
        places = places[places < len(texts)]
        places = places[texts.numbers[places] == numbers[: len(places)]]
        places = places[texts.touch(places, span, reach_s)]
        if not own:
            return texts, places
        places = places[~np.isin(texts.numbers[places], [other.number for other in own])]
        ours = texts_of(own)
        both = joined(texts[places], ours[ours.touch(np.arange(len(own)), span, reach_s)])
        return both, np.arange(len(both))


_NUMBER_BITS = 40

_NONE: Numbers = np.zeros(0, dtype=np.int64)


def _unsigned(keys: Sequence[int]) -> NDArray[np.uint32]:
    return np.array(keys, dtype=np.int32).view(np.uint32)


def _different(keys: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """The different keys, ascending, and the place of each key among them."""
    order = np.argsort(keys, kind="stable")
    first = _first(keys[order])
    places = np.empty(len(keys), dtype=np.intp)
    places[order] = np.cumsum(first) - 1
    return keys[order][first], places


def _counted(numbers: Numbers) -> tuple[Numbers, NDArray[np.intp]]:
    """The different numbers, ascending, and how often each stands there."""
    ordered = np.sort(numbers)
    starts = np.flatnonzero(_first(ordered))
    return ordered[starts], np.diff(np.r_[starts, len(ordered)])


def _first(ordered: NDArray[np.uint32] | Numbers) -> NDArray[np.bool_]:
    """Where in an ordered array each value comes first."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
