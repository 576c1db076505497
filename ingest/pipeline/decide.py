"""What the answer to a poll means, and when the feed is asked next: decided from plain values.

Nothing here asks a site or a database, so that a month of a thousand feeds can be simulated in minutes
(`benchmarks.month`) by the code that decides in earnest.

Validators are kept only after the feed was read (a 304 to a feed never understood would hide it for good), and not
believed once a week: some sites answer 304 for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from sqlalchemy import RowMapping

from ingest.errors import IngestError
from ingest.feeds import Feed, parse_feed, schedule
from ingest.feeds.schedule import Bounds
from ingest.fetch.client import Response, unpack_gzip
from ingest.fetch.waits import fresh_for
from ingest.store.sources.feeds import GONE
from ingest.store.sources.polls import Poll

MAX_VALIDATOR = 1_000
"""Characters of an ETag that are worth sending back."""

FeedRow = RowMapping | dict[str, Any]
"""A feed's row, as it was before the poll."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A poll that was understood, before it is known when the next one comes."""

    poll: Poll
    feed: Feed | None  # None: nothing in it can be new
    fresh_s: float = 0.0  # how long the answer is good, by its headers


class BadAnswer(IngestError):
    """The site answered with a status that is no feed."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.url}: expected a feed, the server answered {response.status}")
        self.retry_after = response.retry_after


def validators(row: FeedRow, now: datetime) -> dict[str, str | None]:
    """The ETag and Last-Modified to send; none where the feed was never read, or not for a week."""
    believed = _is_believed(row, now)
    return {name: row[name] if believed else None for name in ("etag", "last_modified")}


def read_answer(
    row: FeedRow, now: datetime, response: Response, *, max_bytes: int, parse: Callable[..., Feed] = parse_feed
) -> Answer:
    """What the answer says; raises what it is where it is no feed."""
    status, fresh_s = response.status, fresh_for(response.headers)
    if status == 410:
        detail = "the site says that the feed is gone for good"
        return Answer(Poll("gone", now, status, detail, changes={"state": GONE}), None)
    if status == 304 and _is_believed(row, now):
        return Answer(Poll("not-modified", now, status), None, fresh_s)
    if not 200 <= status < 300:
        raise BadAnswer(response)
    body = unpack_gzip(response.body, row["url"], max_bytes)
    changes: dict[str, Any] = {
        "body_sha256": sha256(body).hexdigest(),
        "etag": _validator(response, "etag"),
        "last_modified": _validator(response, "last-modified"),
        "validated_at": now,
    }
    poll = Poll("no-news", now, status, size=len(body), entries=row["entries"], changes=changes)
    if row["validated_at"] is not None and changes["body_sha256"] == row["body_sha256"]:
        return Answer(poll, None, fresh_s)
    feed = parse(body, url=response.url, charset=response.charset)
    left_out = f"{feed.left_out} entries left out" if feed.left_out else ""
    detail = "; ".join(filter(None, (feed.warning, left_out)))
    changes |= _description(row, feed)
    if response.moved_to is not None:
        changes["url"] = response.moved_to
    if feed.expired:
        changes["state"], detail = GONE, "the feed says that it will have no more news"
        poll = replace(poll, outcome="gone")
    return Answer(replace(poll, detail=detail, entries=len(feed.entries), changes=changes), feed, fresh_s)


def due_again(
    row: FeedRow, now: datetime, poll: Poll, answer: Answer, times: Sequence[datetime], bounds: Bounds
) -> Poll:
    """The poll with the time of the next one.

    times: when the feed's latest items were news, those of this poll among them.
    """
    feed = answer.feed
    held = len(feed.entries) if feed else row["entries"]
    watched_s = (now - row["created_at"]).total_seconds()
    interval = schedule.interval_s(times, held, now, bounds, watched_s=watched_s)
    wanted = min(int(max(feed.wanted_s if feed else row["wanted_s"], answer.fresh_s)), bounds.most_s)
    quiet = poll.changes["quiet"] if "quiet" in poll.changes else row["quiet"]
    next_poll_at = _next_poll(row, now, interval, wanted, quiet, bounds)
    return replace(poll, next_poll_at=next_poll_at, changes=poll.changes | {"interval_s": interval, "wanted_s": wanted})


def failed(row: FeedRow, now: datetime, error: Exception, status: int | None, bounds: Bounds) -> Poll:
    """A poll that raised: the feed backs off, and keeps its validators and entries."""
    wait = schedule.backoff_s(row["failures"] + 1, row["interval_s"], getattr(error, "retry_after", None), bounds)
    next_poll_at = _next_poll(row, now, wait, wait, row["quiet"], bounds)  # quiet hours are quiet for a second try, too
    return Poll("failed", next_poll_at, status, str(error) or type(error).__name__)


def _is_believed(row: FeedRow, now: datetime) -> bool:
    """Whether the validators are used this time: the feed was read with them, and not too long ago."""
    read = row["validated_at"]
    return read is not None and now - read < timedelta(seconds=schedule.CONFIRM_S)


def _description(row: FeedRow, feed: Feed) -> dict[str, Any]:
    quiet = {"hours": sorted(feed.skip_hours), "days": sorted(feed.skip_days)}
    return {
        "kind": feed.kind,
        "title": row["title"] or feed.title,
        "site_url": feed.site_url or row["site_url"],
        "language": row["language"] or feed.language,
        "full_content": feed.full_content,
        "entries": len(feed.entries),
        "quiet": quiet if quiet["hours"] or quiet["days"] else None,
    }


def _validator(response: Response, name: str) -> str | None:
    value = response.headers.get(name, "")
    return value if 0 < len(value) <= MAX_VALIDATOR and value.isprintable() else None


def _next_poll(
    row: FeedRow, now: datetime, wait_s: int, wanted_s: int, quiet: dict[str, list[int]] | None, bounds: Bounds
) -> datetime:
    hours, days = (frozenset((quiet or {}).get(name, ())) for name in ("hours", "days"))
    return schedule.next_poll(
        now, wait_s, wanted_s=wanted_s, skip_hours=hours, skip_days=days, bounds=bounds, random=_random(row)
    )


def _random(row: FeedRow) -> Random:
    """Chance that is the same when the same poll is simulated again."""
    return Random(f"{row['url']} {row['epoch']}")
