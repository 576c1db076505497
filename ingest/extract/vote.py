"""The vote of three extractors over the lines of an HTML page.

trafilatura, readability-lxml and resiliparse fail on different pages: a line stays where two of them keep it. On 210
development pages (shingle F1, pages under .8): trafilatura .964, 9; readability .952, 8; resiliparse .927, 15; the vote
.970, 4 (.968, 5 with trafilatura's fast mode). What the vote leaves open the page scorer decides (`page_features`):
cross-validated by site and with all that follows .987, 0, French pages .992 (gold texts in NFC, as what is extracted).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from ingest.extract.features import densest_run
from ingest.extract.linear import HtmlLine, page_lines
from ingest.extract.wording import words_of

SHINGLE = 4
LONG = 8
"""Words from which a line says where it stands."""
NEAR = 3
"""Lines around the run of a text in which its repeated lines may stand."""
MOSTLY = 0.6
"""Share of a line's shingles that must be in an extractor's text for the line to count as kept by it."""


def parse(html: str) -> Any:
    """The lxml tree of a page, without comments; None where there is none.

    Every element is a plain HtmlElement: lxml.html's own parser asks a Python function for the class of each one, every
    time that it is met, which takes longer than parsing.
    """
    from lxml import etree
    from lxml.html import HtmlElement

    parser = etree.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=False)
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement))
    try:
        return etree.fromstring(html, parser)
    except (etree.LxmlError, ValueError):
        return None


def serialized(tree: Any) -> str:
    """The HTML of a tree."""
    from lxml import html

    return str(html.tostring(tree, encoding="unicode"))


def trafilatura_text(tree: Any, url: str | None) -> str:
    """The main text as trafilatura sees it; the tree stays as it is."""
    import trafilatura

    found = trafilatura.extract(tree, url=url, include_comments=False, include_tables=True)
    return found or ""


def readability_text(tree: Any) -> str:
    """The main text as readability sees it; the tree stays as it is."""
    from lxml.etree import LxmlError
    from readability.readability import Unparseable

    from ingest.extract.readable import Readable

    document = Readable(tree)
    try:
        document.summary(html_partial=True)
    except (Unparseable, LxmlError, ValueError, TypeError, AttributeError, IndexError):
        return ""  # it raises all of these on pages without text
    return "\n".join(line.text for line in page_lines(document.html))


def resiliparse_text(html: str) -> str:
    """The main text as resiliparse sees it; the one that runs on every page, in time linear in it."""
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, main_content=True, alt_texts=False, list_bullets=False))


def votes(lines: Sequence[HtmlLine], texts: Iterable[str]) -> list[list[bool]]:
    """For each line, which of the texts have it.

    A page says many things twice: the same headline in a list of teasers, the whole article for another screen. So a
    line that stands more than once on the page counts where the text's other lines stand, and as often as the text
    has it.
    """
    keys = [tuple(words_of(line.text.lower())) for line in lines]
    places: dict[tuple[str, ...], list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    ballots = [_ballot(keys, places, text) for text in texts]
    return [list(column) for column in zip(*ballots, strict=True)]


def _ballot(keys: Sequence[tuple[str, ...]], places: Mapping[tuple[str, ...], list[int]], text: str) -> list[bool]:
    if not text:
        return [False] * len(keys)
    whole = Counter(tuple(words_of(line.lower())) for line in text.split("\n"))
    shingles = {shingle for words in whole for shingle in _shingles(words)}
    found = {key for key in places if key and (key in whole or _mostly_in(key, shingles))}
    start, end = densest_run(_weight(key, place, places, found) for place, key in enumerate(keys))
    ballot = [False] * len(keys)
    for key in found:
        standing = places[key]
        times = max(1, whole[key])
        if len(standing) > times:
            inside = [place for place in standing if start - NEAR <= place < end + NEAR]
            standing = (inside or (standing if len(key) >= LONG else []))[:times]
        for place in standing:
            ballot[place] = True
    return ballot


def _weight(
    key: tuple[str, ...],
    place: int,
    places: Mapping[tuple[str, ...], list[int]],
    found: Set[tuple[str, ...]],
) -> float:
    """What a line says about where the text stands on the page: long ones that are found speak for their place."""
    if key not in found:
        return -2.0
    if len(places[key]) == 1:
        return float(len(key))
    return float(len(key)) if len(key) >= LONG and places[key][0] == place else 0.0


def _mostly_in(key: tuple[str, ...], shingles: Set[tuple[str, ...]]) -> bool:
    if len(key) <= SHINGLE:
        return False
    own = list(_shingles(key))
    return sum(map(shingles.__contains__, own)) >= MOSTLY * len(own)


def _shingles(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Each run of so many words."""
    return zip(*(words[start:] for start in range(SHINGLE)), strict=False)
