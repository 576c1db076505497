"""Independent accounts of one event: not copies, so never one cluster, but worth showing beside one another.

Such texts share the names and the weighty words of the event and little of the wording. Found through their
weightiest terms, only within a few days of one another, and told from strangers by what a pair of vectors shows
without either text being read:

    cosine   of the tf-idf vectors (logarithmic counts, frozen idf)
    shared   weight (idf) of the stems they share: two agency items of forty words reach a cosine of .4 with one name
    longer   words of the longer one: long texts share much by chance

Weighed by a logistic model. Tried beside it and dropped, each within .02 of F1 (cross-validated, on the half the
model was chosen by): the same without the one or two strongest shared terms, shared rare stems counted, names and
numbers by themselves, stems of the headline by themselves, containment and Jaccard similarity.

Measured on pairs of newspaper and agency texts that were read and judged (`ingest eval dedup`). What words alone
cannot do: a follow-up of the same days told in the same names is shown, and accounts that share little more than the
place are missed, most of all between long texts of which each tells another side. So they are shown beside one
another and never merged.
"""

from __future__ import annotations

import math
from datetime import timedelta

from ingest.dedup.features import Features
from ingest.dedup.verify import located

COSINE, SHARED, LONGER, BASE = 4.06, 4.71, -1.75, -5.91
"""Weights of ln(cosine + .02), ln(1 + shared) and ln(longer), and what is added; a sum of 0 or more is one event.

Fitted on the half `choose` of the pairs in `ingest/cli/evaluation/accounts.jsonl` among 14,400 strangers; the other
half chose nothing. F1 of the halves choose / report, against a cosine of .25 alone:

                                          choose        report
    among the set and its near misses   .64 -> .76    .78 -> .75
    and among all strangers             .37 -> .73    .61 -> .70    (precision .26 -> .78, .49 -> .70)

Agency items are found (recall .88), half of the pieces of newspaper articles are (.55, .50). Where the weights stand
is a choice for precision: shown beside an article are few strangers."""

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
    if a.lang != b.lang or not (a.comparable and b.comparable):
        return None
    places, common = located(a, b)
    cosine = float(a.tfidf[common] @ b.tfidf[places[common]]) / max(1e-9, a.norm * b.norm)
    shared = min(MOST_SHARED, float(a.weights[common].sum()))
    longer = min(MOST_WORDS, max(a.words, b.words))
    score = COSINE * math.log(cosine + 0.02) + SHARED * math.log1p(shared) + LONGER * math.log(longer) + BASE
    return cosine if score >= 0 else None
