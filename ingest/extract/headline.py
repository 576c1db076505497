"""Which line of a plain text is its headline."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.extract.line_features import is_sentence
from ingest.extract.rules import wording

LOOK_BACK = 8
"""Lines above the first paragraph that are looked at: date, byline, share bar and picture credit stand between."""

HEADLINE_LIKE, TEXT_LIKE = 0.3, 0.6
"""Scores under which a line is rather a headline than a standfirst, and from which it is no headline at all. Of the
lines taken for the headline of 218 windows 14 were text when the last one that looks so was taken, 8 are with these:
text F1 .9606, .9613, content lines .940, .940 (means of three ways to share the sites out, 8 folds)."""

_WORD = re.compile(r"[^\W\d_]+")
_LIST_MARK = re.compile(r"^\s*[-–•*·▪]\s")
_OPEN_END = re.compile(r"[.,:;…]\s*$")


def find_headline(lines: Sequence[str], furniture: Sequence[bool], scores: Sequence[float]) -> int | None:
    """Number of the line that is the headline; None where none can be told.

    furniture: which lines a rule has taken; they are no headline, and stand between it and the text.
    scores: how likely each line is text, from 0 to 1: the line under a headline is often a standfirst.
    """
    lead = next((i for i, line in enumerate(lines) if is_sentence(line) and not furniture[i]), None)
    if not lead or _LIST_MARK.match(lines[lead]):
        return None
    candidates = [
        i for i in range(max(0, lead - LOOK_BACK), lead) if not furniture[i] and _looks_like_headline(lines[i])
    ]
    found = [i for i in candidates if scores[i] < HEADLINE_LIKE] or candidates[-1:]
    return found[-1] if found and scores[found[-1]] < TEXT_LIKE else None


def _looks_like_headline(line: str) -> bool:
    return (
        20 <= len(line) <= 220
        and len(_WORD.findall(line)) >= 4
        and not _LIST_MARK.match(line)
        and not _OPEN_END.search(line)
    )


def bare(line: str) -> str:
    """What two wordings of one headline have in common: no case, no marks around."""
    return wording(line).folded.strip(" .!?:»«\"'“”")
