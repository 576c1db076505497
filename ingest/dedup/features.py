"""What a text is compared by: the light part for every candidate, the detail for the few that come close.

Light are the stems with their weights and the rare ones among them; detail are the word pairs and the sentences with
their names and numbers. Both are made from the same words, so offsets found here are offsets in the text.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest.dedup.frequency import Term, vocabulary
from ingest.dedup.normalize import Word, digest, sentences, words

LEAST_WORDS = 8
"""A text with fewer words is compared with nothing: "Video", "Read more" and the like are no article's text."""

LEAST_RARE = 4
"""With fewer rare stems than this all stems are signed."""

LEAST_SENTENCE = 3
"""Different stems a sentence must have to be a counterpart of another."""

MOST_SENTENCES = 300
"""Sentences of a text that are compared one by one; beyond it, stems alone must do. News has forty."""

TOP_TERMS = 8
"""How many of a text's weightiest terms are kept to find related ones by."""


@dataclass(frozen=True, slots=True)
class Features:
    """One text, ready to be compared by its stems. Arrays go together by position."""

    lang: str
    digest: bytes  # of the normalised text: equal for exact copies
    words: int
    stems: NDArray[np.uint64]  # sorted
    weights: NDArray[np.float32]  # idf of each stem
    tfidf: NDArray[np.float32]  # (1 + ln count) * idf of each stem
    total: float  # sum of the weights
    norm: float  # length of tfidf
    rare: NDArray[np.uint64]  # what is signed
    top: tuple[int, ...]  # the terms with the highest tfidf, 32 bits each

    @property
    def comparable(self) -> bool:
        """Whether there is enough text to say anything about."""
        return self.words >= LEAST_WORDS


@dataclass(frozen=True, slots=True)
class SentenceFeatures:
    """One sentence: where it stands, its stems with weights, its names and numbers."""

    start: int
    end: int
    stems: dict[int, float]
    weight: float
    names: frozenset[int]


@dataclass(frozen=True, slots=True)
class Detail:
    """The part of the evidence that costs more: pairs of neighbouring stems, and sentences in order."""

    bigrams: frozenset[int]
    sentences: tuple[SentenceFeatures, ...]


def featurize(text: str, lang: str = "en") -> Features:
    """The features of a text in one language."""
    counts: dict[Term, int] = {}
    total_words = 0
    for _word, term in _terms(text, lang):
        counts[term] = counts.get(term, 0) + 1
        total_words += 1
    ordered = sorted(counts, key=lambda term: term.key)
    stems = np.array([term.key for term in ordered], dtype=np.uint64)
    weights = np.array([term.idf for term in ordered], dtype=np.float32)
    tfidf = weights * (1 + np.log(np.array([counts[term] for term in ordered], dtype=np.float32)))
    rare = np.array([term.key for term in ordered if term.rare], dtype=np.uint64)
    best = sorted(range(len(ordered)), key=lambda i: (-float(tfidf[i]), ordered[i].key))[:TOP_TERMS]
    return Features(
        lang=lang,
        digest=digest(text),
        words=total_words,
        stems=stems,
        weights=weights,
        tfidf=tfidf.astype(np.float32),
        total=float(weights.sum()),
        norm=float(np.sqrt((tfidf**2).sum())),
        rare=rare if len(rare) >= LEAST_RARE else stems,
        top=tuple(ordered[i].key & 0xFFFFFFFF for i in best),
    )


def detail(text: str, lang: str = "en") -> Detail:
    """The bigrams and sentences of a text in one language."""
    spans = sentences(text)
    starts = [start for start, _ in spans]
    bigrams: set[int] = set()
    found: list[list[tuple[Word, Term]]] = [[] for _ in spans]
    previous: int | None = None
    for word, term in _terms(text, lang):
        if previous is not None:
            bigrams.add((previous * 31 + term.key) & 0xFFFFFFFFFFFFFFFF)
        previous = term.key
        found[max(0, bisect.bisect_right(starts, word.start) - 1)].append((word, term))
    kept = (_sentence(span, terms) for span, terms in zip(spans, found, strict=True) if terms)
    said = (sentence for sentence in kept if len(sentence.stems) >= LEAST_SENTENCE)
    return Detail(frozenset(bigrams), tuple(islice(said, MOST_SENTENCES)))


def _sentence(span: tuple[int, int], terms: list[tuple[Word, Term]]) -> SentenceFeatures:
    stems = {term.key: term.idf for _, term in terms}
    names = frozenset(
        term.key
        for position, (word, term) in enumerate(terms)
        if word.number or (word.capital and (position > 0 or term.name))
    )
    return SentenceFeatures(*span, stems, sum(stems.values()), names)


def _terms(text: str, lang: str) -> Iterator[tuple[Word, Term]]:
    """Words with their terms; single letters say nothing, single digits do."""
    term = vocabulary(lang).term
    return ((word, term(word)) for word in words(text) if word.number or len(word.form) > 1)


def signed_text(title: str, text: str) -> str:
    """What of an article is compared: its title as the first line, then its text."""
    return f"{title}\n{text}" if title else text

