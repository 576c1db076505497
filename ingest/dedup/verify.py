"""Whether two texts are copies of one another, with the evidence a person can check.

Candidates share a band; that proves nothing. What counts is measured on the texts themselves:

    jaccard      weight of the shared stems over the weight of all stems
    containment  weight of the shared stems over that of the lighter text (teasers, copies with additions)
    passages     mean likeness of the lighter text's sentences to their best counterparts
    counterparts share of the lighter text's sentences that have a counterpart at all
    bigrams      share of neighbouring stems of the shorter text that are neighbours in the other one too
    length       how different in length (logarithm of the ratio), and how long, the two are

and weighed by a logistic model fitted on the development pairs (idea dropped: thresholds on jaccard and containment
one by one; F1 .986 and .978 for near-duplicates and for one story from two languages, the model .994 and .987, in
two-fold cross-validation over stories). Whole-text similarity alone joins independent accounts of one event; sentences
tell them apart: a copy says the same things one by one.

A notice filled in from a form is no copy of another one: their sentences agree, their names and numbers do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.dedup.features import Detail, Features, SentenceFeatures

COUNTERPART = 0.3
"""A sentence is a counterpart of another from this weighted Jaccard similarity of their stems on."""

WEIGHTS = {
    "jaccard": 8.0,
    "containment": 8.0,
    "passages": 12.0,
    "counterparts": 4.0,
    "length ratio": -2.2,
    "shortness": -7.4,
    "bigrams when short": 7.5,
    "length": -1.0,
    "base": -8.2,
}
"""Fitted on 19,274 development texts (3,670 true pairs), then rounded; pairs of one newspaper page or of the same days
counted as strangers at a third of the weight. `shortness` and `length` are logarithms around 100 words: short texts
of one event look alike, so they must agree word by word; long ones share much vocabulary by chance."""

TEMPLATE_BIGRAMS, TEMPLATE_AGREEMENT = 0.40, 0.60
"""A pair with more shared bigrams than the one whose counterpart sentences agree in fewer names and numbers than the
other is a form filled in twice. Rejects all 265 similar pairs among the 861 of the development data, and 4 copies."""

LEAST_NAMES, SHARED_NAMES = 5, 0.25
"""Texts with so many different names and numbers each, of which they share less than this, are about different things,
however much else they share: two short stories with the same site notices. Rejects 204 wrong pairs of the development
data and 4 copies."""

FEW_COUNTERPARTS = 0.3
"""Where no more of the lighter text's sentences than this have a counterpart, and what they do share disagrees in
names and numbers (as in TEMPLATE_AGREEMENT), two texts only speak of the same sort of thing, however many words they
share. Rejects no true pair of the development data, 5 others, and invented stories from one narrow vocabulary."""

TEASER_RATIO, TEASER_CONTAINMENT = 0.5, 0.6
"""A copy half as long or less, and contained in the other to this share, is a teaser."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A sentence of the lighter text and its counterpart: positions in each text's sentences, and their likeness."""

    light: int
    heavy: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured on a pair, and the verdict. Symmetric in the two texts, offsets apart."""

    measures: dict[str, float]
    score: float  # >= 0: a copy, by the weights alone
    agreement: float | None  # of names and numbers in counterpart sentences; None where there were none
    template: bool
    strangers: bool  # about other things: other names and numbers, in all or where their sentences correspond
    aligned: tuple[Aligned, ...]
    swapped: bool  # the second text is the lighter one

    @property
    def copy(self) -> bool:
        """The verdict."""
        return self.score >= 0 and not self.template and not self.strangers

    @property
    def jaccard(self) -> float:
        """Weighted Jaccard similarity of the stems."""
        return self.measures["jaccard"]

    @property
    def teaser(self) -> bool:
        """Whether one is a short extract of the other."""
        ratio = math.exp(-self.measures["length ratio"])
        return ratio <= TEASER_RATIO and self.measures["containment"] >= TEASER_CONTAINMENT


def overlap(a: Features, b: Features) -> float:
    """Weight of the stems that two texts share."""
    return float(a.weights[common(a, b)].sum())


def common(a: Features, b: Features) -> NDArray[np.bool_]:
    """Which of the stems of `a` are in `b`. A third of the time of numpy's intersect1d, which sorts both anew."""
    return located(a, b)[1]


