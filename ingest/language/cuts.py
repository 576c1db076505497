"""Where the language of a text may change: the places that cut it into pieces of one language each.

A piece is what lies between two cuts. Too many cuts do little harm, since neighbours in one language are joined again;
a missing one mislabels a passage. So this cuts at every line break, sentence end, quotation and separator, at runs of
capitals, and where a site lost the space between two texts ("…selon SéoulUn soutien russe").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LOWER = "a-zß-öø-ÿœąćęłńśźżčďěňřšťůžăşţ"
UPPER = "A-ZÀ-ÖØ-ÞŒĄĆĘŁŃŚŹŻČĎĚŇŘŠŤŮŽĂŞŢ"

_HARD = re.compile(
    rf"""\n\s*                                              # a line break
    | [.!?…]["'”’»)\]]*\s+                                  # the end of a sentence
    | (?<=[{LOWER}\d)][.!?…])(?=["«„“]?[{UPPER}][{LOWER}\s'’])    # the same, its space lost: "bezahlt.The"
    | (?<=[{LOWER}\d][.!?…]["”»“])(?=[{UPPER}])
    | (?<=[{LOWER}]{{3}})(?=[{UPPER}][{LOWER}\s'’])         # two texts glued: "SéoulUn soutien"
    | (?<=[{LOWER}]{{3}}["”»)])(?=[{UPPER}][{LOWER}\s'’])
    | \s[-–—|•·/>]+\s                                       # separators
    | [:;]\s
    """,
    re.VERBOSE,
)

_QUOTES = re.compile(
    r"""«\s*(?P<fr>[^«»\n]{8,1500}?)\s*»
    | »(?P<de>[^«»\n]{8,1500}?)«
    | [„“](?P<low>[^„“”"\n]{8,1500}?)[“”"]
    | (?<![\w"])"(?P<straight>[^"\n]{8,1500}?)"
    | (?<!\w)'(?P<single>[^'\n]{8,1500}?)'(?!\w)
    """,
    re.VERBOSE,
)

_CAPITALS = re.compile(rf"[{UPPER}]{{2,}}[^{LOWER}\n]*[{UPPER}]{{2,}}(?![{LOWER}])")

_QUOTED_WORDS = 3
"""A quotation of fewer words is a title or a name, which belongs to the sentence around it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is cut no further; `after_capitals`: a run of capitals begins or has just ended here."""

    start: int
    end: int
    at_capitals: bool = False


def cut(text: str) -> tuple[Piece, ...]:
    """The pieces of `text` in order; they cover it without gaps. Empty for an empty text."""
    if not text:
        return ()
    cuts = {match.end() for match in _HARD.finditer(text)}
    for quote in _QUOTES.finditer(text):
        inside = quote.lastgroup
        if inside is not None and len(quote[inside].split()) >= _QUOTED_WORDS:
            cuts.update(quote.span(inside))
    capitals: set[int] = set()
    for run in _CAPITALS.finditer(text):
        if len(run[0].split()) >= 2:
            capitals.update(run.span())
    starts = sorted((cuts | capitals | {0}) - {len(text)})
    ends = [*starts[1:], len(text)]
    return tuple(Piece(a, b, a in capitals) for a, b in zip(starts, ends, strict=True) if a < b)
