"""Where a page has its feeds."""

from __future__ import annotations

import time

from ingest.feeds.discover import MAX_FOUND, discover

PAGE = b"""<!doctype html><html><head><base href="https://www.example.org/de/">
<link rel="alternate" hreflang="fr" href="/fr/">
<link rel="alternate" type="application/rss+xml" title="Kommentare" href="/comments/feed/">
<link rel="ALTERNATE stylesheet" type="application/atom+xml; charset=utf-8" title="News &amp; mehr" href="news.atom">
<link rel=alternate type="application/feed+json" href="//json.example.org/feed.json">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
</head><body><a href="/rss/sport.xml" title="Sport">RSS</a><a href="/presse/">Presse</a></body></html>"""


def test_announced_feeds_come_before_links_and_news_before_comments() -> None:
    found = discover(PAGE, "https://www.example.org/")
    assert [(one.url, one.announced) for one in found] == [
        ("https://www.example.org/de/news.atom", True),
        ("https://json.example.org/feed.json", True),
        ("https://www.example.org/comments/feed/", True),
        ("https://www.example.org/rss/sport.xml", False),
    ]
    assert found[0].title == "News & mehr"


def test_a_page_without_feeds_has_none() -> None:
    assert discover(b"<html><body><p>Press releases</p></body></html>", "https://e.org/") == ()


def test_a_hostile_page_is_looked_through_in_time() -> None:
    link = b"<a href='/rss/%d'>"
    pages = [b"<" * 200_000, b"<!--" * 100_000, b"<a " * 100_000, b"&" * 200_000, b"<link " + b"a=b " * 100_000 + b">"]
    pages.append(b"".join(link % n for n in range(20_000)))
    started = time.monotonic()
    assert all(len(discover(page, "https://e.org/")) <= MAX_FOUND for page in pages)
    assert time.monotonic() - started < 10
