"""What a text is compared by: the light part for every candidate, the detail for the few that come close.

Light are the stems with their weights and the rare ones among them; detail are the word pairs and the sentences with
their names and numbers. Both are made from the same words, so offsets found here are offsets in the text.
"""

from __future__ import annotations

import collections
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.dedup.frequency import Term, says_something, vocabulary
from ingest.dedup.normalize import digest_of, fold, sentences, words

LEAST_WORDS = 8
"""A text with fewer words is compared with nothing: "Video", "Read more" and the like are no article's text."""

LEAST_RARE = 4
"""With fewer rare stems than this all stems are signed."""

LEAST_SENTENCE = 3
"""Different stems a sentence must have to be a counterpart of another."""

MOST_SENTENCES = 300
"""Sentences of a text that are compared one by one; beyond it, stems alone must do. News has forty."""

MOST_COUNTED = 255
"""A stem that stands in a text more often than this counts as if it stood there so often."""

_HEAD = struct.Struct("<Iff16s")  # words, total, norm, digest
_TERM = np.dtype([("stem", "<u4"), ("weight", "<f4"), ("count", "u1")])

TOP_TERMS = 8
"""How many of a text's weightiest terms are kept to find related ones by."""


@dataclass(frozen=True, slots=True)
class Features:
    """One text, ready to be compared by its stems. Arrays go together by position."""

    lang: str
    digest: bytes  # of the normalised text: equal for exact copies
    words: int
    stems: NDArray[np.uint32]  # sorted
    weights: NDArray[np.float32]  # idf of each stem
    counts: NDArray[np.uint8]  # how often each stem stands in the text
    tfidf: NDArray[np.float32]  # (1 + ln count) * idf of each stem
    total: float  # sum of the weights
    norm: float  # length of tfidf
    rare: NDArray[np.uint32]  # what is signed; empty where the features were unpacked
    top: tuple[int, ...]  # the terms with the highest tfidf; likewise

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
    said = list(map(fold, words(text)))
    often_said = collections.Counter(said)
    rows, terms = vocabulary(lang).rows(often_said)
    said_something = rows > 0
    times = np.fromiter(often_said.values(), dtype=np.intp, count=len(rows))[said_something]
    rows = rows[said_something]
    keys = terms.keys[rows]
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    first = np.flatnonzero(new)  # words of one stem are one
    rows = rows[order[first]]
    stems, weights = ordered[first], terms.weights[rows]
    counts = np.add.reduceat(times[order], first) if len(rows) else times
    often = np.minimum(counts, MOST_COUNTED).astype(np.uint8)
    tfidf = _tfidf(weights, often)
    rare = stems[terms.rare[rows]]
    best = np.lexsort((stems, -tfidf))[:TOP_TERMS]
    return Features(
        lang=lang,
        digest=digest_of(said),
        words=int(times.sum()),
        stems=stems,
        weights=weights,
        counts=often,
        tfidf=tfidf,
        total=float(weights.sum()),
        norm=float(np.sqrt((tfidf**2).sum())),
        rare=rare if len(rare) >= LEAST_RARE else stems,
        top=tuple(stems[best].tolist()),
    )


def pack(features: Features) -> bytes:
    """What two texts are compared by before either is read: nine bytes a stem, about a kilobyte for a news text."""
    terms = np.empty(len(features.stems), dtype=_TERM)
    terms["stem"], terms["weight"], terms["count"] = features.stems, features.weights, features.counts
    return _HEAD.pack(features.words, features.total, features.norm, features.digest) + terms.tobytes()


def unpack(packed: bytes, lang: str = "en") -> Features:
    """The features that `pack` packed, equal to those of the text but for what is signed and looked up."""
    said, total, norm, digest = _HEAD.unpack_from(packed)
    terms = np.frombuffer(packed, dtype=_TERM, offset=_HEAD.size)
    stems, weights, counts = (np.ascontiguousarray(terms[name]) for name in ("stem", "weight", "count"))
    tfidf = _tfidf(weights, counts)
    return Features(lang, digest, said, stems, weights, counts, tfidf, total, norm, stems[:0], ())


def _tfidf(weights: NDArray[np.float32], counts: NDArray[np.uint8]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (weights * (1 + np.log(counts.astype(np.float32)))).astype(np.float32)
    return found


def detail(text: str, lang: str = "en") -> Detail:
    """The bigrams and sentences of a text in one language."""
    term = vocabulary(lang).term
    bigrams: set[int] = set()
    said: list[SentenceFeatures] = []
    previous = 0
    for start, end in sentences(text):
        pairs = [(word, term(form)) for word in words(text[start:end]) if says_something(form := fold(word))]
        for _, one in pairs:
            bigrams.add((previous * 31 + one.key) & 0xFFFFFFFFFFFFFFFF)
            previous = one.key
        stems = {one.key: one.idf for _, one in pairs}
        if len(stems) >= LEAST_SENTENCE and len(said) < MOST_SENTENCES:
            said.append(SentenceFeatures(start, end, stems, sum(stems.values()), _names(pairs)))
    return Detail(frozenset(bigrams), tuple(said))


def _names(pairs: list[tuple[str, Term]]) -> frozenset[int]:
    """Numbers, and words with a capital letter; at the head of a sentence only rare ones."""
    return frozenset(
        term.key
        for position, (word, term) in enumerate(pairs)
        if word[0].isdigit() or (word[0].isupper() and (position > 0 or term.name))
    )


def signed_text(title: str, text: str) -> str:
    """What of an article is compared: its title as the first line, then its text."""
    return f"{title}\n{text}" if title else text