def located(a: Features, b: Features) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each stem of `a` stands in `b`, and whether it does; the place of one that does not says nothing."""
    if not len(b.stems):
        return np.zeros(len(a.stems), dtype=np.intp), np.zeros(len(a.stems), dtype=np.bool_)
    places = np.searchsorted(b.stems, a.stems)
    places[places == len(b.stems)] = 0
    return places, b.stems[places] == a.stems


def verify(a: Features, b: Features, detail_a: Callable[[], Detail], detail_b: Callable[[], Detail]) -> Evidence | None:
    """The evidence about a pair; None where the stems alone rule a copy out, so that no detail was asked for."""
    if a.lang != b.lang or not (a.comparable and b.comparable):
        return None
    measures = _by_stems(a, b)
    if _score(_at_best(measures)) < 0:
        return None
    return weigh(measures, detail_a(), detail_b(), swapped=(b.total, b.digest) < (a.total, a.digest))


def possible(a: Features, b: Features) -> bool:
    """Whether two texts could be copies by their stems alone; where not, neither needs to be read."""
    return a.lang == b.lang and a.comparable and b.comparable and _score(_at_best(_by_stems(a, b))) >= 0


def _by_stems(a: Features, b: Features) -> dict[str, float]:
    shared = overlap(a, b)
    shorter, longer = sorted((a.words, b.words))
    return {
        "jaccard": shared / max(1e-9, a.total + b.total - shared),
        "containment": shared / max(1e-9, min(a.total, b.total)),
        "length ratio": math.log(longer / shorter),
        "shortness": min(2.0, max(0.0, math.log(100 / shorter))),
        "length": min(3.0, max(0.0, math.log(longer / 100))),
        "base": 1.0,
    }


def _at_best(measures: dict[str, float]) -> dict[str, float]:
    """The most that sentences and bigrams may show for these stems: both come from shared stems.

    On all 740,000 development candidates passages exceed containment by .08 at most (one in 10,000), bigrams on the
    verified ones by .11; six candidates in seven need not be looked at further.
    """
    contained = measures["containment"]
    passages = min(1.0, contained + 0.08)
    return measures | {
        "passages": passages,
        "counterparts": min(1.0, passages / COUNTERPART),
        "bigrams when short": min(1.0, contained + 0.15) * measures["shortness"],
    }


def _score(measures: dict[str, float]) -> float:
    return sum(weight * measures[name] for name, weight in WEIGHTS.items())


def weigh(measures: dict[str, float], a: Detail, b: Detail, *, swapped: bool) -> Evidence:
    """The full evidence from the measures of the stems and both details."""
    light, heavy = (b, a) if swapped else (a, b)
    best = [_counterpart(sentence, heavy.sentences) for sentence in light.sentences]
    weight = sum(sentence.weight for sentence in light.sentences)
    aligned = tuple(Aligned(i, j, similarity) for i, (j, similarity) in enumerate(best) if similarity >= COUNTERPART)
    bigrams = len(a.bigrams & b.bigrams) / max(1, min(len(a.bigrams), len(b.bigrams)))
    likeness = sum(s.weight * similarity for s, (_, similarity) in zip(light.sentences, best, strict=True))
    measures = measures | {
        "passages": likeness / max(1e-9, weight),
        "counterparts": len(aligned) / max(1, len(light.sentences)),
        "bigrams": bigrams,
        "bigrams when short": bigrams * measures["shortness"],
    }
    agreement = _agreement(light, heavy, aligned)
    template = bigrams >= TEMPLATE_BIGRAMS and agreement is not None and agreement < TEMPLATE_AGREEMENT
    disagree = agreement is not None and agreement < TEMPLATE_AGREEMENT
    strangers = _strangers(a, b) or (disagree and measures["counterparts"] <= FEW_COUNTERPARTS)
    return Evidence(measures, _score(measures), agreement, template, strangers, aligned, swapped)


def _counterpart(sentence: SentenceFeatures, others: tuple[SentenceFeatures, ...]) -> tuple[int, float]:
    """Position of the most similar sentence and the similarity; one three times as heavy is no counterpart."""
    best, where = 0.0, 0
    stems, weight = sentence.stems, sentence.weight
    for position, other in enumerate(others):
        if other.weight < COUNTERPART * weight or weight < COUNTERPART * other.weight:
            continue
        shared = sum(stems[key] for key in stems.keys() & other.stems.keys())
        similarity = shared / (weight + other.weight - shared)
        if similarity > best:
            best, where = similarity, position
    return where, best


def _strangers(a: Detail, b: Detail) -> bool:
    one, other = (frozenset().union(*(s.names for s in text.sentences)) for text in (a, b))
    fewer = min(len(one), len(other))
    return fewer >= LEAST_NAMES and len(one & other) < SHARED_NAMES * fewer


def _agreement(light: Detail, heavy: Detail, aligned: tuple[Aligned, ...]) -> float | None:
    same = most = 0
    for pair in aligned:
        one, other = light.sentences[pair.light].names, heavy.sentences[pair.heavy].names
        if one and other:
            same += len(one & other)
            most += min(len(one), len(other))
    return same / most if most else None
