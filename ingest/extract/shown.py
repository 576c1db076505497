"""What a page shows of its article: text that only scripts bring to light is shown, the next article is taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest.extract.linear import HINTS, HtmlLine, hidden_by, page_lines
from ingest.extract.wording import is_sentence

LEAST = 2
"""Paragraphs that make something an article: where scripts are off, many pages say one sentence."""

TEASERS, FEW = 3, 200
"""How many times the running text that is shown a page hides where that is its article; characters of other text beside
which <noscript> is none."""


_BOXES = frozenset({"nav", "aside", "footer", "dialog", "form"})
_BOX_HINTS = sum(1 << HINTS.index(name) for name in ("comment", "teaser", "promo", "menu"))


def reveal(tree: Any, lines: Sequence[HtmlLine]) -> bool:
    """Show text that waits for a script or stands in for one; False where the page shows its text already.

    A page that hides its running text, and of running text shows none or a teaser, shows it in time; dialogs, menus and
    consent are no such text. What stands in <noscript> counts where hardly any other text is shown. Not to be asked of
    pages that say that they are sold: what they hide is for those who paid.
    """
    plain, chars = 0, [0, 0]
    for line in lines:
        if line.hints & _BOX_HINTS or not _BOXES.isdisjoint(line.path):
            continue
        plain += len(line.text) if not line.hidden_by and line.linked < 0.5 else 0
        if is_sentence(line.text):
            chars[bool(line.hidden_by)] += len(line.text)
    if chars[True] > max(plain, TEASERS * chars[False]):
        for element in tree.iter():
            if isinstance(element.tag, str) and hidden_by(element):
                for name in ("hidden", "aria-hidden", "style"):
                    element.attrib.pop(name, None)
        return True
    if any(chars) or plain >= FEW:
        return False
    held = [element for element in tree.iter("noscript") if _paragraphs(element) >= LEAST]
    for element in held:
        element.tag = "div"
    return bool(held)


def drop_next_articles(tree: Any, url: str | None) -> bool:
    """Take away the articles that follow the page's own, as on pages without end; False where there are none.

    The page's own is the <article> whose <h1> stands in the page's title. One that follows has a headline of its own:
    an <h1>, or one that is a link to another page. The entries of a live blog have neither.
    """
    tops = [one for one in tree.iter("article") if next(one.iterancestors("article"), None) is None]
    if len(tops) < 2:
        return False
    title = " ".join(map(_text, tree.iter("title")))
    own: Any = None
    found = []
    for element in tops:
        if own is None:
            own = element if _is_own(element, title) else None
        elif _is_another(element, own, url):
            found.append(element)
    for element in found:
        element.drop_tree()
    return bool(found)


def _headline(article: Any) -> Any:
    return next(article.iter("h1"), None)


def _is_own(article: Any, title: str) -> bool:
    headline = _headline(article)
    if headline is None or not _text(headline) or _text(headline) not in title:
        return False
    return _paragraphs(article) >= LEAST


def _is_another(article: Any, own: Any, url: str | None) -> bool:
    headline = _headline(article)
    if headline is not None:
        return _text(headline) != _text(_headline(own))
    heading = next(article.iter("h2", "h3"), None)
    link = next(heading.iter("a"), None) if heading is not None else None
    if link is None or url is None or _text(link) != _text(heading):
        return False
    there, here = (urlsplit(one).path.strip("/") for one in (urljoin(url, link.get("href") or ""), url))
    return bool(there) and not f"{there}/".startswith(f"{here}/")  # what is below the page is part of it


def _paragraphs(element: Any) -> int:
    return sum(is_sentence(line.text) for line in page_lines(element))


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
