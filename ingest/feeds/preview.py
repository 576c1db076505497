"""What a feed would be like, before anybody follows it."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.feeds.feed import Feed


@dataclass(frozen=True, slots=True)
class Preview:
    """A feed as it answered once."""

    url: str  # of the feed itself: after redirects, or as the page at the given address announced it
    feed: Feed
    interval_s: int  # how often it would be polled
