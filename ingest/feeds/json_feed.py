"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1) to a feed."""

from __future__ import annotations

import html
import json
from typing import Any

from ingest.errors import FeedUnreadable
from ingest.feeds.bounds import MAX_ENTRIES, MAX_OBJECTS, refuse_many
from ingest.feeds.feed import Feed, address, iso_time, language_code
from ingest.feeds.plain import MAX_NAME, clean, one_line, text_of
from ingest.types import FeedEntry


def parse_json_feed(body: bytes, url: str) -> Feed:
    """The JSON Feed in these bytes; FeedUnreadable where it is none."""
    refuse_many(body, b"{", MAX_OBJECTS, "objects", url)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FeedUnreadable(f"{url}: expected JSON, got {one_line(str(error), 80)}", reason="not-a-feed") from None
    if not isinstance(found, dict) or not isinstance(found.get("items"), list):
        raise FeedUnreadable(f"{url}: expected a JSON Feed with `items`, got other JSON", reason="not-a-feed")
    if "jsonfeed.org/version" not in _text(found, "version") and "title" not in found:
        raise FeedUnreadable(f"{url}: expected a JSON Feed with a `version`, got other JSON", reason="not-a-feed")
    items = [item for item in found["items"] if isinstance(item, dict)]
    language = language_code(found.get("language"))
    return Feed(
        kind="json",
        title=one_line(_text(found, "title"), MAX_NAME),
        site_url=address(found.get("home_page_url"), url),
        language=language,
        entries=tuple(_entry(item, url, language) for item in items[:MAX_ENTRIES]),
        left_out=max(0, len(items) - MAX_ENTRIES),
        expired=found.get("expired") is True,
        warning="" if len(items) == len(found["items"]) else "items that are no objects",
    )


def _entry(item: dict[str, Any], url: str, language: str | None) -> FeedEntry:
    markup = _text(item, "content_html")
    if not markup:
        paragraphs = _text(item, "content_text").split("\n")
        markup = "".join(f"<p>{html.escape(line)}</p>" for line in paragraphs if line.strip())
    identifier = item.get("id")
    return FeedEntry(
        feed_url=url,
        guid=one_line(str(identifier), 2_000) if isinstance(identifier, str | int | float) else "",
        # `url` is the entry's own page; `external_url` is what a link post is about
        url=address(item.get("url"), url) or address(item.get("external_url"), url),
        title=one_line(_text(item, "title")),
        summary=one_line(_text(item, "summary"), 4_000) or text_of(markup),
        content=clean(markup),
        author=_author(item),
        published=iso_time(item.get("date_published")),
        updated=iso_time(item.get("date_modified")),
        language=language_code(item.get("language")) or language,
    )


def _author(item: dict[str, Any]) -> str | None:
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    names = [one_line(_text(author, "name"), MAX_NAME) for author in authors or () if isinstance(author, dict)]
    return one_line(", ".join(name for name in names if name), MAX_NAME) or None


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
