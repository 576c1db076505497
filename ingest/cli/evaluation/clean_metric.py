"""How well text was cleaned: shares of 4-word shingles, and lines kept or dropped.

The definitions are those of the article-extraction-benchmark (shingles) and of the data's own `score.py`, so the
figures can be compared with what other tools reach on the same pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

SHINGLE = 4
BADLY_WRONG = 0.8
"""A page whose F1 is below went badly wrong."""

_WORD = re.compile(r"\w+")
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u2060\ufeff]")  # must not split a word


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled line: "c" content, "b" boilerplate, "n" not scored; parts where both stand in one line."""

    text: str
    label: str
    kind: str = ""
    parts: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Shares:
    """Shingles of one document that were right, too many and missing, as shares of all."""

    right: float
    surplus: float
    missing: float

    @property
    def precision(self) -> float:
        """Share of what was kept that is wanted."""
        return self.right / (self.right + self.surplus) if self.right + self.surplus else 0.0

    @property
    def recall(self) -> float:
        """Share of what is wanted that was kept."""
        return self.right / (self.right + self.missing) if self.right + self.missing else 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """Means over documents, and how many of them went badly wrong."""

    precision: float
    recall: float
    f1: float
    wrong: int


@dataclass(slots=True)
class LineCounts:
    """Lines and characters by what they are and what became of them."""

    kept_content: int = 0
    lost_content: int = 0
    kept_furniture: int = 0
    dropped_furniture: int = 0
    kept_content_chars: int = 0
    lost_content_chars: int = 0
    kept_furniture_chars: int = 0

    def add(self, lines: Sequence[Line], kept: Collection[int]) -> None:
        """Count one document."""
        for number, line in enumerate(lines):
            size = len(line.text)
            if line.label == "c" and number in kept:
                self.kept_content += 1
                self.kept_content_chars += size
            elif line.label == "c":
                self.lost_content += 1
                self.lost_content_chars += size
            elif line.label == "b" and number in kept:
                self.kept_furniture += 1
                self.kept_furniture_chars += size
            elif line.label == "b":
                self.dropped_furniture += 1

    def content(self) -> tuple[float, float, float]:
        """Precision, recall and F1 with content lines as the target."""
        return _prf(self.kept_content, self.kept_furniture, self.lost_content)

    def furniture(self) -> tuple[float, float, float]:
        """Precision, recall and F1 with boilerplate lines as the target."""
        return _prf(self.dropped_furniture, self.lost_content, self.kept_furniture)

    def lost(self) -> float:
        """Share of the article's characters that was dropped."""
        return self.lost_content_chars / max(1, self.kept_content_chars + self.lost_content_chars)

    def leak(self) -> float:
        """Share of the kept characters that is boilerplate."""
        return self.kept_furniture_chars / max(1, self.kept_furniture_chars + self.kept_content_chars)


def shares(wanted: str, got: str, optional: str = "") -> Shares:
    """How much of `wanted` is in `got`; what `optional` has is neither wanted nor too much."""
    gold, kept, free = _shingles(wanted), _shingles(got), _shingles(optional)
    right = sum(min(count, kept[shingle]) for shingle, count in gold.items())
    missing = gold.total() - right
    surplus = sum(max(0, count - gold[shingle] - free[shingle]) for shingle, count in kept.items())
    total = right + surplus + missing
    return Shares(right / total, surplus / total, missing / total) if total else Shares(0.0, 0.0, 0.0)


def summary(documents: Collection[Shares]) -> Summary:
    """Precision and recall are means over the documents that have any, F1 their harmonic mean."""
    precision = _mean(one.precision for one in documents if one.right + one.surplus > 0)
    recall = _mean(one.recall for one in documents if one.right + one.missing > 0)
    wrong = sum(harmonic(one.precision, one.recall) < BADLY_WRONG for one in documents)
    return Summary(precision, recall, harmonic(precision, recall), wrong)


def text_shares(lines: Sequence[Line], kept: Collection[int]) -> Shares:
    """The shingles of one line-wise document: kept lines against its content."""
    wanted, optional = [], []
    for line in lines:
        if line.label == "c":
            wanted.append(line.text)
        elif line.label == "n":
            optional.append(line.text)
        wanted += [part.text for part in line.parts if part.label == "c"]
    got = "\n".join(line.text for number, line in enumerate(lines) if number in kept)
    return shares("\n".join(wanted), got, "\n".join(optional))


def harmonic(a: float, b: float) -> float:
    """The harmonic mean; 0 where one of the two is."""
    return 2 * a * b / (a + b) if a + b else 0.0


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(_INVISIBLE.sub("", text).lower())
    if not words:
        return Counter()
    if len(words) <= SHINGLE:
        return Counter([tuple(words)])
    return Counter(zip(*(words[i:] for i in range(SHINGLE)), strict=False))


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0


def _prf(right: int, surplus: int, missing: int) -> tuple[float, float, float]:
    precision = right / (right + surplus) if right + surplus else 0.0
    recall = right / (right + missing) if right + missing else 0.0
    return precision, recall, harmonic(precision, recall)
