"""How likely a word is in each language, read from langdetect's n-gram tables.

langdetect draws n-grams at random and so answers differently from run to run. Here the same tables are summed over
*all* n-grams of a word: the exact naive Bayes behind that sampling, deterministic and about twenty times as fast.
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

LANGUAGES = ("fr", "de", "en", "es", "it", "nl", "pt", "ca", "da", "no", "sv", "af", "ro", "pl", "cs", "lb")
"""The columns of every score vector, in this order.

Few on purpose: on fragments of 3-5 words, 15 languages get .91 right where all 55 get .90, in a third of the memory;
fr/de/en alone would get .98 and then call every Spanish article French.
"""

OURS = frozenset({"lb"})
"""Languages whose table langdetect does not have: made by `benchmarks/language_profiles.py`."""

SMOOTHING = 0.5 / 10_000
"""langdetect's ALPHA_DEFAULT / BASE_FREQ: the probability of an n-gram that a language's table does not have."""

LONGEST_WORD = 40
"""Letters of a word that are looked at; what is longer is no word of these languages."""

CACHED_WORDS = 50_000
"""Words whose scores are kept; about 8 MB. The cache starts anew when full, so a long run stays bounded."""


_LATIN = re.compile(r"[ A-Za-z\u00aa-\u024f\u1e00-\u1eff]+")
"""The tables were made from Wikipedia and hold stray Greek, Cyrillic and Chinese, which say nothing about French."""


class Profiles:
    """Log-probabilities of words by language, from langdetect's tables and our Luxembourgish one."""

    def __init__(self) -> None:
        self._rows, self._table = _load()
        self._letters = _Letters()
        self._words: dict[str, bytes] = {}  # one float32 per language: joined, they are a matrix

    def words(self, text: str) -> list[str]:
        """The words of `text` with langdetect's replacements; like langdetect, without those in capitals (acronyms)."""
        return [word for word in text.translate(self._letters).split() if len(word) == 1 or not word.isupper()]

    def scores(self, words: list[str]) -> NDArray[np.float32]:
        """For each word the sum of log(p + smoothing) over its 1-, 2- and 3-grams; zeros where none is known.

        Shape (len(words), len(LANGUAGES)).
        """
        known = self._words
        if len(known) >= CACHED_WORDS:
            known = self._words = {}
        rows = [known.get(word) or known.setdefault(word, self._score(word)) for word in words]
        return np.frombuffer(b"".join(rows), dtype=np.float32).reshape(-1, len(LANGUAGES))

    def _score(self, word: str) -> bytes:
        padded = f" {word[:LONGEST_WORD]} "
        grams = [padded[end - n : end] for end in range(2, len(padded) + 1) for n in (1, 2, 3) if n <= end]
        rows = [row for gram in grams if (row := self._rows.get(gram)) is not None]
        score: Scores = self._table[rows].sum(axis=0) if rows else np.zeros(len(LANGUAGES))
        return score.astype(np.float32).tobytes()


class _Letters(dict[int, str]):
    """A table for `str.translate` that asks langdetect about each new character once."""

    def __missing__(self, code: int) -> str:
        from langdetect.utils.ngram import NGram

        letter: str = NGram.normalize(chr(code))
        letter = letter if letter.isalpha() else " "
        if len(self) < 70_000:
            self[code] = letter
        return letter


@cache
def _load() -> tuple[dict[str, int], Scores]:
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
