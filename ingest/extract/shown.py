"""What a page shows of its article: text that only scripts bring to light is shown, the next article is taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest.extract.line_features import is_sentence
from ingest.extract.linear import HtmlLine, hidden_by, page_lines

LEAST = 2
"""Paragraphs that make something an article: where scripts are off, many pages say one sentence."""


def reveal(tree: Any, lines: Sequence[HtmlLine]) -> bool:
    """Show text that waits for a script or stands in for one; False where the page shows its text already.

    A page that hides most of its running text shows it in time; what stands in <noscript> counts where there is no
    running text else.
    """
    chars = [0, 0]
    for line in lines:
        if is_sentence(line.text):
            chars[bool(line.hidden_by)] += len(line.text)
    if chars[True] > chars[False]:
        for element in tree.iter():
            if isinstance(element.tag, str) and hidden_by(element):
                for name in ("hidden", "aria-hidden", "style"):
                    element.attrib.pop(name, None)
        return True
    if any(chars):
        return False
    held = [element for element in tree.iter("noscript") if _paragraphs(element) >= LEAST]
    for element in held:
        element.tag = "div"
    return bool(held)


def drop_next_articles(tree: Any, url: str | None) -> bool:
    """Take away the articles that follow the page's own, as on pages without end; False where there are none.

    One that follows is an <article> beside an earlier one with a headline and text, and has a headline of its own: an
    <h1>, or one that is a link to another page. The entries of a live blog have neither.
    """
    tops = [one for one in tree.iter("article") if next(one.iterancestors("article"), None) is None]
    if len(tops) < 2:
        return False
    own: Any = None
    found = []
    for element in tops:
        if own is None:
            own = element if _headline(element) is not None and _paragraphs(element) >= LEAST else None
        elif _is_another(element, own, url):
            found.append(element)
    for element in found:
        element.drop_tree()
    return bool(found)


def _headline(article: Any) -> Any:
    return next(article.iter("h1"), None)


def _is_another(article: Any, own: Any, url: str | None) -> bool:
    headline = _headline(article)
    if headline is not None:
        return _text(headline) != _text(_headline(own))
    heading = next(article.iter("h2", "h3"), None)
    link = next(heading.iter("a"), None) if heading is not None else None
    if link is None or url is None or _text(link) != _text(heading):
        return False
    target = urlsplit(urljoin(url, link.get("href") or ""))
    return bool(target.path.strip("/")) and target.path.strip("/") != urlsplit(url).path.strip("/")


def _paragraphs(element: Any) -> int:
    return sum(is_sentence(line.text) for line in page_lines(element))


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
