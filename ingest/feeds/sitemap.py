"""Sitemaps (sitemaps.org 0.9) with Google's news extension to a feed: the newest pages are its entries."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from ingest.errors import FeedUnreadable
from ingest.feeds.bounds import MAX_ENTRIES, MAX_TAGS, refuse_many
from ingest.feeds.feed import Feed, address, iso_time, language_code
from ingest.feeds.plain import MAX_NAME, one_line
from ingest.types import FeedEntry

MAX_ADDRESSES = 50_000
"""The protocol's own bound."""

MAX_CHILDREN = 50
"""Sitemaps of one index that are looked into, the latest first."""

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def parse_sitemap(body: bytes, url: str) -> Feed:
    """The sitemap, or the index of sitemaps, in these bytes; FeedUnreadable where it is none."""
    import defusedxml.ElementTree
    from defusedxml import DefusedXmlException

    refuse_many(body, b"<loc>", MAX_ADDRESSES, "addresses", url)
    refuse_many(body, b"<", MAX_TAGS, "tags", url)
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise FeedUnreadable(f"{url}: {type(error).__name__} in a sitemap", reason="xml-entities") from None
    except (SyntaxError, ValueError) as error:
        raise FeedUnreadable(f"{url}: expected a sitemap, got broken XML: {one_line(str(error), 80)}") from None
    name = _local(root)
    if name == "sitemapindex":
        children = [
            (_time(child, "lastmod") or _LONG_AGO, address(_said(child, "loc"), url, of_feed=True)) for child in root
        ]
        latest = sorted((pair for pair in children if pair[1]), key=lambda pair: pair[0], reverse=True)
        return Feed("sitemap", "", None, None, (), more=tuple(dict.fromkeys(str(a) for _, a in latest[:MAX_CHILDREN])))
    if name != "urlset":
        raise FeedUnreadable(f"{url}: expected a sitemap, got <{one_line(name, 40)}>", reason="not-a-feed")
    pages = sorted((child for child in root if _local(child) == "url"), key=_when, reverse=True)
    newest = (_entry(child, url) for child in pages[: 2 * MAX_ENTRIES])  # some have no address of the web
    entries = [entry for entry in newest if entry is not None]
    source = next((name for child in root if (name := _said(child, "publication", "name"))), "")
    return Feed(
        kind="sitemap",
        title=one_line(source, MAX_NAME),
        site_url=None,
        language=next((entry.language for entry in entries if entry.language), None),
        entries=tuple(entries[:MAX_ENTRIES]),
        left_out=max(0, len(pages) - MAX_ENTRIES),
    )


def _when(element: Element) -> datetime:
    return iso_time(_said(element, "news", "publication_date")) or _time(element, "lastmod") or _LONG_AGO


def _entry(element: Element, url: str) -> FeedEntry | None:
    link = address(_said(element, "loc"), url)
    if link is None:
        return None
    return FeedEntry(
        feed_url=url,
        guid=link,
        url=link,
        title=one_line(_said(element, "news", "title")),
        summary="",
        content="",
        author=None,
        published=iso_time(_said(element, "news", "publication_date")),
        updated=_time(element, "lastmod"),
        language=language_code(_said(element, "publication", "language")),
    )


def _said(element: Element, *path: str) -> str:
    """The text of the first descendant of these local names, in this order of depth; "" where there is none."""
    for name in path:
        found = next((child for child in element.iter() if child is not element and _local(child) == name), None)
        if found is None:
            return ""
        element = found
    return (element.text or "").strip()


def _time(element: Element, name: str) -> datetime | None:
    return iso_time(_said(element, name))


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()
