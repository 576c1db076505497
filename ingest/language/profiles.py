"""How likely a word is in each language, read from langdetect's n-gram tables and a list of frequent words.

langdetect draws n-grams at random and so answers differently from run to run. Here the same tables are summed over
*all* n-grams of a word: the exact naive Bayes behind that sampling, deterministic and about twenty times as fast.
The word list then tells French, German and English apart where a few n-grams cannot ("les", "dans", "said").

Right on the development data, one column per length in words of the fragment, and foreign texts of 11 words or more
taken for fr/de/en:
                           1     2     3-5    6-10   foreign
    n-grams               .712  .863   .965   .991    .015
    n-grams and words     .803  .939   .982   .993    .013
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

LANGUAGES = ("fr", "de", "en", "es", "it", "nl", "pt", "ca", "da", "no", "sv", "af", "ro", "pl", "cs", "lb", "la")
"""The columns of every score, in this order.

Few on purpose: on fragments of 3-5 words, 15 languages get .91 right where all 55 get .90, in a third of the memory;
fr/de/en alone would get .98 and then call every Spanish article French.
"""

LISTED = LANGUAGES[:3]
"""Languages with a list of frequent words."""

NOT_LISTED = ("",) * (len(LISTED) + 1)

OURS = frozenset({"lb", "la"})
"""Languages that langdetect lacks and takes for German or French: made by `benchmarks/language_tables.py`."""

SMOOTHING = 0.5 / 10_000
"""langdetect's ALPHA_DEFAULT / BASE_FREQ: the probability of an n-gram that a language's table does not have."""

SCALE = 0.25
"""How much an n-gram counts: neighbours overlap, so their evidence is about four times too sure of itself."""

CONTRAST, CONTRAST_MOST = 0.5, 4.0
"""How much a word's lower frequency in one of fr/de/en than in another counts, in nats per nat, and at most."""

FAMILIAR, FAMILIAR_LETTERS = 1.0, 3
"""Bonus of a frequent word of so many letters, for fr/de/en and for each other language that is known to have it."""

LONGEST_WORD = 40
"""Letters of a word that are looked at; what is longer is no word of these languages."""

CACHED_WORDS = 50_000
"""Words whose scores are kept; about 8 MB. The cache starts anew when full, so a long run stays bounded."""

_LATIN = re.compile(r"[ A-Za-z\u00aa-\u024f\u1e00-\u1eff]+")
"""The tables were made from Wikipedia and hold stray Greek, Cyrillic and Chinese, which say nothing about French."""


class Profiles:
    """Log-likelihoods of words by language; safe for threads."""

    def __init__(self) -> None:
        self._rows, self._grams = _load_grams()
        self._frequent = _load_frequent()
        self._words: dict[str, bytes] = {}  # one float32 per language: joined, they are a matrix

    def look_up(self, words: list[str]) -> NDArray[np.float32]:
        """For each word its log-likelihood by language, scaled to evidence, and 1 or 0: is it in that language's list?

        Shape (len(words), len(LANGUAGES) + len(LISTED)); zeros where nothing is known of a word.
        """
        known = self._words
        if len(known) >= CACHED_WORDS:
            known = self._words = {}
        rows = [known.get(word) or known.setdefault(word, self._row(word)) for word in words]
        return np.frombuffer(b"".join(rows), dtype=np.float32).reshape(-1, len(LANGUAGES) + len(LISTED))

    def _row(self, word: str) -> bytes:
        padded = f" {word[:LONGEST_WORD]} "
        grams = [padded[end - n : end] for end in range(2, len(padded) + 1) for n in (1, 2, 3) if n <= end]
        rows = [row for gram in grams if (row := self._rows.get(gram)) is not None]
        score: Scores = SCALE * self._grams[rows].sum(axis=0) if rows else np.zeros(len(LANGUAGES))
        listed = self._frequent.get(word.lower(), NOT_LISTED)
        score += _word_evidence(listed, len(word))
        return np.array([*score, *map(bool, listed[: len(LISTED)])], dtype=np.float32).tobytes()


def words_of(text: str, *, acronyms: bool = False) -> list[str]:
    """The words of `text` as langdetect sees them: runs of letters, some unified; acronyms only when asked for."""
    return [word for word in text.translate(_LETTERS).split() if acronyms or len(word) == 1 or not word.isupper()]


def word_starts(text: str) -> list[int]:
    """Where each word of `words_of(text)` begins."""
    found = re.finditer(r"\S+", text.translate(_LETTERS))
    return [match.start() for match in found if len(match[0]) == 1 or not match[0].isupper()]


class _Letters(dict[int, str]):
    """A table for `str.translate`: what langdetect makes of each character; whatever is no letter is a space."""

    def __missing__(self, code: int) -> str:
        from langdetect.utils.ngram import NGram

        letter: str = NGram.normalize(chr(code))
        self[code] = letter = letter if letter.isalpha() else " "
        return letter


_LETTERS = _Letters()


def _word_evidence(line: tuple[str, ...], letters: int) -> Scores:
    """What the list says of a word, in nats; `line`: its row of `data/words.tsv` without the word itself."""
    evidence = np.zeros(len(LANGUAGES))
    if line is NOT_LISTED:
        return evidence
    *zipf, others = line
    nats = math.log(10) * np.array([float(value or LEAST_ZIPF) for value in zipf])
    evidence[: len(LISTED)] = np.maximum(CONTRAST * (nats - nats.max()), -CONTRAST_MOST)
    if letters >= FAMILIAR_LETTERS:
        evidence[: len(LISTED)] += FAMILIAR
        evidence[[LANGUAGES.index(lang) for lang in others.split()]] += FAMILIAR
    return evidence


LEAST_ZIPF = 3.0
"""Zipf frequency (log10 of the occurrences in a billion words) of a word that a language's list does not have."""


@cache
def _load_frequent() -> dict[str, tuple[str, ...]]:
    """Each frequent word with its Zipf frequency in fr, de and en and the other languages that have it."""
    text = (resources.files("ingest.language") / "data" / "words.tsv").read_text(encoding="utf-8")
    return {word: tuple(rest) for word, *rest in (line.split("\t") for line in text.splitlines())}


@cache
def _load_grams() -> tuple[dict[str, int], Scores]:
    """The row of each n-gram, and log(p + smoothing) with one row per n-gram and one column per language."""
    profiles = [_profile(lang) for lang in LANGUAGES]
    grams = sorted({gram for profile in profiles for gram in profile["freq"] if _LATIN.fullmatch(gram)})
    rows = {gram: row for row, gram in enumerate(grams)}
    table = np.full((len(rows), len(LANGUAGES)), math.log(SMOOTHING))
    for column, profile in enumerate(profiles):
        totals = profile["n_words"]
        for gram, count in profile["freq"].items():
            if gram in rows:
                table[rows[gram], column] = math.log(count / totals[len(gram) - 1] + SMOOTHING)
    return rows, table


def _profile(lang: str) -> Any:
    """One profile in langdetect's format: {"freq": {n-gram: count}, "n_words": [1-grams, 2-grams, 3-grams], "name"}."""
    ours = resources.files("ingest.language") / "data" / f"{lang}.json"
    theirs = resources.files("langdetect") / "profiles" / lang
    return json.loads((ours if lang in OURS else theirs).read_text(encoding="utf-8"))
