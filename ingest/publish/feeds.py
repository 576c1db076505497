"""Feeds out: articles as Atom 1.0 (RFC 4287), RSS 2.0 and JSON Feed 1.1, for readers that know nothing of us.

Built by lxml, never by pasting strings; what XML cannot hold (control characters, lone surrogates) is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
EXCERPT = 300


@dataclass(frozen=True, slots=True)
class Item:
    """One article in a feed."""

    id: str  # of the article
    page: str  # where its page here is
    url: str | None  # of the original
    title: str
    text: str
    lang: str  # of the original
    source: str | None
    author: str | None
    published: datetime | None
    updated: datetime


@dataclass(frozen=True, slots=True)
class Channel:
    """The feed itself."""

    title: str
    address: str  # its own, absolute
    home: str  # of the page that shows the same
    name: str = ""  # what its id is made of: the same under whatever address, another for each choice of articles
    hub: str | None = None  # WebSub


def atom(channel: Channel, items: Sequence[Item]) -> bytes:
    """An Atom feed; the ids of feed and entries stay the same under whatever address we are reached."""
    feed = etree.Element(_a("feed"), nsmap={None: ATOM})  # type: ignore[dict-item]  # the stubs know no default namespace
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    _put(feed, "title", channel.title)
    _put(feed, "id", urn("feed", channel.name or channel.title))
    _put(feed, "updated", _iso(max((item.updated for item in items), default=datetime(1970, 1, 1, tzinfo=UTC))))
    _link(feed, "self", channel.address, "application/atom+xml")
    _link(feed, "alternate", channel.home, "text/html")
    if channel.hub is not None:
        _link(feed, "hub", channel.hub)
    generator = _put(feed, "generator", "Newsfold")
    generator.set("uri", channel.home)
    for item in items:
        entry = etree.SubElement(feed, _a("entry"))
        _put(entry, "title", item.title)
        _put(entry, "id", urn("article", item.id))
        _put(entry, "updated", _iso(item.updated))
        if item.published is not None:
            _put(entry, "published", _iso(item.published))
        author = etree.SubElement(entry, _a("author"))
        _put(author, "name", written_by(item))
        _link(entry, "alternate", item.url or item.page, "text/html")
        if item.url is not None:
            _link(entry, "related", item.page, "text/html")
        etree.SubElement(entry, _a("category"), term=_clean(item.lang), scheme="urn:ietf:bcp:47")
        _put(entry, "summary", excerpt(item.text))
        content = _put(entry, "content", paragraphs(item.text))
        content.set("type", "html")
    return _document(feed)


def rss(channel: Channel, items: Sequence[Item]) -> bytes:
    """An RSS 2.0 feed."""
    root = etree.Element("rss", nsmap={"atom": ATOM, "content": CONTENT, "dc": DUBLIN_CORE})
    root.set("version", "2.0")
    made = etree.SubElement(root, "channel")
    _tag(made, "title", channel.title)
    _tag(made, "link", channel.home)
    _tag(made, "description", f"{channel.title}: cleaned and translated to English")
    _tag(made, "language", "en")
    _link(made, "self", channel.address, "application/rss+xml")
    if channel.hub is not None:
        _link(made, "hub", channel.hub)
    if items:
        _tag(made, "lastBuildDate", _rfc822(max(item.updated for item in items)))
    for item in items:
        entry = etree.SubElement(made, "item")
        _tag(entry, "title", item.title)
        _tag(entry, "link", item.url or item.page)
        guid = _tag(entry, "guid", urn("article", item.id))
        guid.set("isPermaLink", "false")
        _tag(entry, "pubDate", _rfc822(item.published or item.updated))
        _tag(entry, f"{{{DUBLIN_CORE}}}creator", written_by(item))  # <author> wants an address
        _tag(entry, "category", item.lang)
        _tag(entry, "description", escape(excerpt(item.text), quote=False))
        _tag(entry, f"{{{CONTENT}}}encoded", paragraphs(item.text))
    return _document(root)


def json_feed(channel: Channel, items: Sequence[Item]) -> bytes:
    """A JSON Feed 1.1."""
    made: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.home,
        "feed_url": channel.address,
        "language": "en",
        "items": [
            {
                "id": urn("article", item.id),
                "url": item.url or item.page,
                "title": item.title,
                "content_text": item.text or item.title,
                "summary": excerpt(item.text),
                "date_published": _iso(item.published or item.updated),
                "date_modified": _iso(item.updated),
                "authors": [{"name": written_by(item)}],
                "tags": [item.lang],
                "language": "en",
            }
            for item in items
        ],
    }
    if channel.hub is not None:
        made["hubs"] = [{"type": "WebSub", "url": channel.hub}]
    return json.dumps(made, ensure_ascii=False).encode("utf-8", errors="replace")


def urn(kind: str, name: str) -> str:
    """An id that is unique in the world and the same for ever."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'newsfold:{kind}:{name}')}"


def paragraphs(text: str) -> str:
    """The text as HTML: a paragraph a line, everything in it escaped."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.split("\n") if line.strip())


def written_by(item: Item) -> str:
    """A name for the entry's author, which must not be empty: the author's, the source's, or "unknown"."""
    names = (_clean(name or "").strip() for name in (item.author, item.source))
    return next((name for name in names if name), "unknown")


def excerpt(text: str) -> str:
    """How the text begins, cut at a word."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else line[:EXCERPT].rpartition(" ")[0] + " …"


def _clean(text: str) -> str:
    return NOT_XML.sub("", text)


def _a(name: str) -> str:
    return f"{{{ATOM}}}{name}"


def _put(parent: etree._Element, name: str, text: str) -> etree._Element:
    return _tag(parent, _a(name), text)


def _tag(parent: etree._Element, name: str, text: str) -> etree._Element:
    made = etree.SubElement(parent, name)
    made.text = _clean(text)
    return made


def _link(parent: etree._Element, rel: str, href: str, kind: str | None = None) -> None:
    made = etree.SubElement(parent, _a("link"))
    made.set("rel", rel)
    if kind is not None:
        made.set("type", kind)
    made.set("href", _clean(href))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rfc822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _document(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))
