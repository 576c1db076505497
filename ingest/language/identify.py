"""The language of a text and of its spans, by Viterbi over pieces on langdetect's tables.

Each piece between two cuts has a score per language (`profiles`), a change of language costs something, and the best
sequence wins: a sentence of another language is found, a name or a title in another language is not.
Measured on 730 mixed documents: .997 of the words right, where one language per sentence gets .967.
"""

from __future__ import annotations

import re
import threading
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from ingest.language.cuts import Piece, cut
from ingest.language.joints import SIDE, joints
from ingest.language.profiles import LANGUAGES, LISTED, Profiles, Scores, word_starts, words_of
from ingest.types import UNDETERMINED, Identified, Span

Counts = NDArray[np.int64]

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

FOREIGN_WORDS = 5
"""A language without a list needs so many words inside a longer text: "No data" is no Italian, and a document of which
a span has no translation waits for one."""

ASIDE_WORDS = 3
"""So many words between two passages of one language on the same line are a name or a title: with this rule .990 of
the words of documents full of foreign names are right, without it .985; with 4 words short quotations get lost."""

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
        pieces, scores, familiar, counts = self._look_up(text, cut(text))
        languages = _viterbi(scores, pieces, hint)
        languages = _without_other_scripts(languages, text, pieces)
        languages = _without_strange(languages, familiar, counts)
        languages = _without_short_foreign(languages, counts)
        languages = _without_asides(languages, counts, text, pieces)
        spans = _join(pieces, languages)
        return Identified(_main(text, spans), spans)

    def _look_up(self, text: str, pieces: tuple[Piece, ...]) -> tuple[tuple[Piece, ...], Scores, Scores, Counts]:
        """The pieces, now cut at joints too, and for each its scores (zeros: no evidence), listed words and words."""
        profiles = self._load()
        text = _ADDRESS.sub(lambda match: " " * len(match[0]), text)
        parts = [_lowered(text[piece.start : piece.end]) for piece in pieces]
        words = [words_of(part) for part in parts]
        rows = profiles.look_up([word for found in words for word in found])
        pieces, counts = _cut_at_joints(pieces, parts, words, rows[:, : len(LANGUAGES)])
        sums = np.zeros((len(rows) + 1, rows.shape[1]))
        np.cumsum(rows, axis=0, out=sums[1:])
        ends = np.cumsum(counts)
        by_piece = sums[ends] - sums[ends - counts]
        return pieces, by_piece[:, : len(LANGUAGES)], by_piece[:, len(LANGUAGES) :], counts

    def _load(self) -> Profiles:
        with self._loading:
            if self._profiles is None:
                self._profiles = Profiles()
            return self._profiles


def _cut_at_joints(
    pieces: tuple[Piece, ...], parts: list[str], words: list[list[str]], rows: NDArray[np.float32]
) -> tuple[tuple[Piece, ...], Counts]:
    """The pieces, now cut before every joint too, and how many words each has; `rows`: the scores of all words."""
    cut_pieces: list[Piece] = []
    counts: list[int] = []
    row = 0
    for piece, part, found in zip(pieces, parts, words, strict=True):
        row += len(found)
        if len(found) < 2 * SIDE:
            cut_pieces.append(piece)
            counts.append(len(found))
            continue
        scores = rows[row - len(found) : row].astype(np.float64)
        places = joints(scores, np.array([word[0].isupper() for word in found], dtype=bool), PRIOR)
        offsets = word_starts(part) if places else []
        bounds = [piece.start, *(piece.start + offsets[place] for place in places), piece.end]
        for start, end in pairwise(bounds):
            cut_pieces.append(Piece(start, end, piece.at_capitals and start == piece.start))
        counts += np.diff([0, *places, len(found)]).tolist()
    return tuple(cut_pieces), np.array(counts)


def _lowered(text: str) -> str:
    """`text` in lower case where it is all capitals, else as it is; always of the same length."""
    capitals = sum(map(str.isupper, text))
    if capitals <= CAPITALS * sum(map(str.isalpha, text)):
        return text
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text  # "İ" becomes two


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


def _without_strange(languages: list[str], familiar: Scores, counts: Counts) -> list[str]:
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


def _without_short_foreign(languages: list[str], counts: Counts) -> list[str]:
    """`languages` with their neighbour's for the few words of a language without a list inside a longer text."""
    most = min(FOREIGN_WORDS, counts.sum() / 4)
    kept: list[str] = []
    for lang, run in groupby(zip(languages, counts, strict=True), key=lambda pair: pair[0]):
        sizes = [int(words) for _, words in run]
        following = languages[len(kept) + len(sizes)] if len(kept) + len(sizes) < len(languages) else lang
        neighbour = kept[-1] if kept else following
        is_few = lang not in LISTED and lang != UNDETERMINED and sum(sizes) < most
        kept += [neighbour if is_few else lang] * len(sizes)
    return kept


def _without_asides(languages: list[str], counts: Counts, text: str, pieces: tuple[Piece, ...]) -> list[str]:
    """`languages` with their sentence's for the few words inside a line that stand between two of one language."""
    kept = list(languages)
    start = 0
    for lang, run in groupby(languages):
        end = start + len(list(run))
        if start > 0 and end < len(languages) and kept[start - 1] == languages[end] and lang != UNDETERMINED:
            is_few = counts[start:end].sum() <= ASIDE_WORDS
            if is_few and "\n" not in text[pieces[start].start - 1 : pieces[end - 1].end]:
                kept[start:end] = [languages[end]] * (end - start)
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
