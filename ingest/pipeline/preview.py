"""A look at a feed before it is followed: asked once, politely and within the limits of every other request."""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.errors import FeedUnreadable, IngestError
from ingest.feeds import parse_feed, schedule
from ingest.feeds.discover import discover
from ingest.feeds.preview import Preview
from ingest.feeds.schedule import Bounds
from ingest.fetch import Fetcher, Response
from ingest.fetch.client import unpack_gzip
from ingest.fetch.waits import fresh_for
from ingest.settings import Settings
from ingest.urls import canonical_url

MOST_CANDIDATES = 3
"""Feeds announced by a page that are tried until one can be read."""


def preview(url: str, settings: Settings) -> Preview:
    """The feed at an address, or the one that the page there announces; an IngestError says why there is none."""
    fetcher = Fetcher.from_settings(settings)
    response = _asked(fetcher, canonical_url(url, tracking=True), settings)
    try:
        return _read(response, settings)
    except FeedUnreadable as error:
        if error.reason != "html":
            raise
    announced = discover(response.body, response.url, response.charset)[:MOST_CANDIDATES]
    for candidate in announced:
        try:
            return _read(_asked(fetcher, candidate.url, settings), settings)
        except IngestError:
            continue
    told = f"none of the {len(announced)} feeds it announces can be read" if announced else "it announces no feed"
    raise FeedUnreadable(f"{url}: a web page, and {told}", reason="html")


def _asked(fetcher: Fetcher, url: str, settings: Settings) -> Response:
    response = fetcher.get(url, max_bytes=settings.max_feed_bytes)
    if not 200 <= response.status < 300:
        raise FeedUnreadable(f"{url}: expected a feed, the server answered {response.status}", reason="bad-status")
    return response


def _read(response: Response, settings: Settings) -> Preview:
    body = unpack_gzip(response.body, response.url, settings.max_feed_bytes)
    feed = parse_feed(body, url=response.url, charset=response.charset)
    bounds = Bounds(settings.poll_min_s, settings.poll_max_s)
    times = [entry.published for entry in feed.entries if entry.published]
    wanted = min(int(max(feed.wanted_s, fresh_for(response.headers))), bounds.most_s)
    interval = schedule.interval_s(times, len(feed.entries), datetime.now(UTC), bounds)
    return Preview(response.moved_to or response.url, feed, max(wanted, int(interval)))
