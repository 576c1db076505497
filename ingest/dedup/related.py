"""Independent accounts of one event: not copies, so never one cluster, but worth showing beside one another.

Such texts share the names and the weighty words of the event and little of the wording: the cosine of their
tf-idf vectors (logarithmic counts, frozen idf) tells them from strangers where MinHash finds nothing (seeds 000/001:
rare stems .24). Found through their weightiest terms; only within a few days of one another.
"""

from __future__ import annotations

from datetime import timedelta

from ingest.dedup.features import Features
from ingest.dedup.verify import located

COSINE = 0.25
"""On 40 invented pairs of accounts (tests/data/dedup) unrelated ones reach .13 and true ones begin at .30; .25 leaves
air for shorter and poorer translations (seeds 000/001: .52 in French, .49 in English by the first built-in model).

Short accounts of public events that share little more than names are beyond it: of 16 such pairs 5 are found, and 7 of
10 pairs of the same people's different events are taken for one where no date tells them apart."""

WINDOW = timedelta(days=3)
"""Accounts of one event appear together; a month later the same words are another event."""

SHARED_TERMS = 2
"""Of the eight weightiest terms of each, so many must be common before two texts are compared at all."""

COMPARED = 24
"""Texts that one text is compared with, those that share most terms first."""

MOST = 20
"""Related texts kept for one text, the most similar first."""


def cosine(a: Features, b: Features) -> float:
    """Cosine of the two texts' tf-idf vectors; 0 where there is too little text, or in different languages."""
    if a.lang != b.lang or not (a.comparable and b.comparable):
        return 0.0
    places, shared = located(a, b)
    return float(a.tfidf[shared] @ b.tfidf[places[shared]]) / max(1e-9, a.norm * b.norm)
