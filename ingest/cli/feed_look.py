"""A look at a feed before it is followed: what is at the address, and what it would be like to poll it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ingest.cli.guard import Guard
from ingest.errors import FeedUnreadable, IngestError, Retryable
from ingest.feeds import Feed, parse_feed, schedule
from ingest.feeds.discover import Candidate, discover
from ingest.feeds.schedule import Bounds
from ingest.fetch import Fetcher, Response
from ingest.fetch.client import unpack_gzip
from ingest.fetch.waits import fresh_for
from ingest.settings import Settings
from ingest.types import Rejection, Stage
from ingest.urls import canonical_url


def look_at(url: str, settings: Settings) -> tuple[str, str, str]:
    """The feed's address, its title, and a note; a site that does not answer now is believed."""
    address = canonical_url(url, tracking=True)
    try:
        response = _get(address, settings)
        feed = _parsed(response, settings)
        return response.moved_to or address, feed.title, ""
    except Retryable as error:
        return address, "", f"  (added unseen: {error})"
    except FeedUnreadable as error:
        if error.reason != "html":
            raise
    for candidate in discover(response.body, response.url, response.charset)[:5]:
        try:
            feed = _parsed(_get(candidate.url, settings), settings)
        except IngestError:
            continue
        return candidate.url, feed.title or candidate.title, ""
    raise FeedUnreadable(f"{url}: an HTML page that announces no feed", reason="html")


def _get(url: str, settings: Settings) -> Response:
    response = Fetcher.from_settings(settings).get(url, max_bytes=settings.max_feed_bytes)
    if not 200 <= response.status < 300:
        raise FeedUnreadable(f"{url}: expected a feed, the server answered {response.status}", reason="bad-status")
    return response


def _parsed(response: Response, settings: Settings) -> Feed:
    """The feed in an answer, read in a process with hard limits as the workers' are."""
    body = unpack_gzip(response.body, response.url, settings.max_feed_bytes)
    with Guard(_parse, stage=Stage.FETCH) as guard:
        answer = guard((body, response.url, response.charset))
    if isinstance(answer, Rejection):
        raise FeedUnreadable(f"{response.url}: {answer.detail}", reason=answer.reason)
    if isinstance(answer, Feed):
        return answer
    reason, problem = answer
    raise FeedUnreadable(problem, reason=reason)


def _parse(given: tuple[bytes, str, str | None]) -> Feed | tuple[str, str]:
    body, url, charset = given
    try:
        return parse_feed(body, url=url, charset=charset)
    except FeedUnreadable as error:
        return error.reason, str(error)


def checked(url: str, settings: Settings) -> dict[str, Any]:
    """What `ingest feeds check` says of a feed; FeedUnreadable names the feeds its page announces, if it is a page."""
    response = _get(canonical_url(url, tracking=True), settings)
    report: dict[str, Any] = {"url": url, "answered": response.status, "seconds": round(response.seconds, 2)}
    report |= {"moved to": response.moved_to} if response.moved_to else {}
    try:
        feed = _parsed(response, settings)
    except FeedUnreadable as error:
        found = discover(response.body, response.url, response.charset) if error.reason == "html" else ()
        raise FeedUnreadable(f"{error}{_hint(found)}", reason=error.reason) from None
    now = datetime.now(UTC)
    times = [entry.published for entry in feed.entries if entry.published]
    bounds = Bounds(settings.poll_min_s, settings.poll_max_s)
    wanted = min(int(max(feed.wanted_s, fresh_for(response.headers))), bounds.most_s)
    validators = [name for name in ("etag", "last-modified") if name in response.headers]
    return report | {
        "kind": feed.kind,
        "title": feed.title,
        "language": feed.language or "not said",
        "entries": len(feed.entries) + feed.left_out,
        "newest": max(times).isoformat() if times else "no dates",
        "articles": "in the feed" if feed.full_content else "on their pages",
        "validators": ", ".join(validators) or "none: it is sent whole each time",
        "would be polled": f"every {span(max(wanted, schedule.interval_s(times, len(feed.entries), now, bounds)))}",
        "warning": feed.warning or "none",
    }


def _hint(found: tuple[Candidate, ...]) -> str:
    return (
        f"; it announces {', '.join(candidate.url for candidate in found[:3])}" if found else "; it announces no feed"
    )


def span(seconds: float) -> str:
    """A number of seconds for people: "2 h", "45 min"."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length or (seconds >= length and seconds % length == 0):
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
