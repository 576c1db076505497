"""A feed polled: what is new in it becomes documents, and it is decided when it is asked again.

What a poll found and the feed's new state are kept in one transaction, fenced by the feed's epoch: a poll that lost
its lease keeps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic

import structlog
from sqlalchemy import Connection

from ingest.errors import BadInput, IngestError
from ingest.feeds import Feed
from ingest.feeds.schedule import Bounds
from ingest.fetch.client import Response
from ingest.pipeline import decide
from ingest.pipeline.arrivals import take_in
from ingest.pipeline.decide import Answer
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.visit import SiteBusy, visiting
from ingest.store.sources import entries, feeds, polls
from ingest.store.sources.polls import Claim, Poll, due_feeds
from ingest.urls import canonical_url

log = structlog.get_logger()

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
    "application/xml;q=0.9, application/json;q=0.8, text/xml;q=0.8, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Polled:
    """What came of a poll."""

    outcome: str  # news, no-news, not-modified, failed, gone, moved
    fresh: int = 0  # entries that brought something
    detail: str = ""


def poll_feed(feed_id: str, runtime: Runtime, *, now: datetime | None = None) -> Polled | None:
    """What came of the poll; None where the feed is not due, its site is busy, or somebody else polls it.

    now: the moment of a simulation; without it the database's clock counts.
    """
    with runtime.database.writing() as connection:
        claimed = polls.claim(connection, feed_id, lease_s=runtime.settings.lease_s, now=now)
    if claimed is None:
        return None
    started = monotonic()
    response = None
    try:
        response = _ask(claimed, runtime, now)
        answer = decide.read_answer(claimed.feed, claimed.now, response, max_bytes=runtime.settings.max_feed_bytes)
        return _keep(claimed, answer, runtime, _ms_since(started))
    except SiteBusy as busy:
        with runtime.database.writing() as connection:
            polls.postpone(connection, claimed, busy.wait_s, now=now)
        return None
    except Exception as error:  # the one place where a poll's errors end: as its outcome
        status = response.status if response is not None else getattr(error, "status", None)
        return _fail(claimed, error, runtime, status=status, ms=_ms_since(started))


def _ask(claimed: Claim, runtime: Runtime, now: datetime | None) -> Response:
    url = claimed.feed["url"]
    with visiting(url, runtime, claimed.id, first=True, now=now) as visit:
        response: Response = runtime.fetcher.get(
            url,
            max_bytes=runtime.settings.max_feed_bytes,
            accept=ACCEPT,
            before_hop=visit.enter,
            **decide.validators(claimed.feed, claimed.now),
        )
        visit.note(response.status, response.retry_after)
    return response


def _keep(claimed: Claim, answer: Answer, runtime: Runtime, ms: int) -> Polled | None:
    """Everything the poll brought, in one transaction; None where the lease was lost."""
    poll, feed = replace(answer.poll, ms=ms), answer.feed
    with runtime.database.writing() as connection:
        if "url" in poll.changes:
            poll = _moved(connection, claimed, poll)
        if feed is not None and poll.outcome != "moved":
            fresh = take_in(connection, claimed, feed)
            poll = replace(poll, outcome="news" if fresh and poll.outcome == "no-news" else poll.outcome, fresh=fresh)
            for child in _sitemaps(feed):
                feeds.add(connection, child, tags=claimed.feed["tags"], now=claimed.now)
        if poll.outcome in ("news", "no-news", "not-modified"):
            began = claimed.feed["last_success_at"] or claimed.now
            times = entries.news_times(connection, claimed.id, began)
            poll = decide.due_again(claimed.feed, claimed.now, poll, answer, times, _bounds(runtime))
        if not polls.finish(connection, claimed, poll):
            connection.rollback()
            return None
    level = log.warning if poll.outcome in ("gone", "moved") else log.info
    level("feed polled", feed=claimed.id, outcome=poll.outcome, fresh=poll.fresh, ms=ms, reason=poll.detail[:500])
    return Polled(poll.outcome, poll.fresh, poll.detail)


def _fail(claimed: Claim, error: Exception, runtime: Runtime, *, status: int | None, ms: int) -> Polled | None:
    """The outcome of a poll that raised; one that is no error of ours comes with its traceback in the log."""
    poll = replace(decide.failed(claimed.feed, claimed.now, error, status, _bounds(runtime)), ms=ms)
    with runtime.database.writing() as connection:
        kept = polls.finish(connection, claimed, poll)
    failures, reason = claimed.feed["failures"] + 1, poll.detail[:500]
    if isinstance(error, IngestError):
        log.warning("feed poll failed", feed=claimed.id, failures=failures, reason=reason)
    else:
        log.error("feed poll failed", feed=claimed.id, failures=failures, reason=reason, exc_info=error)
    return Polled("failed", detail=poll.detail) if kept else None


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


def _sitemaps(feed: Feed) -> tuple[str, ...]:
    """The sitemaps of an index that become feeds of their own: those for news, else the latest three."""
    news = tuple(url for url in feed.more if "news" in url.lower())
    return news[:10] or feed.more[:3]


def _ms_since(started: float) -> int:
    return round((monotonic() - started) * 1000)


def _bounds(runtime: Runtime) -> Bounds:
    return Bounds(runtime.settings.poll_min_s, runtime.settings.poll_max_s)


__all__ = ["Polled", "due_feeds", "poll_feed"]
