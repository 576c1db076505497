"""A parsed page as lines: one for every block element or line break, with what the markup says about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
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
_BREAKS = _BLOCKS | {"br"}
_SKIPPED = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
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
"""The head itself is no part of these: libxml2 keeps the article of a page without a <body> tag in it."""
_KINDS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), BlockKind.HEADING),
    "li": BlockKind.LIST_ITEM,
    "blockquote": BlockKind.QUOTE,
    "figcaption": BlockKind.CAPTION,
    "td": BlockKind.TABLE,
    "th": BlockKind.TABLE,
    "tr": BlockKind.TABLE,
}
_IN_ROW = _BREAKS - {"td", "th"}
CELLS = " | "
"""Between the cells of a row."""
MAX_ROW = 300
"""Characters of a row of data; rows that hold more lay out a page."""
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
_UNSEEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HtmlLine:
    """One line of a page and the markup it stood in."""

    text: str
    kind: BlockKind | None  # None: a paragraph, as far as the markup says
    path: tuple[str, ...]  # tag names from the root down
    linked: float  # share of the characters that are links
    hints: int = 0  # what the names of classes and ids around it say: one bit for each of HINTS
    nodes: tuple[int, ...] = ()  # numbers of the elements of the path, unique on the page
    hidden_by: str = ""  # "attribute" or "style" of an element around it; "" where it is shown


def hidden_by(element: Any) -> str:
    """What of an element's own markup says that it is not shown or read out: "attribute", "style" or "" for nothing.

    Attributes hide dialogs and menus: of 155 long lines so hidden on 210 pages none is article text. A style hides what
    a click unfolds, too: of 124 such lines six are. What an attribute hides behind a button that unfolds it counts so.
    """
    hidden = element.get("hidden")
    if hidden is not None or element.get("aria-hidden") == "true":
        return "style" if hidden == "until-found" or _unfolds(element) else "attribute"
    style = element.get("style")
    return "style" if style is not None and _UNSEEN.search(style) is not None else ""


def _unfolds(element: Any) -> bool:
    """Whether what stands right before an element is or has a button that opens it."""
    before = element.getprevious()
    return before is not None and bool(before.xpath("boolean(descendant-or-self::*[@aria-expanded or @aria-controls])"))


@lru_cache(maxsize=4096)
def _hints(names: str) -> int:
    """What the class and id of an element say, as bits."""
    return sum(1 << bit for bit in _hint_patterns().Match(names.lower()[:300]) or ())


@cache
def _hint_patterns() -> Any:
    import re2

    found = re2.Set.SearchSet()
    for pattern in _HINTS.values():
        found.Add(pattern)
    found.Compile()
    return found


def page_lines(tree: Any) -> list[HtmlLine]:
    """The visible lines of a page in document order; `tree` is an lxml element without comments."""
    from lxml.etree import iterwalk

    lines: list[HtmlLine] = []
    text: list[str] = []
    linked = 0  # characters of the text that are links
    in_link = 0
    path: list[str] = []
    hints: list[int] = [0]
    nodes: list[int] = []
    hidden: list[str] = [""]
    count = 0
    row: Any = None  # the row whose cells go in one line

    def flush() -> None:
        whole = " ".join("".join(text).split())
        whole = whole.strip(CELLS) if row is not None else whole  # empty cells
        if whole:
            share = min(1.0, linked / len(whole))
            lines.append(HtmlLine(whole, _kind(path), tuple(path), share, hints[-1], tuple(nodes), hidden[-1]))
        text.clear()

    walker = iterwalk(tree, events=("start", "end"))
    for event, element in walker:
        tag = element.tag
        if event == "start":
            if tag in _SKIPPED and element is not tree:
                walker.skip_subtree()
                continue
            if row is not None and tag in ("td", "th"):
                text.append(CELLS if text and any(map(str.strip, text)) else "")
            elif tag in _BREAKS and text:
                flush()
                linked = 0
            if tag == "tr" and is_data_row(element):
                row = element
            in_link += tag == "a"
            path.append(tag)
            count += 1
            nodes.append(count)
            names = f"{element.get('class', '')} {element.get('id', '')}"
            hints.append(hints[-1] | _hints(names) if len(names) > 1 else hints[-1])
            hidden.append(hidden[-1] or hidden_by(element))
            piece = element.text
        else:
            if tag not in _SKIPPED or element is tree:
                if tag in _BLOCKS and text and not (row is not None and tag in ("td", "th")):
                    flush()
                    linked = 0
                row = None if element is row else row
                path.pop()
                nodes.pop()
                hints.pop()
                hidden.pop()
                in_link -= tag == "a"
            piece = element.tail
        if piece and (text or not piece.isspace()):  # no line begins with blanks
            text.append(piece)
            if in_link:
                linked += len(piece.strip())
    flush()
    return lines


def is_data_row(row: Any) -> bool:
    """Does a row of a table hold data: several cells of a few words? Else it may lay out a page, menu beside text."""
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    if len(cells) < 2 or any(element.tag in _IN_ROW for cell in cells for element in cell.iterdescendants()):
        return False
    return sum(len(text) for cell in cells for text in cell.itertext()) <= MAX_ROW


def _kind(path: list[str]) -> BlockKind | None:
    return next((kind for tag in reversed(path) if (kind := _KINDS.get(tag)) is not None), None)
