"""Feeds: what they say (`parse`), when they are due (`schedule`), where a page has them (`discover`), lists of them."""

from ingest.feeds.feed import Feed
from ingest.feeds.parse import fingerprint, parse_feed

__all__ = ["Feed", "fingerprint", "parse_feed"]
