"""What every kind of feed becomes, and how the fields that all kinds share are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingest.errors import BadInput
from ingest.types import FeedEntry
from ingest.urls import canonical_url

WELL_BEFORE = datetime(1990, 1, 1, tzinfo=UTC)
"""Dates before the web are mistakes."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says about itself, and its entries in the order they stand."""

    kind: str  # rss, atom, json, sitemap
    title: str
    site_url: str | None
    language: str | None
    entries: tuple[FeedEntry, ...]
    full_content: bool = False  # most entries carry their article
    wanted_s: int = 0  # seconds between polls the feed asks for (ttl, update period); 0: it does not
    skip_hours: frozenset[int] = frozenset()  # of the day in UTC, when it wants no polls
    skip_days: frozenset[int] = frozenset()  # Monday is 0
    left_out: int = 0  # entries beyond the bound
    more: tuple[str, ...] = ()  # sitemaps an index names
    expired: bool = False  # it says that it will never have news again
    warning: str = ""  # what was ill-formed


def language_code(tag: object) -> str | None:
    """The ISO 639-1 code at the start of a language tag ("fr-CA"); None where there is none."""
    match = re.match(r"\s*([A-Za-z]{2})(?:[-_][A-Za-z0-9_-]{1,20})?\s*$", str(tag or ""))
    return match[1].lower() if match else None


def address(link: object, base: str, *, of_feed: bool = False) -> str | None:
    """A link in its one spelling; None where it is none. A feed's own address keeps every parameter."""
    if not isinstance(link, str) or not link.strip():
        return None
    try:
        return canonical_url(link, base, tracking=of_feed)
    except BadInput:
        return None


def plausible(when: datetime | None) -> datetime | None:
    """The time in UTC; None for one before the web, or more than a day ahead of now."""
    if when is None:
        return None
    try:
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return when if WELL_BEFORE <= when <= datetime.now(UTC) + timedelta(days=1) else None


def iso_time(text: object) -> datetime | None:
    """A W3C or RFC 3339 time ("2026-11-21", "2026-11-21T09:30:00+01:00"); None where it is none."""
    if not isinstance(text, str) or not 4 <= len(text.strip()) <= 40:
        return None
    try:
        return plausible(datetime.fromisoformat(text.strip().upper().replace("Z", "+00:00")))
    except ValueError:
        return None
