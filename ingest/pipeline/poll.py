"""A feed polled: what is new in it becomes documents, and it is decided when it is asked again.

What a poll found and the feed's new state are kept in one transaction, fenced by the feed's epoch: a poll that lost
its lease keeps nothing. Validators are kept only after the feed was read (a 304 to a feed never understood would
hide it for good), and not believed once a week: some sites answer 304 for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Connection

from ingest.errors import BadInput, IngestError
from ingest.feeds import Feed, parse_feed, schedule
from ingest.feeds.schedule import Bounds
from ingest.fetch.client import Response, unpack_gzip
from ingest.fetch.waits import fresh_for
from ingest.pipeline.arrivals import take_in
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.visit import SiteBusy, visiting
from ingest.store import entries, feeds
from ingest.store.feeds import Claim, Poll, due_feeds
from ingest.urls import canonical_url

log = structlog.get_logger()

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
    "application/xml;q=0.9, application/json;q=0.8, text/xml;q=0.8, */*;q=0.5"
)
RECENT_SITEMAP = timedelta(days=3)
MAX_VALIDATOR = 1_000
"""Characters of an ETag that are worth sending back."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What came of a poll."""

    outcome: str  # news, no-news, not-modified, failed, gone, moved
    fresh: int = 0  # entries that brought something
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A poll that was understood, before it is known when the next one comes."""

    poll: Poll
    feed: Feed | None  # None: nothing in it can be new
    fresh_s: float = 0.0  # how long the answer is good, by its headers


def poll_feed(feed_id: str, runtime: Runtime, *, now: datetime | None = None) -> Polled | None:
    """What came of the poll; None where the feed is not due, its site is busy, or somebody else polls it.

    now: the moment of a simulation; without it the database's clock counts.
    """
    with runtime.database.writing() as connection:
        claimed = feeds.claim(connection, feed_id, lease_s=runtime.settings.lease_s, now=now)
    if claimed is None:
        return None
    started = monotonic()
    response = None
    try:
        response = _ask(claimed, runtime, now)
        return _keep(claimed, _read(claimed, response, runtime), runtime, _ms_since(started))
    except SiteBusy as busy:
        with runtime.database.writing() as connection:
            feeds.postpone(connection, claimed, busy.wait_s, now=now)
        return None
    except Exception as error:  # the one place where a poll's errors end: as its outcome
        status = response.status if response is not None else getattr(error, "status", None)
        return _fail(claimed, error, runtime, status=status, ms=_ms_since(started))


def _ask(claimed: Claim, runtime: Runtime, now: datetime | None) -> Response:
    feed = claimed.feed
    with visiting(feed["url"], runtime, claimed.id, first=True, now=now) as visit:
        believed = _is_believed(claimed)
        response: Response = runtime.fetcher.get(
            feed["url"],
            max_bytes=runtime.settings.max_feed_bytes,
            accept=ACCEPT,
            etag=feed["etag"] if believed else None,
            last_modified=feed["last_modified"] if believed else None,
            before_hop=visit.enter,
        )
        visit.note(response.status, response.retry_after)
    return response


def _is_believed(claimed: Claim) -> bool:
    """Whether the validators are used this time: the feed was read with them, and not too long ago."""
    read = claimed.feed["validated_at"]
    return read is not None and claimed.now - read < timedelta(seconds=schedule.CONFIRM_S)


class _BadAnswer(IngestError):
    """The site answered with a status that is no feed."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.url}: expected a feed, the server answered {response.status}")
        self.retry_after = response.retry_after


def _read(claimed: Claim, response: Response, runtime: Runtime) -> _Answer:
    """What the answer says; raises what it is where it is no feed."""
    row, status = claimed.feed, response.status
    fresh_s = fresh_for(response.headers)
    if status == 410:
        detail = "the site says that the feed is gone for good"
        return _Answer(Poll("gone", claimed.now, status, detail, changes={"state": feeds.GONE}), None)
    if status == 304 and _is_believed(claimed):
        return _Answer(Poll("not-modified", claimed.now, status), None, fresh_s)
    if not 200 <= status < 300:
        raise _BadAnswer(response)
    body = unpack_gzip(response.body, row["url"], runtime.settings.max_feed_bytes)
    changes: dict[str, Any] = {
        "body_sha256": sha256(body).hexdigest(),
        "etag": _validator(response, "etag"),
        "last_modified": _validator(response, "last-modified"),
        "validated_at": claimed.now,
    }
    poll = Poll("no-news", claimed.now, status, size=len(body), entries=row["entries"], changes=changes)
    if row["validated_at"] is not None and changes["body_sha256"] == row["body_sha256"]:
        return _Answer(poll, None, fresh_s)
    feed = parse_feed(body, url=response.url, charset=response.charset)
    left_out = f"{feed.left_out} entries left out" if feed.left_out else ""
    detail = "; ".join(filter(None, (feed.warning, left_out)))
    changes |= _description(row, feed)
    if response.moved_to is not None:
        changes["url"] = response.moved_to
    if feed.expired:
        changes["state"], detail = feeds.GONE, "the feed says that it will have no more news"
        poll = replace(poll, outcome="gone")
    return _Answer(replace(poll, detail=detail, entries=len(feed.entries), changes=changes), feed, fresh_s)


