"""A feed's bytes to its entries: RSS, RDF, Atom, JSON Feed and sitemaps, all as one type.

What kind it is, its bytes say; the Content-Type is wrong too often to be asked.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256

from ingest.errors import FeedUnreadable
from ingest.feeds import bounds
from ingest.feeds.feed import Feed
from ingest.feeds.json_feed import parse_json_feed
from ingest.feeds.plain import text_of, visible_length
from ingest.feeds.sitemap import parse_sitemap
from ingest.feeds.xml_feed import parse_xml_feed
from ingest.types import FeedEntry

FULL_CHARS = 1_000
"""Visible characters from which an entry is taken for the whole article: two or three paragraphs. A teaser taken for
an article is lost text, an article taken for a teaser only costs a request."""

SHORT_CHARS = 250
"""The same, in a feed most of whose entries are whole: brief reports exist there as well."""

_CUT_OFF = re.compile(
    r"(?i)(?:\[?(?:…|\.\.\.)\]?|"
    r"\b(?:read more|continue reading|full story|weiterlesen|mehr lesen|zum artikel|lire la suite|lire plus"
    r"|en savoir plus|leer más)\b.{0,80}|the post .{0,300} appeared first on .{0,100})\s*$"
)
_HTML = re.compile(rb"(?i)(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html|head|body)\b")
_FEED = re.compile(rb"(?i)<(?:rss|feed|rdf:rdf)[\s>]")
_SITEMAP = re.compile(rb"(?i)(?:<\?[^>]{0,300}>\s*)*<(?:[a-z0-9]{1,20}:)?(?:urlset|sitemapindex)\b")


def parse_feed(body: bytes, *, url: str, charset: str | None = None) -> Feed:
    """The feed in these bytes. FeedUnreadable says why there is none: empty, an HTML page, broken, a trap."""
    if not body.strip(b" \t\r\n\x00"):
        raise FeedUnreadable(f"{url}: expected a feed, got an empty answer", reason="empty")
    text = bounds.to_utf8(body, charset)
    start = text[:4_000].lstrip()
    if start[:1] in (b"{", b"["):
        return _finished(parse_json_feed(text, url))
    if _HTML.match(start) and not _FEED.search(start):  # some feeds stand under a DOCTYPE of HTML
        raise FeedUnreadable(f"{url}: expected a feed, got an HTML page", reason="html")
    if _SITEMAP.match(start):
        return parse_sitemap(text, url)
    safe, left_out = bounds.bounded(text, url)
    return replace(_finished(parse_xml_feed(safe, url)), left_out=left_out)


def fingerprint(entry: FeedEntry) -> str:
    """SHA-256 of what the feed says about an entry, without what changes by itself: a change is a revision."""
    said = (entry.title, entry.url or "", entry.content or entry.summary)
    return sha256("\x1f".join(said).encode("utf-8", "replace")).hexdigest()


def _finished(feed: Feed) -> Feed:
    """The feed with one id for each entry, each id once, and content only where it is the article."""
    named = [_identified(entry) for entry in feed.entries]
    times = Counter(entry.guid for entry in named)
    unique: dict[str, FeedEntry] = {}
    for entry in named:
        if times[entry.guid] > 1 and entry.url:  # some systems give every entry the id of the site
            entry = replace(entry, guid=entry.url)
        unique.setdefault(entry.guid, entry)
    entries = tuple(unique.values())
    whole = sum(_is_whole(entry.content, FULL_CHARS) for entry in entries)
    full_content = bool(entries) and 2 * whole >= len(entries)
    least = SHORT_CHARS if full_content else FULL_CHARS
    kept = (entry if _is_whole(entry.content, least) else replace(entry, content="") for entry in entries)
    return replace(feed, entries=tuple(kept), full_content=full_content)


def _identified(entry: FeedEntry) -> FeedEntry:
    if entry.guid:
        return entry
    said = f"{entry.title}\x1f{entry.published.isoformat() if entry.published else entry.summary}"
    return replace(entry, guid=entry.url or "sha256:" + sha256(said.encode("utf-8", "replace")).hexdigest())


def _is_whole(content: str, least: int) -> bool:
    return visible_length(content) >= least and not _CUT_OFF.search(text_of(content[-2_000:]))
