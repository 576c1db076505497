"""A month of polling a thousand feeds, simulated: how often sites are asked, what that costs them, how late news is.

    python -m benchmarks.month [--feeds 1000] [--days 30] [--seed 1] [--whole] [--out month.png] [--json]

What decides is the code that decides in earnest (`ingest.pipeline.decide`, the schedule, the readers of HTTP headers).
The network and the clock are made up (`made_up_sites` says how feeds behave), and time jumps to the next feed that is
due; no sockets are opened. Feeds are rows in memory and are handed over as parsed. `--whole` sends every poll through
all of it instead, transport, parser, claims and SQL, which takes a hundred times as long; a test holds the two to the
same requests at the same seconds.

1,000 feeds, 30 days, seed 1 (docs/month.png): 17.4 requests a feed and day (median 11.3, the busiest 104), 44 % of them
304 (64 % where feeds support it), an item stored 16 min after its publication (median; 90 %: 148 min), none asked
against its wishes; 380,008 items stored, 18,222 pushed out unseen, 1,132 of these from feeds that ask for no pause.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any, cast

import structlog
from sqlalchemy import event, select

from benchmarks import month_plot
from benchmarks.made_up_sites import BEGIN, SimulatedFeed, SimulatedWeb, draw
from ingest.errors import IngestError
from ingest.feeds import Feed
from ingest.feeds.schedule import Bounds
from ingest.fetch import Fetcher, Response
from ingest.pipeline import decide
from ingest.pipeline.poll import poll_feed
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings
from ingest.store import migrations
from ingest.store.engine import connect
from ingest.store.schema import entries as entries_table
from ingest.store.sources import feeds
from ingest.store.sources.entries import RATE_ENTRIES
from ingest.store.sources.polls import Poll
from ingest.types import FeedEntry

BOUNDS = Bounds(Settings.model_fields["poll_min_s"].default, Settings.model_fields["poll_max_s"].default)

Seen = dict[int, dict[int, datetime]]
"""When each item of each feed was stored, by their numbers."""


def simulate(simulated: list[SimulatedFeed], days: int) -> tuple[SimulatedWeb, Seen]:
    """Poll every feed whenever it is due, for so many days of simulated time."""
    web, seen = SimulatedWeb(simulated), dict[int, dict[int, datetime]]()
    rows = [new_row(feed) for feed in simulated]
    due = [(BEGIN + timedelta(seconds=feed.number), feed.number) for feed in simulated]
    heapify(due)
    end = BEGIN + timedelta(days=days)
    while due and due[0][0] < end:
        web.now, number = heappop(due)
        poll = poll_in_memory(simulated[number], rows[number], web, seen.setdefault(number, {}))
        if rows[number]["state"] == feeds.ACTIVE:
            heappush(due, (max(poll.next_poll_at, web.now + timedelta(seconds=1)), number))
    return web, seen


def new_row(feed: SimulatedFeed) -> dict[str, Any]:
    """A feed as it was just added."""
    nothing = (
        "etag",
        "last_modified",
        "validated_at",
        "body_sha256",
        "quiet",
        "language",
        "site_url",
        "last_success_at",
    )
    numbers = {"entries": 0, "wanted_s": 0, "failures": 0, "interval_s": 3_600, "epoch": 0}
    return dict.fromkeys(nothing) | numbers | {"url": feed.url, "title": "", "created_at": BEGIN, "state": feeds.ACTIVE}


def poll_in_memory(feed: SimulatedFeed, row: dict[str, Any], web: SimulatedWeb, seen: dict[int, datetime]) -> Poll:
    """One poll, as `ingest.pipeline.poll` does it; `seen` is when each item was first stored."""
    now = web.now
    status, headers, body = web.ask(feed, decide.validators(row, now)["etag"])
    response = Response(feed.url, status, {name.lower(): value for name, value in headers.items()}, body, None, 0.0)
    try:
        answer = decide.read_answer(row, now, response, max_bytes=10_000_000, parse=lambda *_a, **_k: parsed(feed, now))
    except IngestError as error:
        poll = decide.failed(row, now, error, status, BOUNDS)
        row["failures"] += 1
    else:
        poll = answer.poll
        if answer.feed is not None:
            for entry in answer.feed.entries:
                seen.setdefault(int(entry.guid), now)
        if poll.outcome != "gone":
            poll = decide.due_again(row, now, poll, answer, news_times(feed, row, seen, now), BOUNDS)
        row |= {"failures": 0, "last_success_at": now} | poll.changes
    row["epoch"] += 1
    return poll


def parsed(feed: SimulatedFeed, now: datetime) -> Feed:
    """What the parser makes of the feed at this moment."""
    entries = tuple(
        FeedEntry(feed.url, str(n), None, "", "", "", None, feed.published[n] if feed.dated else None, None, None)
        for n in feed.visible(now)
    )
    return Feed("rss", "", None, None, entries, wanted_s=feed.ttl, skip_hours=feed.quiet)


def news_times(feed: SimulatedFeed, row: dict[str, Any], seen: dict[int, datetime], now: datetime) -> list[datetime]:
    """As `ingest.store.sources.entries.news_times`."""
    began = row["last_success_at"] or now
    latest = list(islice(reversed(seen), RATE_ENTRIES))
    if feed.dated:
        return [feed.published[n] for n in latest]
    return [seen[n] for n in latest if seen[n] > began]


def simulate_whole(simulated: list[SimulatedFeed], days: int, folder: Path) -> tuple[SimulatedWeb, Seen]:
    """The same through transport, parser, claims and SQL."""
    web = SimulatedWeb(simulated)
    settings = Settings(data_dir=folder, host_gap_s=0.0)
    database = connect(settings.sqlalchemy_url)
    event.listen(database.writer, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    migrations.upgrade(database)
    fetcher = Fetcher(user_agent=settings.user_agent, transport=lambda: web)
    runtime = Runtime(database, settings, "month", cast(Any, None), cast(Any, None), fetcher)
    with database.writing() as connection:
        ids = {feeds.add(connection, feed.url, now=BEGIN)[0]: feed for feed in simulated}
    due = [(BEGIN + timedelta(seconds=feed.number), feed_id) for feed_id, feed in ids.items()]
    heapify(due)
    end = BEGIN + timedelta(days=days)
    while due and due[0][0] < end:
        web.now, feed_id = heappop(due)
        poll_feed(feed_id, runtime, now=web.now)
        with database.reading() as connection:
            row = feeds.load(connection, feed_id)
        if row is not None and row["state"] == feeds.ACTIVE:
            heappush(due, (max(row["next_poll_at"], web.now + timedelta(seconds=1)), feed_id))
    with database.reading() as connection:
        table = entries_table.c
        found = connection.execute(select(table.feed_id, table.guid, table.first_seen)).all()
    database.close()
    seen: Seen = defaultdict(dict)
    for feed_id, guid, first_seen in found:
        seen[ids[feed_id].number][int(guid)] = first_seen
    return web, seen


def delays(simulated: list[SimulatedFeed], seen: Seen, end: datetime) -> tuple[dict[int, list[float]], dict[int, int]]:
    """By feed: seconds from publication to stored, and how many items fell out of it unseen."""
    late: dict[int, list[float]] = {}
    missed: dict[int, int] = {}
    for feed in simulated:
        stops = min(end, feed.gone or end)
        known = seen.get(feed.number, {})
        last = max(known, default=-1)
        fresh = [n for n, when in enumerate(feed.published) if BEGIN + timedelta(hours=1) <= when < stops]
        late[feed.number] = [(known[n] - feed.published[n]).total_seconds() for n in fresh if n in known]
        missed[feed.number] = sum(n not in known and n < last for n in fresh)
    return late, missed


def report(simulated: list[SimulatedFeed], web: SimulatedWeb, seen: Seen, days: int) -> dict[str, Any]:
    """The figures."""
    late, missed_by = delays(simulated, seen, BEGIN + timedelta(days=days))
    missed = sum(missed_by.values())
    every = sorted(seconds for found in late.values() for seconds in found)
    per_day = sorted(len(feed.requests) / days for feed in simulated)
    feed_medians = [median(found) for found in late.values() if found]
    conditional = [feed for feed in simulated if feed.validators]
    total = sum(web.statuses.values())
    cut = quantiles(every, n=100)
    return {
        "feeds": len(simulated),
        "days": days,
        "requests": total,
        "requests_per_feed_and_day": {
            "mean": round(total / len(simulated) / days, 1),
            "median": round(median(per_day), 1),
            "most": round(per_day[-1], 1),
        },
        "status": {str(status): count for status, count in sorted(web.statuses.items())},
        "share_304": round(web.statuses[304] / total, 3),
        "share_304_where_supported": round(
            web.statuses[304] / max(1, sum(len(feed.requests) for feed in conditional)), 3
        ),
        "megabytes": round(web.bytes / 1e6, 1),
        "items_stored": len(every),
        "items_missed": missed,
        "items_missed_of_feeds_that_ask_for_no_pause": sum(
            count for number, count in missed_by.items() if not _asks_for_pause(simulated[number])
        ),
        "delay_minutes": {
            "median_item": round(median(every) / 60, 1),
            "p90_item": round(cut[89] / 60, 1),
            "p99_item": round(cut[98] / 60, 1),
            "median_of_feed_medians": round(median(feed_medians) / 60, 1),
        },
        "polled_against_their_wishes": sum(feed.unwanted for feed in simulated),
        "requests_after_410": sum(
            max(0, sum(when >= feed.gone for when in feed.requests) - 1) for feed in simulated if feed.gone
        ),
    }


def _asks_for_pause(feed: SimulatedFeed) -> bool:
    """Whether it throttles, lies or wants to be left alone, so that a busy feed can lose items unseen."""
    return bool(feed.max_age or feed.ttl or feed.quiet or feed.throttles or feed.lies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="through transport, parser, claims and SQL: slow")
    parser.add_argument("--out", type=Path, help="a picture of it")
    parser.add_argument("--json", action="store_true", help="only the figures, as one JSON object")
    chosen = parser.parse_args()
    began = time.monotonic()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    random = Random(chosen.seed)
    simulated = [draw(number, chosen.days, random) for number in range(chosen.feeds)]
    if chosen.whole:
        with tempfile.TemporaryDirectory(prefix="newsfold-month-") as folder:
            web, seen = simulate_whole(simulated, chosen.days, Path(folder))
    else:
        web, seen = simulate(simulated, chosen.days)
    figures = report(simulated, web, seen, chosen.days)
    if chosen.out:
        late, _ = delays(simulated, seen, BEGIN + timedelta(days=chosen.days))
        month_plot.plot(simulated, late, chosen.days, figures, chosen.out)
    figures["seconds"] = round(time.monotonic() - began)
    print(json.dumps(figures, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
