"""The line scorer: how likely each line of a page is part of its article."""

from __future__ import annotations

import re
from collections.abc import Sequence

_END = re.compile(r"[.!?…][»”\"“)’'\]]*\s*$")
LONG = 80


def is_sentence(text: str) -> bool:
    """A line that reads like running text: long, and ended like a sentence."""
    return len(text) >= LONG and _END.search(text) is not None


def score_lines(lines: Sequence[str]) -> list[float]:
    """One number from 0 to 1 a line: the densest run of running text, everything in between included."""
    good = [is_sentence(line) for line in lines]
    best, best_value, start, value = (0, 0), 0.0, 0, 0.0
    for i, line in enumerate(lines):
        if value <= 0:
            start, value = i, 0.0
        value += len(line) if good[i] else -min(60, 15 + len(line))
        if value > best_value:
            best, best_value = (start, i + 1), value
    return [float(best[0] <= i < best[1]) for i in range(len(lines))]
