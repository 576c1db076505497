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
text, whether taken from a sentence encoder or trained as such (WordLlama). Nor does local scaling, a pair's cosine
beside those of either text's other neighbours (CSLS, Conneau et al. 2018; with 1 to 50 neighbours; ranks; whether they
are each other's first): within .02 again, by words and by the encoder's vectors.

What does help is a sentence encoder's cosine of the two texts, and to weigh the nearest by it as well, whether or not
they share terms (`ingest.dedup.embedding`). It is optional: whoever names a model in `related_encoder` has it, and
the texts without a vector are weighed by words alone. F1 among the set and among strangers, cross-validated with
weights and threshold chosen inside each fold, ten times, on the half `choose` and on both halves cut anew:

                                                         choose         both
    words                                              .78   .75     .77   .71
    words, every pair weighed                          .77   .71     .77   .71
    cosine and shared weight, MiniLM-L6 (256 tokens)   .85   .78     .86   .78
    the same with the length of the longer one         .84   .78     .85   .78
    the same with 64, 128, 510 tokens                  .81 - .83     .84 - .85
    the same with the best sentences of both           .81 - .84     .84 - .85
    all-mpnet-base-v2 in its place                     .83   .75     .87   .78    (eight times the processor's time)

Measured on pairs of newspaper and agency texts that were read and judged (`ingest eval dedup`). What words alone
cannot do: a follow-up of the same days told in the same names is shown, and accounts that share little more than the
place are missed, most of all between long texts of which each tells another side; the encoder finds these. So they are
shown beside one another and never merged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import repeat

import numpy as np

from ingest.dedup.features import Features

COSINE, SHARED, LONGER, BASE = 4.06, 4.71, -1.75, -5.5
"""Weights of ln(cosine + .02), ln(1 + shared) and ln(longer), and what is added; a sum of 0 or more is one event.

Fitted on the half `choose` of the pairs in `ingest/cli/evaluation/accounts.jsonl` among 14,400 strangers; the other
half chose nothing. F1 of the halves choose / report, the pairs as three readers judged them since (57 / 60):

    among the set and its near misses   .781 / .774    agency items .875 / .897, pieces of newspaper articles .70 / .63
    and among all strangers             .739 / .726    (precision .76 / .77)

What is added was -5.91 by the fit; of -5.9, -5.5, -5.0 and -4.5 the second was as good there (.757 against .760,
strangers .716 against .731, by the judgements of then) and better on our own written events (.79 against .74), which
are whole articles; from -5.0 on strangers come in."""

MEANT_COSINE, MEANT_SHARED, MEANT, MEANT_BASE = 4.35, 1.98, 17.25, -12.7
"""Weights of ln(cosine + .02), ln(1 + shared) and the encoder's cosine, and what is added, where both have a vector.

Fitted likewise; what is added lies in the middle of where F1 on the half `choose` is flat (-12.4 to -13.0: .87 to
.88, strangers .80 to .82). F1 of the halves choose / report:

    among the set and its near misses   .872 / .857    agency items .898 / .912, pieces of newspaper articles .85 / .80
    and among all strangers             .803 / .780    (precision .73 / .76)

On our own written events .76 against .79 by words alone: of sixteen public ones that share little but names none."""

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


def likeness(a: Features, b: Features, meant: float | None = None) -> float | None:
    """Cosine of two texts' tf-idf vectors where they tell of one event; None where they do not, or cannot be told."""
    return likenesses(a, [b], [meant])[0]


def likenesses(
    a: Features, others: Sequence[Features], meant: Sequence[float | None] | None = None
) -> list[float | None]:
    """The likeness of a text to each of some others; all at once take half the time of one by one.

    meant: the cosine that a sentence encoder gives it with each; None: words alone decide.
    """
    stems = np.concatenate([_NONE, *(b.stems for b in others)])
    tfidf = np.concatenate([_NO_WEIGHT, *(b.tfidf for b in others)])
    owners = np.repeat(np.arange(len(others)), [len(b.stems) for b in others])
    places = np.minimum(np.searchsorted(a.stems, stems), max(0, len(a.stems) - 1))
    common = np.flatnonzero(a.stems[places] == stems) if len(a.stems) else places[:0]
    places, owners = places[common], owners[common]
    products = np.bincount(owners, a.tfidf[places] * tfidf[common], len(others)).tolist()
    weights = np.bincount(owners, a.weights[places], len(others)).tolist()
    close = repeat(None) if meant is None else meant
    return [_likeness(a, b, *rest) for b, *rest in zip(others, products, weights, close, strict=False)]


def _likeness(a: Features, b: Features, product: float, weight: float, meant: float | None) -> float | None:
    if a.lang != b.lang or not (a.comparable and b.comparable):
        return None
    cosine = product / max(1e-9, a.norm * b.norm)
    if cosine < LEAST_COSINE:
        return None
    shared = min(MOST_SHARED, weight)
    if meant is None:
        longer = min(MOST_WORDS, max(a.words, b.words))
        score = COSINE * math.log(cosine + 0.02) + SHARED * math.log1p(shared) + LONGER * math.log(longer) + BASE
    else:
        score = MEANT_COSINE * math.log(cosine + 0.02) + MEANT_SHARED * math.log1p(shared) + MEANT * meant + MEANT_BASE
    return cosine if score >= 0 else None


_NONE, _NO_WEIGHT = np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.float32)
