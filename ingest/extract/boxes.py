"""Boxes of a page that their own heading gives away: about the author, more to read, newsletters, comments."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.extract.linear import HtmlLine
from ingest.extract.rules import RuleTable, wording

HEADINGS = frozenset({"about-author", "newsletter", "comment-form", "read-more", "app-prompt"})
"""Rules whose lines head boxes. Labels of sold articles head the article itself ("Exklusiv")."""

LONGEST_HEADING = 60
"""Characters."""

LEVELS = 2
"""Elements around a heading that may be its box: the heading often has one of its own."""

MOST = 0.5
"""Share of the page's kept text that a box holds at most. Of 210 pages, 18 lines of five went as they stood in such a
box, none of them article text; cross-validated by site, text F1 .985 -> .987, French pages .984 -> .992, pages under .8
one -> none (gold texts in NFC; two ways to share the sites out)."""


def boxed(lines: Sequence[HtmlLine], scores: Sequence[float], rules: RuleTable, *, keep: float) -> dict[int, str]:
    """The lines in such boxes, with the heading of each: the first line of an element says that it is furniture.

    keep: score from which a line is kept.
    """
    headings = [place for place, line in enumerate(lines) if _is_heading(line.text, rules)]
    if not headings:
        return {}
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for place, line in enumerate(lines):
        for node in line.nodes:
            first.setdefault(node, place)
            last[node] = place
    text = [len(line.text) if score >= keep else 0 for line, score in zip(lines, scores, strict=True)]
    whole = sum(text)
    found: dict[int, str] = {}
    for place in headings:
        line = lines[place]
        if place in found:
            continue
        boxes = [node for node in line.nodes[-1 - LEVELS : -1] if first[node] == place and last[node] > place]
        for box in boxes:
            inside = range(place + 1, last[box] + 1)
            if sum(text[place + 1 : last[box] + 1]) < MOST * whole:
                found |= dict.fromkeys(inside, line.text)
    return found


def _is_heading(text: str, rules: RuleTable) -> bool:
    if len(text) > LONGEST_HEADING:
        return False
    hit = rules.match(wording(text))
    return hit is not None and not hit.rule.soft and hit.rule.id in HEADINGS
