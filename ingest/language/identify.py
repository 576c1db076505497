"""The language of a text and of its spans, by Viterbi over pieces on langdetect's tables.

Each piece between two cuts has a score per language (`profiles`), a change of language costs something, and the best
sequence wins: a sentence of another language is found, a name or a title in another language is not.
Measured on 730 mixed documents: .995 of the words right, where one language per sentence gets .967.
"""

from __future__ import annotations

import re
import threading
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ingest.language.cuts import Piece, cut
from ingest.language.profiles import LANGUAGES, LISTED, Profiles, Scores, words_of
from ingest.types import UNDETERMINED, Identified, Span

SWITCH = 3.0
SWITCH_AT_CAPITALS = 2.0
"""Cost of a change of language between two pieces, in scaled nats; a run of capitals is a likelier place for it."""

PRIOR = np.array([0.0] * 3 + [-2.0] * 4 + [-3.0] * (len(LANGUAGES) - 7))
"""fr/de/en, then es/it/nl/pt, then the rest: what feeds in fr/de/en contain, in scaled nats per piece."""

HINT = 1.5
"""Bonus of the language that feed or page claim, in scaled nats for the whole text: it decides about a word or two."""

CAPITALS = 0.6
"""From this share of capitals on, a piece is lowered before it is looked up: the tables know few capitals."""

STRANGE_WORDS, STRANGE = 8, 0.25
"""A span of so many words of which less than this share is in its language's list is in no language we know.

In 1,900 French, German and English fragments of 8 words or more the lowest share is .29. In the Universal Declaration
in 406 languages of the Latin script, 3,151 paragraphs that would pass for one of the three have .12 in the median.
"""

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"]{1,2000}|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,5}")
_OTHER_SCRIPT = re.compile(r"(?![\u1e00-\u1eff\ufb00-\ufb06])[^\W\d_\u0000-\u024f]")


class Identifier:
    """Tells the languages of a text apart; safe for threads, loads its tables on first use."""

    def __init__(self) -> None:
        self._profiles: Profiles | None = None
        self._loading = threading.Lock()

    def identify(self, text: str, hint: str | None = None) -> Identified:
        """The language of `text` and of its spans, which cover it without gaps; "und" where none can be told.

        hint: the language the feed or page claims (ISO 639-1); it decides only where the text itself is unclear.
        """
        if not text:
            return Identified(UNDETERMINED, ())
        pieces = cut(text)
        scores, familiar, counts = self._look_up(text, pieces)
        languages = _viterbi(scores, pieces, hint)
        languages = _without_other_scripts(languages, text, pieces)
        languages = _without_strange(languages, familiar, counts)
        spans = _join(pieces, languages)
        return Identified(_main(text, spans), spans)

    def _look_up(self, text: str, pieces: tuple[Piece, ...]) -> tuple[Scores, Scores, NDArray[np.int64]]:
        """For each piece its scores (zeros: no evidence), its words in the list of each listed language, its words."""
        profiles = self._load()
        text = _ADDRESS.sub(lambda match: " " * len(match[0]), text)
        words: list[str] = []
        counts = []
        for piece in pieces:
            found = words_of(_lowered(text[piece.start : piece.end]))
            words += found
            counts.append(len(found))
        rows = profiles.look_up(words)
        sums = np.zeros((len(words) + 1, rows.shape[1]))
        np.cumsum(rows, axis=0, out=sums[1:])
        ends = np.cumsum(counts)
        by_piece = sums[ends] - sums[ends - counts]
        return by_piece[:, : len(LANGUAGES)], by_piece[:, len(LANGUAGES) :], np.array(counts)

    def _load(self) -> Profiles:
        with self._loading:
            if self._profiles is None:
                self._profiles = Profiles()
            return self._profiles


def _lowered(text: str) -> str:
    """`text` in lower case where it is all capitals, else as it is."""
    capitals = sum(map(str.isupper, text))
    return text.lower() if capitals > CAPITALS * sum(map(str.isalpha, text)) else text


def _viterbi(scores: Scores, pieces: tuple[Piece, ...], hint: str | None) -> list[str]:
    """The likeliest language of each piece; "und" for all where no piece has any evidence."""
    told = (scores != 0).any(axis=1)
    if not told.any():
        return [UNDETERMINED] * len(pieces)
    weights = np.where(told[:, None], scores - scores.max(axis=1, keepdims=True) + PRIOR, 0.0)
    best = np.array([HINT if lang == hint else 0.0 for lang in LANGUAGES])
    stays, leaders = np.empty(scores.shape, dtype=bool), []
    for step, piece in enumerate(pieces):
        leader = int(best.argmax())
        switched = best[leader] - (SWITCH_AT_CAPITALS if piece.at_capitals else SWITCH)
        np.greater(best, switched, out=stays[step])
        np.maximum(best, switched, out=best)
        best += weights[step]
        leaders.append(leader)
    column = int(best.argmax())
    columns = [column]
    for step in range(len(pieces) - 1, 0, -1):
        column = column if stays[step, column] else leaders[step]
        columns.append(column)
    return [LANGUAGES[column] for column in reversed(columns)]


def _without_other_scripts(languages: list[str], text: str, pieces: tuple[Piece, ...]) -> list[str]:
    """`languages` with "und" for the pieces of which most letters are Cyrillic, Greek, Chinese or the like."""
    if text.isascii() or not _OTHER_SCRIPT.search(text):
        return languages
    kept = []
    for lang, piece in zip(languages, pieces, strict=True):
        part = text[piece.start : piece.end]
        others = sum(1 for _ in _OTHER_SCRIPT.finditer(part))
        kept.append(UNDETERMINED if others > sum(map(str.isalpha, part)) / 2 else lang)
    return kept


def _without_strange(languages: list[str], familiar: Scores, counts: NDArray[np.int64]) -> list[str]:
    """`languages` with "und" for the runs in a listed language that hardly have a word of its list."""
    kept = list(languages)
    start = 0
    for lang, run in groupby(languages):
        end = start + len(list(run))
        words = counts[start:end].sum()
        if lang in LISTED and words >= STRANGE_WORDS:
            known = familiar[start:end, LISTED.index(lang)].sum()
            kept[start:end] = [lang if known >= STRANGE * words else UNDETERMINED] * (end - start)
        start = end
    return kept


def _join(pieces: tuple[Piece, ...], languages: list[str]) -> tuple[Span, ...]:
    """One span for each run of pieces in one language."""
    spans = []
    for lang, run in groupby(zip(pieces, languages, strict=True), key=lambda pair: pair[1]):
        run_pieces = [piece for piece, _ in run]
        spans.append(Span(run_pieces[0].start, run_pieces[-1].end, lang))
    return tuple(spans)


def _main(text: str, spans: tuple[Span, ...]) -> str:
    """The language of most letters; the earlier one where two have as many."""
    letters: dict[str, int] = {}
    for span in spans:
        letters[span.lang] = letters.get(span.lang, 0) + sum(map(str.isalpha, text[span.start : span.end]))
    return max(letters, key=letters.__getitem__)
