"""Where a page has its feeds: `<link rel="alternate">` first, then links that read like feeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from ingest.feeds.bounds import to_utf8
from ingest.feeds.feed import address
from ingest.feeds.plain import MAX_NAME, text_of

MAX_LOOKED_AT = 1_000_000
"""Characters of a page that are looked through; feeds are announced in its head, seldom in its foot."""

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
_COMMENTS = re.compile(r"(?i)comment|kommentar|commentaire")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed; the announced ones nearly always are."""

    url: str
    title: str
    announced: bool


def discover(body: bytes, url: str, charset: str | None = None) -> tuple[Candidate, ...]:
    """The feeds of a page: announced ones before mere links, article feeds before those of comments."""
    reader = _Links()
    reader.feed(to_utf8(body, charset).decode("utf-8")[:MAX_LOOKED_AT])
    found: dict[str, Candidate] = {}
    for href, title, announced in reader.found:
        target = address(href, reader.base or url, of_feed=True)
        if target is not None and target not in found:
            found[target] = Candidate(target, text_of(title, MAX_NAME), announced)
    ranked = sorted(found.values(), key=lambda one: (not one.announced, bool(_COMMENTS.search(one.url + one.title))))
    return tuple(ranked[:MAX_FOUND])


class _Links(HTMLParser):
    """Collects what may lead to a feed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str, bool]] = []
        self.base: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        said = {name: value or "" for name, value in attrs[:64]}
        href = said.get("href", "")
        if tag == "base" and href and self.base is None:
            self.base = href if href.startswith("http") else None
        elif tag == "link" and "alternate" in said.get("rel", "").lower().split():
            if said.get("type", "").partition(";")[0].strip().lower() in FEED_TYPES:
                self.found.append((href, said.get("title", ""), True))
        elif tag == "a" and _LIKE_A_FEED.search(href) and len(self.found) < 10 * MAX_FOUND:
            self.found.append((href, said.get("title", ""), False))
