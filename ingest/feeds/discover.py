"""Where a page has its feeds: `<link rel="alternate">` first, then links that read like feeds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.feeds.bounds import to_utf8
from ingest.feeds.feed import address
from ingest.feeds.plain import MAX_NAME, text_of

MAX_LOOKED_AT = 1_000_000
"""Bytes of a page that are looked through; feeds are announced in its head, seldom in its foot."""

MAX_FOUND = 50
FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "application/xml",
        "text/xml",
    }
)
_LIKE_A_FEED = re.compile(r"(?i)(?:^|[/._?=&-])(?:rss|atom|feed|feeds|rdf)(?:[/._?=&0-9-]|$)")
_TAG = re.compile(r"(?i)<(base|link|a)\s([^<>]{1,3000})>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,30})\s?=\s?(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+))")
_COMMENTS = re.compile(r"(?i)comment|kommentar|commentaire")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed; the announced ones nearly always are."""

    url: str
    title: str
    announced: bool


def discover(body: bytes, url: str, charset: str | None = None) -> tuple[Candidate, ...]:
    """The feeds of a page: announced ones before mere links, article feeds before those of comments."""
    base, found = url, dict[str, Candidate]()
    for name, said in _tags(to_utf8(body[:MAX_LOOKED_AT], charset).decode("utf-8")):
        if name == "base":
            base = address(said.get("href"), base) or base
        announced = name == "link" and _announces(said)
        if announced or (name == "a" and _LIKE_A_FEED.search(said.get("href", ""))):
            target = address(said.get("href"), base, of_feed=True)
            if target is not None:
                if len(found) >= 10 * MAX_FOUND:
                    break
                found.setdefault(target, Candidate(target, text_of(said.get("title", ""), MAX_NAME), announced))
    ranked = sorted(found.values(), key=lambda one: (not one.announced, bool(_COMMENTS.search(one.url + one.title))))
    return tuple(ranked[:MAX_FOUND])


def _announces(said: dict[str, str]) -> bool:
    is_alternate = "alternate" in said.get("rel", "").lower().split()
    return is_alternate and said.get("type", "").partition(";")[0].strip().lower() in FEED_TYPES


def _tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The base, link and a tags of a page.

    Not by an HTML parser: Python's own takes seconds for 200 kB of "<" and raises on "<![", two linear expressions do
    neither.
    """
    for tag in _TAG.finditer(page):
        values = (match.groups(default="") for match in _ATTRIBUTE.finditer(tag[2]))
        yield tag[1].lower(), {name.lower(): html.unescape(a or b or c) for name, a, b, c in reversed(list(values))}