def _description(row: Any, feed: Feed) -> dict[str, Any]:
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


def _keep(claimed: Claim, answer: _Answer, runtime: Runtime, ms: int) -> Polled | None:
    """Everything the poll brought, in one transaction; None where the lease was lost."""
    poll, feed = replace(answer.poll, ms=ms), answer.feed
    with runtime.database.writing() as connection:
        if "url" in poll.changes:
            poll = _moved(connection, claimed, poll)
        if feed is not None and poll.outcome != "moved":
            fresh = take_in(connection, claimed, feed)
            poll = replace(poll, outcome="news" if fresh and poll.outcome == "no-news" else poll.outcome, fresh=fresh)
            for child in _sitemaps(feed, claimed.now):
                feeds.add(connection, child, tags=claimed.feed["tags"], now=claimed.now)
        if poll.outcome in ("news", "no-news", "not-modified"):
            poll = _due_again(connection, claimed, poll, answer, _bounds(runtime))
        if not feeds.finish(connection, claimed, poll):
            connection.rollback()
            return None
    if poll.outcome in ("gone", "moved"):
        log.warning("feed ended", feed=claimed.id, outcome=poll.outcome, reason=poll.detail[:500])
    return Polled(poll.outcome, poll.fresh, poll.detail)


def _fail(claimed: Claim, error: Exception, runtime: Runtime, *, status: int | None, ms: int) -> Polled | None:
    """The outcome of a poll that raised: the feed backs off, and keeps its validators and entries."""
    failures = claimed.feed["failures"] + 1
    bounds = _bounds(runtime)
    wait = schedule.backoff_s(failures, claimed.feed["interval_s"], getattr(error, "retry_after", None), bounds)
    poll = Poll(
        "failed",
        schedule.next_poll(claimed.now, wait, wanted_s=wait, bounds=bounds, random=_random(claimed)),
        status,
        str(error) or type(error).__name__,
        ms=ms,
    )
    with runtime.database.writing() as connection:
        kept = feeds.finish(connection, claimed, poll)
    ours = isinstance(error, IngestError)
    log.log(
        30 if ours else 40,
        "feed poll failed",
        feed=claimed.id,
        failures=failures,
        reason=poll.detail[:500],
        exc_info=None if ours else error,
    )
    return Polled("failed", detail=poll.detail) if kept else None


def _due_again(connection: Connection, claimed: Claim, poll: Poll, answer: _Answer, bounds: Bounds) -> Poll:
    """The poll with the time of the next one, now that the feed's rate of news is known."""
    row, feed = claimed.feed, answer.feed
    began = row["last_success_at"] or claimed.now
    times = entries.news_times(connection, claimed.id, began)
    held = len(feed.entries) if feed else row["entries"]
    watched_s = (claimed.now - row["created_at"]).total_seconds()
    interval = schedule.interval_s(times, held, claimed.now, bounds, watched_s=watched_s)
    asked = feed.wanted_s if feed else row["wanted_s"]
    wanted = min(int(max(asked, answer.fresh_s)), bounds.most_s)
    quiet = (poll.changes["quiet"] if "quiet" in poll.changes else row["quiet"]) or {}
    next_poll_at = schedule.next_poll(
        claimed.now,
        interval,
        wanted_s=wanted,
        skip_hours=frozenset(quiet.get("hours", ())),
        skip_days=frozenset(quiet.get("days", ())),
        bounds=bounds,
        random=_random(claimed),
    )
    changes = poll.changes | {"interval_s": interval, "wanted_s": wanted}
    return replace(poll, next_poll_at=next_poll_at, changes=changes)


def _moved(connection: Connection, claimed: Claim, poll: Poll) -> Poll:
    """The poll with the feed's new address, or its end where that is another feed already."""
    changes = dict(poll.changes)
    target = changes.pop("url")
    try:
        address = canonical_url(target, tracking=True)
    except BadInput:
        return replace(poll, changes=changes)
    other = feeds.other_at(connection, address, claimed.id)
    if other is not None:
        detail = f"moved to {address}, which is feed {other}"
        return replace(poll, outcome="moved", detail=detail, changes={"state": feeds.GONE})
    detail = "; ".join(filter(None, (poll.detail, f"moved to {address}")))
    return replace(poll, detail=detail, changes=changes | {"url": address})


def _sitemaps(feed: Feed, now: datetime) -> tuple[str, ...]:
    """The sitemaps of an index that become feeds of their own: those for news, else the latest three."""
    news = tuple(url for url in feed.more if "news" in url.lower())
    return news[:10] or feed.more[:3]


def _ms_since(started: float) -> int:
    return round((monotonic() - started) * 1000)


def _bounds(runtime: Runtime) -> Bounds:
    return Bounds(runtime.settings.poll_min_s, runtime.settings.poll_max_s)


def _random(claimed: Claim) -> Random:
    """Chance that is the same when the same poll is simulated again."""
    return Random(f"{claimed.feed['url']} {claimed.epoch}")


__all__ = ["Polled", "due_feeds", "poll_feed"]
