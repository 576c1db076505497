"""How much a word says: the frozen document frequencies of English, French and German stems.

The tables are made by `benchmarks/document_frequency.py` and never change under a running archive: a signature made
with one table says nothing beside one made with another. Their version is part of the scheme's label.

Stems come from the Snowball stemmers of version 3: two versions of a stemmer are two schemes. Their C binding
(PyStemmer) gives the same stems thirty times as fast (no difference on 36,000 words of news in three languages; a test
keeps an eye on it) and is used where it is installed. There is no list of stop words: a word that stands in
every tenth text weighs next to nothing, and one that stands in more than one of a hundred is no rare stem.
"""

from __future__ import annotations

import gzip
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ingest.dedup.normalize import fold, strip_accents, words

TABLE = "df1"
"""Version of the frozen tables."""

LANGUAGES = ("en", "fr", "de")

RARE_SHARE = 0.01
"""A stem in at most this share of texts is rare: what candidates are found by. Candidate recall .98 to .99 on the
development pairs; with every stem the candidates per text grow tenfold."""

CACHED_WORDS = 150_000
"""Words whose stem is remembered per language; more than a language has in daily use, a bound against noise."""

EVERYDAY_SHARE = 0.15
GUESSED_CHARACTERS = 2000

_STEMMERS = {"en": "english", "fr": "french", "de": "german"}


@dataclass(frozen=True, slots=True)
class Term:
    """One stem: a 32-bit hash that also tells languages apart, its weight, and what it is good for.

    Two different stems of one text share a hash once in half a million texts, and then count as one.
    """

    key: int
    idf: float  # ln(texts / texts with it)
    rare: bool  # in at most RARE_SHARE of texts
    name: bool  # so rare that at the head of a sentence a capital letter means a name


class Rows:
    """Terms side by side in arrays, and the row of each folded word; row 0 is for words that say nothing."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}
        self.count = 1
        self.keys = np.zeros(1024, dtype=np.uint32)
        self.weights = np.zeros(1024, dtype=np.float32)
        self.rare = np.zeros(1024, dtype=np.bool_)
        self._lock = Lock()

    def add(self, form: str, term: Term) -> int:
        """Give a word a row; those of one stem have rows of their own with the same key."""
        with self._lock:
            if form not in self.of:
                if self.count == len(self.keys):
                    for name in ("keys", "weights", "rare"):
                        setattr(self, name, np.concatenate([getattr(self, name), np.zeros_like(getattr(self, name))]))
                row, self.count = self.count, self.count + 1
                self.keys[row], self.weights[row], self.rare[row] = term.key, term.idf, term.rare
                self.of[form] = row
            return self.of[form]


class Vocabulary:
    """The terms of one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.texts, self.counts = _load(lang)
        self.stem = stemmer(lang)
        self.everyday = frozenset(s for s, n in self.counts.items() if n > EVERYDAY_SHARE * self.texts)
        self._terms: dict[str, Term] = {}
        self._rows = Rows()

    def term(self, form: str) -> Term:
        """The term that a folded word is a form of."""
        known = self._terms.get(form)
        if known is None:
            if len(self._terms) >= CACHED_WORDS:
                self._terms.clear()
            known = self._terms[form] = self._make(form if form[0].isdigit() else self.stem(form))
        return known

    def rows(self, forms: Iterable[str]) -> tuple[NDArray[np.intp], Rows]:
        """The rows of folded words, and the arrays they are rows of."""
        table = self._rows
        if table.count >= CACHED_WORDS:  # others may still read the old one
            table = self._rows = Rows()
        forms = list(forms)
        found = list(map(table.of.get, forms))
        for position in [place for place, row in enumerate(found) if row is None] if None in found else ():
            found[position] = self._row(table, forms[position])
        return np.array(found, dtype=np.intp), table

    def _row(self, table: Rows, form: str) -> int:
        if not says_something(form):
            return 0
        return table.add(form, self.term(form))

    def _make(self, stem: str) -> Term:
        share = self.counts.get(stem, 1) / self.texts
        key = hashlib.blake2b(f"{self.lang}:{stem}".encode(), digest_size=8).digest()[:4]
        return Term(int.from_bytes(key, "little"), -math.log(share), share <= RARE_SHARE, share <= RARE_SHARE / 20)


def says_something(form: str) -> bool:
    """Single letters say nothing, single digits do."""
    return len(form) > 1 or form.isdigit()


@cache
def vocabulary(lang: str) -> Vocabulary:
    """The vocabulary of a language; English for one without a table of its own."""
    return Vocabulary(lang if lang in LANGUAGES else "en")


def guess(text: str) -> str:
    """The language of ours whose everyday words stand most often among the first of the text; English for none.

    Good enough to choose a stemmer by; whoever knows the language says so.
    """
    forms = [strip_accents(fold(word)) for word in words(text[:GUESSED_CHARACTERS])]
    return max(LANGUAGES, key=lambda lang: sum(form in vocabulary(lang).everyday for form in forms))


def stemmer(lang: str) -> Callable[[str], str]:
    """A function from a word in lower case to its stem without accents."""
    stem = _fast_stemmer(lang) or plain_stemmer(lang)
    return lambda word: strip_accents(stem(word))


def plain_stemmer(lang: str) -> Callable[[str], str]:
    """The stemmer in pure Python, accents and all."""
    name = _STEMMERS[lang]
    module = import_module(f"snowballstemmer.{name}_stemmer")
    stem: Callable[[str], str] = getattr(module, f"{name.capitalize()}Stemmer")().stemWord
    return stem


def _fast_stemmer(lang: str) -> Callable[[str], str] | None:
    """The same stemmer in C; None where it is not installed or of another version of Snowball."""
    try:
        binding = import_module("Stemmer")
    except ImportError:
        return None
    if not binding.version().startswith("3."):
        return None
    stem: Callable[[str], str] = binding.Stemmer(_STEMMERS[lang], 0).stemWord  # terms are remembered here already
    return stem


def _load(lang: str) -> tuple[int, dict[str, int]]:
    packed = resources.files("ingest.dedup").joinpath("data", f"{TABLE}.{lang}.gz").read_bytes()
    lines = gzip.decompress(packed).decode().split("\n")
    texts = next(int(line.split()[-1]) for line in lines if line.startswith("# texts"))
    return texts, dict(_entries(lines))


def _entries(lines: list[str]) -> Iterator[tuple[str, int]]:
    """Stems grouped by count: a count, then its stems, on one line."""
    for line in lines:
        if not line.startswith("#"):
            count, _, stems = line.partition("\t")
            number = int(count)
            for stem in stems.split(" "):
                yield stem, number
