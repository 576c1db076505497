"""The parallel text a model may be trained on: origins, licences, what is held out, what is filtered.

A corpus file is UTF-8 text, plain or `.xz`, one pair a line: source, English, origin, tab-separated.
The folder holds `fr-en.tsv.xz`, `de-en.tsv.xz` and the news pairs `newsdev.fr-en.tsv`, `newsdev.de-en.tsv`,
whose third column names the WMT test set.
"""

import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("fr", "de")


@dataclass(frozen=True, slots=True)
class Origin:
    """A source of text, and how often a run draws each of its pairs (0.2: every fifth pair once).

    short: for a run of some million English tokens, which has no time for much besides news (a CPU).
    long: for a run that sees everything at least once (a GPU). Only the proportions matter.
    """

    name: str
    licence: str
    short: float
    long: float
    late: bool = False  # news-like: drawn more and more towards the end of a run


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its English translation."""

    language: str
    source: str
    english: str
    origin: str


# Origins not named here stay out: opennmt-wmt, essays and plenty-manual have no known licence, and mucow, though
# released under CC BY 4.0, holds talks and subtitles under terms of their own.
ORIGINS = {
    origin.name: origin
    for origin in (
        Origin("newsdev", "WMT test sets: free for research purposes, with citation", 2.0, 4.0, late=True),
        Origin(
            "newsdev-kd", "MPL-2.0 (translations by Mozilla Bergamot models); sources as newsdev", 2.5, 4.0, late=True
        ),
        Origin(
            "newsdev-bt", "MPL-2.0 (translations by Mozilla Bergamot models); English as newsdev", 1.0, 3.0, late=True
        ),
        Origin("pud", "CC BY-SA 3.0", 2.0, 3.0, late=True),
        Origin("tico19", "CC0 1.0", 1.0, 2.0, late=True),
        Origin("mt-geneval", "CC BY-SA 3.0", 1.0, 2.0, late=True),
        Origin("xquad", "CC BY-SA 4.0", 1.0, 2.0, late=True),
        Origin("mlqe-pe", "CC0 1.0", 0.7, 2.0, late=True),
        Origin("europarl", "Parliament proceedings; Europarl states no known copyright restrictions", 0.05, 1.0),
        Origin("digital-canada", "MIT", 0.2, 1.0),
        Origin("mozilla-www", "MPL-2.0", 0.3, 1.0),
        Origin("privacyguides", "CC BY-SA 4.0", 0.1, 1.0),
        Origin("tatoeba", "CC BY 2.0 FR", 0.15, 1.0),
        Origin("bcontrast", "CC BY-SA 4.0", 0.2, 1.0),
        Origin("fdroid", "AGPL-3.0-or-later", 0.05, 0.5),
        Origin("wesnoth", "GPL-2.0-or-later; newer parts CC BY-SA 4.0", 0.15, 1.0),
        Origin("cataclysm", "CC BY-SA 3.0", 0.1, 0.7),
        Origin("freeciv", "GPL-2.0-or-later", 0.05, 0.5),
        Origin("bitcoin-org", "MIT", 0.1, 1.0),
        Origin("debian-descriptions", "that of each package; free under the DFSG", 0.02, 0.3),
        Origin("debian-docs", "GPL-2.0-or-later; the handbook also CC BY-SA 3.0", 0.05, 0.5),
        Origin("gnome-help", "CC BY-SA 3.0", 0.05, 0.5),
        Origin("libreoffice-help", "MPL-2.0 / LGPL-3.0-or-later", 0.02, 0.3),
        Origin("php-manual", "CC BY 3.0 or later", 0.02, 0.3),
        Origin("ding", "GPL-2.0-or-later", 0.03, 0.5),
        Origin("freedict", "GPL-2.0-or-later or GPL-3.0-or-later, with GFDL parts", 0.0, 0.3),
        Origin("cldr-names", "Unicode License v3", 0.1, 0.5),
    )
}
# German has little parliament text and few sentences in all: more of what there is.
GERMAN_SHORT = {"europarl": 0.6, "tatoeba": 0.3, "newsdev-bt": 1.0, "bcontrast": 0.3}

# Validation: one WMT year for each language. The WMT sets of a year share their English across languages,
# so a year held out for French is held out of the German pairs as well, by either side's text.
HELD_OUT = {"fr": "wmt12", "de": "wmt18"}

DICTIONARIES = frozenset({"ding", "freedict", "cldr-names"})
_LETTERS = re.compile(r"\w+")


def passes(origin: str, language: str, long_run: bool) -> float:
    """Return how often each pair of this origin is drawn in one run."""
    if long_run:
        return ORIGINS[origin].long
    return GERMAN_SHORT.get(origin, ORIGINS[origin].short) if language == "de" else ORIGINS[origin].short


def sentence_key(text: str) -> str:
    """Return the sentence without case, punctuation and spaces, for comparing with held-out ones."""
    return "".join(_LETTERS.findall(text.casefold()))


def read_held_out(folder: Path) -> dict[str, tuple[Pair, ...]]:
    """Return the validation pairs of each language, in file order; they carry the set's name as origin."""
    return {
        language: tuple(pair for pair in _read(folder / f"newsdev.{language}-en.tsv", language) if pair.origin == name)
        for language, name in HELD_OUT.items()
    }


def read_training(folder: Path, held_out: dict[str, tuple[Pair, ...]]) -> Iterator[Pair]:
    """Yield the pairs that may be trained on: allowed origins, clean, sharing no side with a held-out pair."""
    forbidden = {
        sentence_key(side) for pairs in held_out.values() for pair in pairs for side in (pair.source, pair.english)
    }
    for language in LANGUAGES:
        for pair in _read(folder / f"newsdev.{language}-en.tsv", language):
            yield from _allowed(Pair(language, pair.source, pair.english, "newsdev"), forbidden)
        for pair in _read(folder / f"{language}-en.tsv.xz", language):
            if pair.origin in ORIGINS:
                yield from _allowed(pair, forbidden)


def _allowed(pair: Pair, forbidden: set[str]) -> Iterator[Pair]:
    if is_clean(pair) and sentence_key(pair.source) not in forbidden and sentence_key(pair.english) not in forbidden:
        yield pair


def is_clean(pair: Pair) -> bool:
    """Return whether the pair teaches translation: both sides say something, in proportion, not the same thing."""
    source, english = pair.source, pair.english
    if not source or not english or len(source) > 700 or len(english) > 700:
        return False
    if pair.origin in DICTIONARIES:
        return len(english) < 80
    if len(source) > 40 and sentence_key(source) == sentence_key(english):
        return False
    # a source without its final stop against an English side with one is a sentence cut short
    if len(source) > 60 and english[-1] in ".!?" and source[-1].isalpha() and pair.origin == "europarl":
        return False
    return 0.4 < (len(source) + 15) / (len(english) + 15) < 2.2


def _read(path: Path, language: str) -> Iterator[Pair]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            columns = line.rstrip("\n").split("\t")
            if len(columns) != 3:
                raise ValueError(
                    f"{path}, line {number}: expected 3 columns (source, English, origin), got {len(columns)}"
                )
            yield Pair(language, columns[0].strip(), columns[1].strip(), columns[2])
