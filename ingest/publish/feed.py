"""A feed as consumers read it: where articles come from."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from ingest.publish.article import SCHEMA_VERSION, Shape


class FeedState(StrEnum):
    """Whether a feed is polled."""

    ACTIVE = "active"
    PAUSED = "paused"
    """A person stopped it."""
    GONE = "gone"
    """Its site says that it is no more."""


class FullFeed(Shape):
    """One feed and how it does."""

    schema_version: str = SCHEMA_VERSION
    id: str = Field(examples=["1m7zs34k6jmtrkd148ya"])
    url: str = Field(examples=["https://example.org/feed.xml"])
    title: str = Field(examples=["Le Courrier"])
    """Empty where it has none."""
    site_url: str | None = Field(examples=["https://example.org/"])
    tags: tuple[str, ...]
    language: str | None = Field(examples=["fr"])
    """What its articles are expected in; null: no expectation."""
    kind: str | None = Field(examples=["rss"])
    """rss, atom, json or sitemap; null: not read yet."""
    state: FeedState
    polled: datetime | None
    """Last asked."""
    answered: datetime | None
    """Last read well."""
    next_poll: datetime | None
    """When it is asked next; null unless active."""
    failures: int = Field(ge=0)
    """In a row, up to now."""
    created: datetime
