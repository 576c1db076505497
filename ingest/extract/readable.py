"""readability-lxml on a tree that is there already, without what makes its result fit to be shown.

readability parses the page, makes it safe for a browser (links rewritten, scripts and handlers out), and serialises
what it keeps. Here its result is only read as lines, for which a tree without hidden elements and scripts is enough.
What it asks of every element is asked in less time: names of classes once for each name, what an element holds of the
tree and not of its markup. On 210 development pages the result is the same, in 0.53 of the time that is left.
"""

from __future__ import annotations

import re
from copy import deepcopy
from functools import lru_cache
from typing import Any

from lxml import etree
from lxml.html import fragment_fromstring
from readability import Document
from readability.readability import REGEXES

_NO_TEXT = ("script", "style", "link")
"""Elements that readability's own cleaner removes with all that is in them."""

_BLOCKS = ("blockquote", "dl", "div", "img", "ol", "p", "table", "ul")
"""How the tags begin that readability's pattern for blocks finds in markup: "param" and "picture" too."""

_INLINE = frozenset(["a", "b", "cite", "code", "em", "font", "i", "small", "span", "strong", "sub", "sup", "u"])

_RUN = re.compile(r"\t|[ \t]{2,}")


class Readable(Document):  # type: ignore[misc]  # it has no types
    """A readability document of a tree without comments, which stays as it is; `html` is the result of `summary`."""

    def _parse(self, tree: Any) -> Any:
        """A copy of the tree without hidden elements; asked for again where the first try has found too little."""
        tree = deepcopy(tree)
        for element in tree.xpath("//*[@hidden]"):
            element.drop_tree()
        for element in tree.xpath("//*[@style]"):
            if REGEXES["displayNoneRe"].search(element.get("style")):
                element.drop_tree()
        etree.strip_elements(tree, *_NO_TEXT, with_tail=False)
        return tree

    def get_clean_html(self) -> str:
        """The markup of the result; its length decides whether there is a second try."""
        return str(etree.tostring(self.html, encoding="unicode", method="html"))

    def remove_unlikely_candidates(self) -> None:
        for element in self.html.xpath(".//*[@class or @id]"):
            if (
                _is_unlikely(f"{element.get('class', '')} {element.get('id', '')}")
                and element.tag not in ("html", "body")
                and not element.xpath("ancestor-or-self::pre | ancestor-or-self::code")
                and not element.xpath("descendant-or-self::*[self::main or self::article or self::math]")
            ):
                element.drop_tree()

    def class_weight(self, element: Any) -> int:
        return _weight(element.get("class")) + _weight(element.get("id"))

    def get_link_density(self, element: Any) -> float:
        return sum(map(_text_length, element.iterdescendants("a"))) / max(_text_length(element), 1)

    def transform_misused_divs_into_paragraphs(self) -> None:
        for div in self.html.findall(".//div"):
            if not _holds_blocks(div):
                div.tag = "p"
        for div in self.html.findall(".//div"):
            _wrap_children(div)


def _wrap_children(div: Any) -> None:
    """Text and inline elements among the blocks of an element become paragraphs."""
    children = list(div)
    paragraph = None
    if div.text and div.text.strip():
        paragraph = fragment_fromstring("<p/>")
        paragraph.text, div.text = div.text, None
        div.insert(0, paragraph)
    for child in children:
        if child.tag not in _INLINE or _holds_blocks(child):
            paragraph = None
            continue
        if paragraph is None:
            paragraph = fragment_fromstring("<p/>")
            child.addprevious(paragraph)
        paragraph.append(child)
    for place, child in reversed(list(enumerate(div))):
        if child.tail and child.tail.strip():
            after = fragment_fromstring("<p/>")
            after.text, child.tail = child.tail, None
            div.insert(place + 1, after)
        if child.tag == "br":
            child.drop_tree()


def _holds_blocks(element: Any) -> bool:
    return any(inner.tag.startswith(_BLOCKS) for inner in element.iterdescendants())


@lru_cache(maxsize=4096)
def _is_unlikely(names: str) -> bool:
    """Do the names of an element's class and id say that it is furniture?"""
    if len(names) < 2 or not REGEXES["unlikelyCandidatesRe"].search(names):
        return False
    return not REGEXES["okMaybeItsACandidateRe"].search(names)


@lru_cache(maxsize=4096)
def _weight(names: str | None) -> int:
    """What a class or id says for (25) or against (-25) an element."""
    if not names:
        return 0
    return 25 * bool(REGEXES["positiveRe"].search(names)) - 25 * bool(REGEXES["negativeRe"].search(names))


def _text_length(element: Any) -> int:
    """Characters of the text, where blanks around lines and empty lines do not count, and runs of blanks as one."""
    lines = [line for line in map(str.strip, element.text_content().split("\n")) if line]
    text = "\n".join(lines)
    return len(_RUN.sub(" ", text) if "\t" in text or "  " in text else text)
