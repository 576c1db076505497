"""What the index says about several newcomers, asked once, and what they say about one another as they come in.

Two statements for all of them: the entries under their keys, then the texts those entries name. A newcomer that was
given a place is added, so that the next one finds it without asking again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection

from ingest.dedup import related
from ingest.dedup.candidates import PER_KEY
from ingest.dedup.minhash import SCHEME, digest_key
from ingest.pipeline.compare import Newcomer
from ingest.store.duplicates import signatures
from ingest.store.duplicates.signatures import Candidate

RELATED_S = int(related.WINDOW.total_seconds())


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a text counts as published, in seconds since 1970."""

    first_s: int
    last_s: int

    def touches(self, other: Candidate, reach_s: int) -> bool:
        """Whether no more than so many seconds lie between this and another's time."""
        return other.last_s >= self.first_s - reach_s and other.first_s <= self.last_s + reach_s


class Lookup:
    """The part of the index that some newcomers' keys lead to."""

    def __init__(self, connection: Connection, coming: Sequence[tuple[Newcomer, Span]], reach_s: int) -> None:
        self._reach_s = reach_s
        self._under: dict[int, list[int]] = {}
        keys = {key for new, _ in coming for key in new.keys}
        for key, entries in groupby(signatures.under(connection, keys, PER_KEY), key=itemgetter(0)):
            self._under[key] = [number for _, number in entries]
        wanted = {number for new, _ in coming for number in self._wanted(new)}
        after = min((span.first_s for _, span in coming), default=0) - reach_s
        before = max((span.last_s for _, span in coming), default=0) + reach_s
        self._texts = signatures.candidates(connection, wanted, SCHEME, after, before)

    def near(self, new: Newcomer, span: Span) -> list[Candidate]:
        """Texts that share a band or the whole text with a newcomer, in order of number."""
        return [
            other
            for number in sorted(self._entries((*new.bands, digest_key(new.text.digest))))
            if (other := self._texts.get(number)) is not None and span.touches(other, self._reach_s)
        ]

    def akin(self, new: Newcomer, span: Span) -> list[tuple[int, Candidate]]:
        """How many weighty terms it shares with a newcomer, and the text: those that share enough of them."""
        return [
            (shared, other)
            for number, shared in self._entries(new.terms).items()
            if shared >= related.SHARED_TERMS
            and (other := self._texts.get(number)) is not None
            and span.touches(other, RELATED_S)
        ]

    def same_text(self, new: Newcomer, span: Span) -> Candidate | None:
        """The first text that says the very same."""
        found = (self._texts.get(number) for number in self._under.get(digest_key(new.text.digest), ()))
        same = [other for other in found if other is not None and other.digest == new.text.digest]
        return min((other for other in same if span.touches(other, self._reach_s)), default=None)

    def add(self, other: Candidate, new: Newcomer) -> None:
        """Let those that come later find a newcomer."""
        self._texts[other.number] = other
        for key in new.keys:
            self._under.setdefault(key, []).append(other.number)

    def extend(self, number: int, at_s: int) -> Candidate:
        """Note that an exact copy of a text came with this time; returns the text as it now stands."""
        known = self._texts[number]
        known = known._replace(first_s=min(known.first_s, at_s), last_s=max(known.last_s, at_s))
        self._texts[number] = known
        return known

    def _entries(self, keys: Iterable[int]) -> Counter[int]:
        """The newest entries under the keys: numbers, and under how many of the keys each stands."""
        return Counter([number for key in keys for number in self._under.get(key, ())[-PER_KEY:]])

    def _wanted(self, new: Newcomer) -> Iterable[int]:
        yield from self._entries((*new.bands, digest_key(new.text.digest)))
        yield from (n for n, shared in self._entries(new.terms).items() if shared >= related.SHARED_TERMS)
