"""A parsed page as lines: one for every block element or line break, with what the markup says about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ingest.types import BlockKind

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "button",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "frameset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "optgroup",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "video",
        "audio",
    ]
)
_SKIPPED = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "title",
        "meta",
        "link",
        "svg",
        "math",
        "object",
        "iframe",
        "textarea",
    ]
)
_KINDS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), BlockKind.HEADING),
    "li": BlockKind.LIST_ITEM,
    "blockquote": BlockKind.QUOTE,
    "figcaption": BlockKind.CAPTION,
    "td": BlockKind.TABLE,
    "th": BlockKind.TABLE,
}
_BLANKS = re.compile(r"\s+")


_HINTS = {
    "comment": r"comment|disqus|replies|forum|leserbrief|reaction",
    "teaser": r"related|teaser|recommend|popular|trending|most-?(?:read|viewed)|outbrain|taboola|read-?more|more-",
    "promo": r"newsletter|subscri|paywall|promo|advert|banner|\bads?\b|cookie|consent|log-?in|modal|popup|abo\b|piano",
    "menu": r"nav|menu|footer|header|sidebar|breadcrumb|share|social|tags?\b|toolbar|masthead|widget|skip",
    "about": r"author|byline|caption|credit|date|time|figure|gallery|media|image|photo|bio|meta",
    "body": r"article-?(?:body|text|content)|story-?(?:body|text|content)|body|entry|richtext|paragraph|post-?content",
    "hidden": r"hidden|sr-only|screen-reader|visually",
}
HINTS = tuple(_HINTS)
_HINT_PATTERNS = tuple(re.compile(pattern) for pattern in _HINTS.values())


@dataclass(frozen=True, slots=True)
class HtmlLine:
    """One line of a page and the markup it stood in."""

    text: str
    kind: BlockKind | None  # None: a paragraph, as far as the markup says
    path: tuple[str, ...]  # tag names from the root down
    linked: float  # share of the characters that are links
    hints: int = 0  # what the names of classes and ids around it say: one bit for each of HINTS


@lru_cache(maxsize=4096)
def _hints(names: str) -> int:
    """What the class and id of an element say, as bits."""
    lowered = names.lower()[:300]
    return sum(1 << bit for bit, pattern in enumerate(_HINT_PATTERNS) if pattern.search(lowered))


def page_lines(tree: Any) -> list[HtmlLine]:
    """The visible lines of a page in document order; `tree` is an lxml element."""
    lines: list[HtmlLine] = []
    text: list[tuple[str, bool]] = []
    path: list[str] = []
    hints: list[int] = [0]

    def flush() -> None:
        whole = _BLANKS.sub(" ", "".join(piece for piece, _ in text)).strip()
        if whole:
            links = sum(len(piece.strip()) for piece, linked in text if linked)
            lines.append(HtmlLine(whole, _kind(path), tuple(path), min(1.0, links / len(whole)), hints[-1]))
        text.clear()

    in_link = 0
    for event, element in _walk(tree):
        tag = element.tag
        if event == "start":
            if tag in _BLOCKS or tag == "br":
                flush()
            if tag == "a":
                in_link += 1
            path.append(tag)
            names = element.get("class"), element.get("id")
            hints.append(hints[-1] | _hints(" ".join(filter(None, names))) if any(names) else hints[-1])
            if element.text:
                text.append((element.text, in_link > 0))
        else:
            if tag in _BLOCKS:
                flush()
            path.pop()
            hints.pop()
            if tag == "a":
                in_link -= 1
            if element.tail:
                text.append((element.tail, in_link > 0))
    flush()
    return lines


def _kind(path: list[str]) -> BlockKind | None:
    return next((kind for tag in reversed(path) if (kind := _KINDS.get(tag)) is not None), None)


def _walk(tree: Any) -> Iterator[tuple[str, Any]]:
    """Start and end of every element, but what is skipped; deep pages need no deep stack."""
    stack = [(tree, iter(tree))]
    yield "start", tree
    while stack:
        element, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            yield "end", element
        elif not isinstance(child.tag, str) or child.tag in _SKIPPED:
            if child.tail:
                yield "start", _Tail(child.tail)
                yield "end", _Tail("")
        else:
            yield "start", child
            stack.append((child, iter(child)))


@dataclass(frozen=True, slots=True)
class _Tail:
    """The text after a skipped element."""

    text: str
    tag: str = "span"
    tail: str = ""

    def get(self, _name: str) -> None:
        """It has no attributes."""
