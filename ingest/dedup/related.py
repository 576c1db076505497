"""Independent accounts of one event: not copies, so never one cluster, but worth showing beside one another.

Such texts share the names and the weighty words of the event and little of the wording. Found through their
weightiest terms, only within a few days of one another, and told from strangers by what a pair of vectors shows
without either text being read:

    cosine   of the tf-idf vectors (logarithmic counts, frozen idf)
    shared   weight (idf) of the stems they share: two agency items of forty words reach a cosine of .4 with one name
    longer   words of the longer one: long texts share much by chance

Weighed by a logistic model. Tried beside it and dropped, each within .02 of F1 (cross-validated, on the half the
model was chosen by): the same without the one or two strongest shared terms, shared rare stems counted, names and
numbers by themselves, stems of the headline by themselves, containment and Jaccard similarity; weekdays and months
that agree or contradict, pairs of neighbouring stems, names spelt in two ways, the first two sentences, frequencies
of the same news in place of the frozen ones, twelve or sixteen terms to be found by.

Nor do vectors of single words help: averaged by weight, or each word set against its best counterpart in the other
text, whether taken from a sentence encoder or trained as such (WordLlama), F1 among strangers is .66 to .73 with them,
by kind and size, and .69 to .73 without, by how the half is cut. The encoder itself does (MiniLM-L6, the cosine of
whole texts as a fourth term), where every text of the window is compared instead of those that share terms: .77 / .78
without it, .81 / .83 with it, among strangers .73 / .73 and .76 / .76 (mean of four cuts; pairs of one cluster apart).
With the candidates of today it adds nothing on the one half and .03 on the other. At 20 ms of processor time for an
agency item and 100 for an article it would be a stage of its own.

Measured on pairs of newspaper and agency texts that were read and judged (`ingest eval dedup`). What words alone
cannot do: a follow-up of the same days told in the same names is shown, and accounts that share little more than the
place are missed, most of all between long texts of which each tells another side. So they are shown beside one
another and never merged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from ingest.dedup.features import Features

COSINE, SHARED, LONGER, BASE = 4.06, 4.71, -1.75, -5.5
"""Weights of ln(cosine + .02), ln(1 + shared) and ln(longer), and what is added; a sum of 0 or more is one event.

Fitted on the half `choose` of the pairs in `ingest/cli/evaluation/accounts.jsonl` among 14,400 strangers; the other
half chose nothing. F1 of the halves choose / report, against a cosine of .25 alone:

                                          choose        report
    among the set and its near misses   .64 -> .76    .78 -> .76
    and among all strangers             .37 -> .72    .61 -> .71    (precision .26 -> .72, .49 -> .69)

Agency items .86 / .83 (recall .88), pieces of newspaper articles .67 / .67. What is added was -5.91 by the fit; of
-5.9, -5.5, -5.0 and -4.5 the second is as good there (.757 against .760, strangers .716 against .731) and better on
our own written events (.79 against .74), which are whole articles; from -5.0 on strangers come in."""

LEAST_COSINE = 0.12
"""Below it the rest is not looked at: no pair of accounts of the set is, and most of what is compared."""

MOST_SHARED, MOST_WORDS = 120.0, 400
"""Beyond these more of either says nothing: the pairs fitted on end there. A long text then needs a cosine of .2."""

WINDOW = timedelta(days=3)
"""Accounts of one event appear together; a month later the same words are another event."""

SHARED_TERMS = 2
"""Of the eight weightiest terms of each, so many must be common before two texts are compared at all."""

FEW = 5
"""A term that no more texts of the index have counts as two: it is the name of the place or the person. Recall on the
half `choose` .62 -> .69, as with every text that shares one term; 10, 20 and 40 find no more."""

COMPARED = 24
"""Texts that one text is compared with, those that share most terms first."""

MOST = 20
"""Related texts kept for one text, the most similar first."""


def likeness(a: Features, b: Features) -> float | None:
    """Cosine of two texts' tf-idf vectors where they tell of one event; None where they do not, or cannot be told."""
    return likenesses(a, [b])[0]


def likenesses(a: Features, others: Sequence[Features]) -> list[float | None]:
    """The likeness of a text to each of some others; all at once take half the time of one by one."""
    stems = np.concatenate([_NONE, *(b.stems for b in others)])
    tfidf = np.concatenate([_NO_WEIGHT, *(b.tfidf for b in others)])
    owners = np.repeat(np.arange(len(others)), [len(b.stems) for b in others])
    places = np.minimum(np.searchsorted(a.stems, stems), max(0, len(a.stems) - 1))
    common = np.flatnonzero(a.stems[places] == stems) if len(a.stems) else places[:0]
    places, owners = places[common], owners[common]
    products = np.bincount(owners, a.tfidf[places] * tfidf[common], len(others)).tolist()
    weights = np.bincount(owners, a.weights[places], len(others)).tolist()
    return [_likeness(a, b, *both) for b, *both in zip(others, products, weights, strict=True)]


def _likeness(a: Features, b: Features, product: float, weight: float) -> float | None:
    if a.lang != b.lang or not (a.comparable and b.comparable):
        return None
    cosine = product / max(1e-9, a.norm * b.norm)
    if cosine < LEAST_COSINE:
        return None
    shared, longer = min(MOST_SHARED, weight), min(MOST_WORDS, max(a.words, b.words))
    score = COSINE * math.log(cosine + 0.02) + SHARED * math.log1p(shared) + LONGER * math.log(longer) + BASE
    return cosine if score >= 0 else None


_NONE, _NO_WEIGHT = np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.float32)
