"""Boxes of a page that their own heading gives away: about the author, more to read, newsletters, comments."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.extract.linear import HtmlLine
from ingest.extract.rules import Hit, RuleTable
from ingest.extract.wording import wording

HEADINGS = frozenset({"about-author", "newsletter", "comment-form", "read-more", "app-prompt"})
"""Rules whose lines head boxes. Labels of sold articles head the article itself ("Exklusiv")."""

OF_PROSE = "about-author"
"""The one of them whose box goes however sure the score is of it, under a heading of several words: it has running text
as the article has. "Comments" or "More information" head sections of articles, too."""

LINKED, SURE = 0.5, 0.9
"""Any other box goes where so large a share of it is links, or where the score is not so sure of any of its lines."""

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
    headings = [place for place, line in enumerate(lines) if _heading(line.text, rules)]
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
    taken = 0
    for place in headings:
        line = lines[place]
        if place in found:
            continue
        for box in line.nodes[-1 - LEVELS : -1]:
            inside = [at for at in range(place + 1, last[box] + 1) if at not in found]
            kept = sum(text[at] for at in inside)
            if first[box] != place or not inside or taken + kept >= MOST * whole:
                continue
            unsure = max(scores[at] for at in inside) < SURE
            if unsure or _about_author(line.text, rules) or _mostly_links([lines[at] for at in inside]):
                taken += kept
                found |= dict.fromkeys(inside, line.text)
    return found


def _heading(text: str, rules: RuleTable) -> Hit | None:
    """What says of a short line that it heads a box."""
    hit = rules.match(wording(text)) if len(text) <= LONGEST_HEADING else None
    return hit if hit is not None and not hit.soft and hit.rule.id in HEADINGS else None


def _about_author(text: str, rules: RuleTable) -> bool:
    hit, words = _heading(text, rules), len(wording(text).words)
    return hit is not None and hit.rule.id == OF_PROSE and 1 < words <= len(hit.matched.split())


def _mostly_links(lines: Sequence[HtmlLine]) -> bool:
    return sum(len(line.text) * line.linked for line in lines) >= LINKED * sum(len(line.text) for line in lines)
