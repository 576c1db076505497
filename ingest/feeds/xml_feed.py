"""RSS 0.9 to 2.0, RDF and Atom to a feed, by feedparser.

It is always given bytes in memory: given a string it would fetch an address or open a file. "Bozo" is a warning, not a
failure, since half of the living feeds are ill-formed somewhere; a success is a known version, or at least an entry.
An empty body or an HTML error page gives neither, and no bozo (so `bozo` proves nothing in either direction).
"""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime
from time import struct_time
from typing import Any

from ingest.errors import FeedUnreadable
from ingest.feeds.bounds import MAX_ENTRIES
from ingest.feeds.dates import read_date
from ingest.feeds.feed import Feed, address, language_code, plausible
from ingest.feeds.plain import MAX_NAME, clean, one_line, text_of, visible_length
from ingest.types import FeedEntry
from ingest.urls import is_web

_SKIP = re.compile(rb"(?is)<skip(hours|days)>(.{0,2000}?)</skip")
_MAIL_AND_NAME = re.compile(r"[^\s@()]{1,80}@[^\s@()]{1,80} \(([^()]+)\)")
_SKIPPED = re.compile(rb">\s*(\w{1,9})\s*<")
_PERIODS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_DAYS = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")


def parse_xml_feed(body: bytes, url: str) -> Feed:
    """The feed in these bytes, which are UTF-8 and bounded; FeedUnreadable where it is none."""
    import feedparser  # 80 ms

    # no content-location: it would make addresses out of ids ("12345"), and they would change when the feed moves
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        parsed = feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=True)
    except Exception as error:  # it lets out what its many hands raise on some malformed input (its issue 599)
        raise FeedUnreadable(f"{url}: the feed parser gave up ({type(error).__name__})") from None
    version = str(parsed.get("version") or "")
    if not version and not parsed.entries:
        raise FeedUnreadable(
            f"{url}: expected RSS, Atom, JSON Feed or a sitemap, got {_begin(body)}", reason="not-a-feed"
        )
    about = parsed.feed
    language = language_code(about.get("language"))
    hours, days = _skips(body)
    entries = (_entry(item, url, language) for item in parsed.entries[:MAX_ENTRIES])
    return Feed(
        kind="atom" if version.startswith("atom") else "rss",
        title=_title(about, MAX_NAME),
        site_url=address(about.get("link"), url),
        language=language,
        entries=tuple(
            entry for entry in entries if entry.guid or entry.url or entry.title or entry.summary or entry.content
        ),
        wanted_s=_wanted_s(about),
        skip_hours=hours,
        skip_days=days,
        warning=one_line(str(parsed.get("bozo_exception", "")), MAX_NAME) if parsed.get("bozo") else "",
    )


def _entry(item: Any, url: str, language: str | None) -> FeedEntry:
    contents = [part for part in item.get("content", ()) if str(part.get("type", "")) in _READABLE]
    content = max((_markup(part) for part in contents), key=len, default="")
    summary = _markup(item.get("summary_detail") or {"value": item.get("summary", "")})
    if visible_length(summary) > visible_length(content):  # whole articles in <description>
        content = summary
    hint = next((code for part in contents if (code := language_code(part.get("language")))), None)
    return FeedEntry(
        feed_url=url,
        guid=one_line(str(item.get("id") or ""), 2_000),
        url=_link(item, url),
        title=_title(item),
        summary=text_of(summary or content),
        content=clean(content),
        author=_author(item),
        published=_time(item, "published"),
        updated=_time(item, "updated"),
        language=language_code(item.get("dc_language")) or hint or language,
    )


_READABLE = frozenset({"text/html", "application/xhtml+xml", "text/plain", ""})


_ESCAPED_TAG = re.compile(
    r"(?i)\s*&lt;(?:p|div|br|img|a|span|h[1-6]|ul|ol|table|figure|blockquote|strong|b|em|i)(?:\s|/?&gt;)"
)


def _markup(part: Any) -> str:
    """A piece of text as HTML, so that one way of reading fits all: plain text keeps its "<".

    Markup that was escaped twice begins with an escaped tag and holds no real one: no prose does.
    """
    value = str(part.get("value") or "")
    if str(part.get("type", "")) == "text/plain":
        return html.escape(value, quote=False)
    return html.unescape(value) if "<" not in value and _ESCAPED_TAG.match(value) else value


def _link(item: Any, url: str) -> str | None:
    """The entry's page: what a proxy of feeds says was its link, its link, or where its content lies.

    An id that only stands in for a missing link is one where it is an address.
    """
    origin = str(item.get("feedburner_origlink") or "")
    link = origin if is_web(origin) else str(item.get("link") or "")
    if is_web(link) or (link and link != item.get("id")):
        return address(link, url)
    return next((found for part in item.get("content", ()) if (found := address(part.get("src"), url))), None)


def _author(item: Any) -> str | None:
    """The name; RSS wants an address of mail, and puts the name in parentheses behind it."""
    said = one_line(str(item.get("author") or ""), MAX_NAME)
    found = _MAIL_AND_NAME.fullmatch(said)
    return (found[1] if found else said) or None


def _title(about: Any, limit: int = 500) -> str:
    detail = about.get("title_detail")
    return text_of(_markup(detail) if detail else html.escape(str(about.get("title") or "")), limit)


def _wanted_s(about: Any) -> int:
    """Seconds between polls that the feed asks for: RSS ttl (minutes), or the syndication module's period."""
    ttl = str(about.get("ttl") or "").strip()
    if re.fullmatch(r"\d{1,7}", ttl):
        return int(ttl) * 60
    period = _PERIODS.get(str(about.get("sy_updateperiod") or "").strip().lower())
    if period is None:
        return 0
    times = str(about.get("sy_updatefrequency") or "1").strip()
    return period // max(1, int(times)) if re.fullmatch(r"\d{1,5}", times) else period


def _skips(body: bytes) -> tuple[frozenset[int], frozenset[int]]:
    """Hours (UTC) and days (Monday is 0) in which an RSS feed wants no polls; feedparser does not keep them."""
    hours: set[int] = set()
    days: set[int] = set()
    for kind, part in _SKIP.findall(body[:50_000]):
        for word in _SKIPPED.findall(b">" + part + b"<"):
            if kind.lower() == b"hours" and word.isdigit():
                hours.add(int(word) % 24)
            elif kind.lower() == b"days" and word.lower() in _DAYS:
                days.add(_DAYS.index(word.lower()))
    return frozenset(hours), frozenset(days)


def _time(item: Any, name: str) -> datetime | None:
    # by the plain dictionary: its own lookup answers `updated` with `published`
    if (when := read_date(dict.get(item, name))) is not None:
        return plausible(when)
    parsed = dict.get(item, f"{name}_parsed")
    if not isinstance(parsed, struct_time):
        return None
    try:
        return plausible(datetime(*parsed[:6], tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _begin(body: bytes) -> str:
    """The beginning of what came, for a person."""
    return repr(one_line(body[:400].decode("utf-8", "replace"), 60))
