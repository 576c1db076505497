"""Which line of a plain text is its headline.

Between a headline and the text stand its standfirst, bylines, dates, captions and buttons, above it sections and menus.
A headline says what the text says, in a line without an end. Each line above the text is judged by a sum of such
traits; how much each counts stands in `headline_weights.json`, fitted by `benchmarks/fit_headline.py`, which says how
well it does on sites it never saw.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import log1p

from ingest.extract.line_features import NUMBERS, content_words, number_rows
from ingest.extract.wording import Wording, ends, fold, is_sentence

LOOK_BACK = 25
"""Lines above the first paragraph that are looked at."""

LONGEST, FEWEST_WORDS = 220, 2
"""Characters and words of a headline."""

TEXT_LIKE = 0.75
"""Score from which a line is text, and no headline."""

TOPICAL, SOME = 0.5, 2
"""Share of a line's content words that the text has, and how many it needs, to be about the text."""

SAYS = 40
"""Characters from which a kept line says what the text is about."""

OPENING = 3
"""Lines that a text without furniture has at most above its first paragraph: kicker, headline, standfirst."""

MORE = 2.0
"""How much more than for the first line of such a text must speak for another one: a name may stand above it."""

_WORD = re.compile(r"[^\W\d_]+")
_LIST_MARK = re.compile(r"(?:[-–—•*·▪►>+]|\d{1,2}[.)])\s")
_OPEN_END = re.compile(r"[.,:;…]\s*$")
_CAPTION = re.compile(
    r"\b(?:photo|foto|image|bild|getty|reuters|afp|dpa|ap|epa|imago|picture|grafik|cr[eé]dit|courtesy|illustration)\b|©"
    r"|\(\w+:",
    re.IGNORECASE,
)
_MONTH = (
    r"(?i:jan|feb|fév|mar|mär|maerz|apr|avr|may|mai|mag|jun|jui|giu|jul|lug|aug|aoû|ago|sep|oct|okt|ott|nov|dec|déc|dez|"
    r"dic)\w*\.?"
)
_DATELINE = re.compile(
    r"^[^\W\d_a-zß-ÿ]{2}[^a-zß-ÿ(]{0,40}?(?:, ?[^\W\d_][\w. ]{1,25})?[,—–-]? ?"  # LEEDS, England,
    rf"(?:le )?(?:{_MONTH} \d{{1,2}}|\d{{1,2}}(?:er|\.)? {_MONTH})"  # March 3
    r"(?:,? \d{4}(?=\W*[(/—–-]))?\W*(?:[(/][\w/ .-]{2,20}[)/])?\W*$"  # (Reuters) -
)
"""A place and a date alone, as agencies open a text; a year without an agency is a headline's, as in "BREXIT, 10 Jan
2020"."""
_BYLINE = re.compile(
    r"^(?:by|von|par|written by|geschrieben|published|publié|posted|updated|stand|veröffentlicht)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class HeadlineWeights:
    """How much each trait speaks for a line, and the sum under which it is no headline."""

    of: Mapping[str, float]
    least: float

    def judge(self, traits: Mapping[str, float]) -> float:
        """How much all traits of a line speak for it."""
        return sum(self.of[name] * value for name, value in traits.items())


@cache
def builtin_weights() -> HeadlineWeights:
    """The weights that ship."""
    read = json.loads(resources.files("ingest.extract").joinpath("headline_weights.json").read_text("utf-8"))
    return HeadlineWeights(read["of"], read["least"])


def find_headline(
    lines: Sequence[Wording], kept: Sequence[bool], furniture: Sequence[bool], scores: Sequence[float]
) -> int | None:
    """Number of the line that is the headline; None where none can be told.

    kept: which lines are taken for text. furniture: which lines a rule has taken; they are no headline.
    scores: how likely each line is text, from 0 to 1: the line under a headline is often a standfirst.
    """
    lead = first_paragraph(lines, kept)
    if not lead:
        return _opening(lines, kept, furniture)
    places = [place for place in candidates(lines, lead, scores) if not furniture[place]]
    if not places:
        return _opening(lines, kept, furniture)
    weights = builtin_weights()
    judged = [weights.judge(one) for one in traits(lines, kept, scores, places)]
    best = max(range(len(places)), key=judged.__getitem__)
    if judged[best] >= weights.least:
        return places[best]
    first = _opening(lines, kept, furniture)
    if first in places and judged[best] >= judged[places.index(first)] + MORE:
        return places[best]
    return first


def _opening(lines: Sequence[Wording], kept: Sequence[bool], furniture: Sequence[bool]) -> int | None:
    """Number of the line that opens a text with nothing but text and what rules have taken above its first paragraph.

    Agencies' items and cleaned texts come like that; their headline looks as sure as text as all the rest does. Of the
    articles of 194 real pages with nothing but their headline above them, 106 are named without this, 179 with it;
    of 215 articles without theirs 29 more lose a subhead or a standfirst to it.
    """
    above: list[int] = []
    for place, line in enumerate(lines):
        if furniture[place] or _never(line.text):
            continue
        if not kept[place] or len(above) > OPENING:
            return None
        if ends(line.text) and (above or line.text[-1:] not in ("?", "!")):
            opens = above and len(line.text) >= SAYS and _may_open(lines[above[0]].text)
            return above[0] if opens else None
        above.append(place)
    return None


def _may_open(text: str) -> bool:
    """Has the first line of a text the looks of a headline?"""
    length = len(text) <= LONGEST and len(_WORD.findall(text)) >= FEWEST_WORDS
    taken = (_OPEN_END.search(text), _CAPTION.search(text), _BYLINE.match(text), _LIST_MARK.match(text))
    return length and not any(taken) and not text[:1].islower() and not _never(text)


def _never(text: str) -> bool:
    """Is a line an address or a dateline, which no headline is?"""
    return "://" in text or _DATELINE.match(text) is not None


def first_paragraph(lines: Sequence[Wording], kept: Sequence[bool]) -> int | None:
    """Number of the first line of running text."""
    return next((place for place, line in enumerate(lines) if kept[place] and is_sentence(line.text)), None)


def candidates(lines: Sequence[Wording], lead: int, scores: Sequence[float]) -> list[int]:
    """Numbers of the lines above the first paragraph that may be a headline."""
    return [
        place
        for place in range(max(0, lead - LOOK_BACK), lead)
        if scores[place] < TEXT_LIKE
        and len(lines[place].text) <= LONGEST
        and len(_WORD.findall(lines[place].text)) >= FEWEST_WORDS
        and not _never(lines[place].text)
    ]


def traits(
    lines: Sequence[Wording], kept: Sequence[bool], scores: Sequence[float], places: Sequence[int]
) -> list[dict[str, float]]:
    """What speaks for and against each of these lines, by the names in the weights; `places` are in page order."""
    lead = first_paragraph(lines, kept) or 0
    topic = frozenset[str]().union(
        *(
            content_words(line.text)
            for line, is_text in zip(lines[lead:], kept[lead:], strict=True)
            if is_text and len(line.text) > SAYS
        )
    )
    numbers = number_rows([lines[place] for place in places])
    column = {name: numbers[:, number].tolist() for number, name in enumerate(NUMBERS)}
    found = []
    about_before = False
    for number, place in enumerate(places):
        text = lines[place].text
        words = content_words(text)
        topical = len(words & topic) / len(words) if words else 0.0
        about = topical >= TOPICAL and len(words) >= SOME
        found.append(
            {
                "topical": topical,
                "topical_words": topical * min(len(words), 8) / 8,
                "first_topical": float(about and not about_before),
                "words": log1p(min(len(words), 10)),
                "usual_length": float(30 <= len(text) <= 130),
                "open_end": float(_OPEN_END.search(text) is not None),
                "question": column["question"][number],
                "function_share": column["function_share"][number],
                "capital_share": column["capital_share"][number],
                "digit_share": column["digit_share"][number],
                "prompt_share": column["prompt_share"][number],
                "bars": float(column["bars"][number] > 0),
                "caption": float(_CAPTION.search(text) is not None),
                "byline": float(_BYLINE.match(text) is not None),
                "score": scores[place],
                "distance": (lead - place) / 10,
            }
        )
        about_before = about_before or about
    return found


def bare(line: str) -> str:
    """What two wordings of one headline have in common: no case, no marks around."""
    return fold(line).strip(" .!?:»«\"'“”")
