"""Two texts beside each other: the passages they share, word by word, and the numbers they do not share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ingest.types import Article, Match, SharedPassage

CONTEXT = 90
"""Characters shown around a shared passage."""

WORD = re.compile(r"(?:\w+(?:[.,:'’-]\w+)*|[^\w\s])\s*|\s+")
"""A word or a mark, and the space after it."""

NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.,])\d+(?:\.\d+)?(?!\w)")

NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
LEAST_LIKENESS = 0.25


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one side; `same`: the other side has it too."""

    text: str
    same: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """One shared passage on both sides, with a little of what stands around it."""

    before_a: str
    a: tuple[Piece, ...]
    after_a: str
    before_b: str
    b: tuple[Piece, ...]
    after_b: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why two articles are one text, ready to be shown."""

    match: Match
    passages: tuple[Passage, ...]
    more: int  # shared passages not shown
    share_a: float  # of a's text that the passages cover
    share_b: float
    numbers_a: tuple[str, ...]  # numbers only a has
    numbers_b: tuple[str, ...]


def evidence(match: Match, a: Article, b: Article, *, most: int = 4) -> Evidence:
    """The evidence of a match, the `most` longest passages shown in the order of a's text."""
    valid = [
        p for p in match.passages if 0 <= p.a_start < p.a_end <= len(a.text) and p.b_start < p.b_end <= len(b.text)
    ]
    longest = sorted(valid, key=lambda p: p.a_start - p.a_end)[:most]
    shown = tuple(_passage(p, a.text, b.text) for p in sorted(longest, key=lambda p: p.a_start))
    only_a, only_b = differing_numbers(a.text, b.text)
    return Evidence(
        match,
        shown,
        len(valid) - len(shown),
        covered([(p.a_start, p.a_end) for p in valid], len(a.text)),
        covered([(p.b_start, p.b_end) for p in valid], len(b.text)),
        only_a,
        only_b,
    )


def word_diff(a: str, b: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts cut where they begin or cease to agree, by words, regardless of case."""
    left, right = WORD.findall(a), WORD.findall(b)
    keys_a, keys_b = [w.strip().casefold() for w in left], [w.strip().casefold() for w in right]
    pieces_a: list[Piece] = []
    pieces_b: list[Piece] = []
    for tag, i, j, k, m in SequenceMatcher(None, keys_a, keys_b, autojunk=False).get_opcodes():
        same = tag == "equal" and any(key.isalnum() or len(key) > 1 for key in keys_a[i:j])  # no lone marks
        _add(pieces_a, "".join(left[i:j]), same)
        _add(pieces_b, "".join(right[k:m]), same)
    return tuple(pieces_a), tuple(pieces_b)


def differing_numbers(a: str, b: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers only one of the texts has, each once, in the order of the text."""
    left = dict.fromkeys(NUMBER.findall(a))
    right = dict.fromkeys(NUMBER.findall(b))
    return tuple(n for n in left if n not in right), tuple(n for n in right if n not in left)


def covered(stretches: Sequence[tuple[int, int]], length: int) -> float:
    """The share of a text of this length that the stretches cover; overlaps count once."""
    total, reach = 0, 0
    for start, end in sorted(stretches):
        total += max(0, end - max(start, reach))
        reach = max(reach, end)
    return total / length if length else 0.0


def _passage(p: SharedPassage, a: str, b: str) -> Passage:
    same_a, same_b = word_diff(a[p.a_start : p.a_end], b[p.b_start : p.b_end])
    return Passage(
        _tail(a[: p.a_start]), same_a, _head(a[p.a_end :]), _tail(b[: p.b_start]), same_b, _head(b[p.b_end :])
    )


def _add(pieces: list[Piece], text: str, same: bool) -> None:
    """Append a stretch, without the space at the end of a shared one, to what is there of its kind."""
    bare = text.rstrip() if same else text
    for part, kind in ((bare, same), (text[len(bare) :], False)):
        if part and pieces and pieces[-1].same == kind:
            pieces[-1] = Piece(pieces[-1].text + part, kind)
        elif part:
            pieces.append(Piece(part, kind))


def _tail(text: str) -> str:
    line = text.rsplit("\n", 1)[-1]
    return line if len(line) <= CONTEXT else "…" + line[-CONTEXT:].partition(" ")[2]


def _head(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= CONTEXT else line[:CONTEXT].rpartition(" ")[0] + "…"


def paragraphs(a: str, b: str) -> tuple[tuple[tuple[Piece, ...], tuple[Piece, ...]], ...]:
    """Both texts whole, paragraph beside its counterpart, words marked as shared or not; one without stands alone.

    The alignment keeps the order of both texts and maximises the shared words (Needleman and Wunsch 1970).
    """
    left, right = a.split("\n"), b.split("\n")
    bags_a, bags_b = [_bag(p) for p in left], [_bag(p) for p in right]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) - 1, -1, -1):
        for j in range(len(right) - 1, -1, -1):
            both = best[i + 1][j + 1] + _likeness(bags_a[i], bags_b[j])
            best[i][j] = max(both, best[i + 1][j], best[i][j + 1])
    rows: list[tuple[tuple[Piece, ...], tuple[Piece, ...]]] = []
    i = j = 0
    while i < len(left) or j < len(right):
        if i < len(left) and j < len(right):
            alike = _likeness(bags_a[i], bags_b[j])
            if alike and best[i][j] == best[i + 1][j + 1] + alike:
                rows.append(word_diff(left[i], right[j]))
                i, j = i + 1, j + 1
                continue
        if j == len(right) or (i < len(left) and best[i][j] == best[i + 1][j]):
            rows.append(((Piece(left[i], same=False),), ()))
            i += 1
        else:
            rows.append(((), (Piece(right[j], same=False),)))
            j += 1
    return tuple(row for row in rows if any(piece.text.strip() for side in row for piece in side))


def differing_names(a: str, b: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Capitalised words inside sentences that only one of the texts has, each once, in the order of the text."""
    left, right = dict.fromkeys(NAME.findall(a)), dict.fromkeys(NAME.findall(b))
    in_a, in_b = a.casefold(), b.casefold()
    return (
        tuple(n for n in left if n.casefold() not in in_b),
        tuple(n for n in right if n.casefold() not in in_a),
    )


def _bag(text: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in WORD.findall(text) if len(word.strip()) > 3)


def _likeness(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared words, where they are at least a quarter of the shorter paragraph; 0 else."""
    shared = len(a & b)
    return float(shared) if shared and shared >= LEAST_LIKENESS * min(len(a), len(b)) else 0.0
