"""A month of polling a thousand feeds, simulated: how often sites are asked, what that costs them, how late news is.

    python -m benchmarks.month [--feeds 1000] [--days 30] [--seed 1] [--whole] [--out month.png] [--json]

What decides is the code that decides in earnest (`ingest.pipeline.decide`, the schedule, the readers of HTTP headers).
The network and the clock are made up: feeds publish, answer 304, ask to be left alone, fail and vanish as feeds do, and
time jumps to the next feed that is due; no sockets are opened. Feeds are rows in memory and are handed over as parsed.
`--whole` sends every poll through all of it instead, transport, parser, claims and SQL, which takes a hundred times as
long; a test holds the two to the same requests at the same seconds.

What feeds are like (all drawn by `--seed`): items a day log-normal, half of the feeds at most 3.6 a day, one in ten
more than 36; two in three publish by day (a sine over the day, weekends at half); 70 % answer conditional requests, 3 %
of those with validators that lie (304 whatever happened); 40 % name a Cache-Control of 1 to 60 min, 25 % a ttl of 15 to
240 min, 3 % quiet hours; a fifth have no dates; 20 to 60 items are shown; 1 % of requests fail with 503 (half of them
with Retry-After), 1 % of the feeds answer 429 to more than four requests an hour, 1 % vanish with 410 in mid-month.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from heapq import heapify, heappop, heappush
from math import exp, pi, sin
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any, cast

import httpx
import structlog
from sqlalchemy import event, select

from ingest.errors import IngestError
from ingest.feeds import Feed
from ingest.feeds.schedule import Bounds
from ingest.fetch import Fetcher, Response
from ingest.pipeline import decide
from ingest.pipeline.poll import poll_feed
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings
from ingest.store import feeds, migrations
from ingest.store.engine import connect
from ingest.store.entries import RATE_ENTRIES
from ingest.store.feeds import Poll
from ingest.store.schema import entries as entries_table
from ingest.types import FeedEntry

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday; in the past, since dates in the future are not believed
FAULT = 0.01
BOUNDS = Bounds(Settings.model_fields["poll_min_s"].default, Settings.model_fields["poll_max_s"].default)

Answer = tuple[int, dict[str, str], bytes]
Seen = dict[int, dict[int, datetime]]
"""When each item of each feed was stored, by their numbers."""


@dataclass
class SimulatedFeed:
    """One site's feed: what it publishes when, and how it behaves."""

    number: int
    published: list[datetime]  # in order, from two weeks before the month to its end
    shown: int
    dated: bool
    validators: bool
    lies: bool
    max_age: int
    ttl: int
    quiet: frozenset[int]
    throttles: bool
    gone: datetime | None
    requests: list[datetime] = field(default_factory=list)
    unwanted: int = 0  # requests before the time it had asked to be left alone until
    leave_until: datetime = BEGIN
    frozen_etag: str = ""
    sent: tuple[int, bytes] = (-1, b"")  # the newest item and the body with it

    @property
    def url(self) -> str:
        return f"https://site{self.number}.example/feed"

    def visible(self, now: datetime) -> list[int]:
        """Numbers of the items in the feed at a moment, the newest first."""
        from bisect import bisect_right

        count = bisect_right(self.published, now)
        return list(range(count - 1, max(-1, count - 1 - self.shown), -1))


class SimulatedWeb(httpx.AsyncBaseTransport):
    """Answers for every feed, at the simulated moment."""

    def __init__(self, simulated: list[SimulatedFeed]) -> None:
        self.by_host = {f"site{feed.number}.example": feed for feed in simulated}
        self.now = BEGIN
        self.statuses: Counter[int] = Counter()
        self.bytes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        status, headers, body = self.ask(self.by_host[request.url.host], request.headers.get("if-none-match"))
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    def ask(self, feed: SimulatedFeed, etag: str | None) -> Answer:
        status, headers, body = self.answer(feed, etag)
        self.statuses[status] += 1
        self.bytes += len(body)
        return status, headers, body

    def answer(self, feed: SimulatedFeed, known: str | None) -> Answer:
        now = self.now
        feed.unwanted += now < feed.leave_until - timedelta(seconds=1) or now.hour in feed.quiet
        feed.requests.append(now)
        if feed.gone is not None and now >= feed.gone:
            return 410, {}, b""
        if feed.throttles and sum(now - past < timedelta(hours=1) for past in feed.requests[-6:]) > 4:
            return self.leave_alone(feed, 429, 3_600)
        chance = Random(f"{feed.number} {now}")  # of this moment, whoever else was asked before
        if chance.random() < FAULT:
            return self.leave_alone(feed, 503, chance.choice([0, 0, 600, 7_200]))
        visible = feed.visible(now)
        etag = f'"{visible[0] if visible else 0}"'
        headers = {"Content-Type": "application/rss+xml", "Date": format_datetime(now, usegmt=True)}
        if feed.max_age:
            headers["Cache-Control"] = f"max-age={feed.max_age}"
        feed.leave_until = now + timedelta(seconds=max(feed.max_age, feed.ttl))
        if feed.validators:
            feed.frozen_etag = feed.frozen_etag or etag
            headers["ETag"] = feed.frozen_etag if feed.lies else etag
            if known == headers["ETag"]:
                return 304, headers, b""
        return 200, headers, self.body(feed, visible)

    def leave_alone(self, feed: SimulatedFeed, status: int, seconds: int) -> Answer:
        feed.leave_until = self.now + timedelta(seconds=seconds)
        return status, {"Retry-After": str(seconds)} if seconds else {}, b""

    def body(self, feed: SimulatedFeed, visible: list[int]) -> bytes:
        newest = visible[0] if visible else 0
        if feed.sent[0] != newest or not feed.sent[1]:
            feed.sent = (newest, self.rendered(feed, visible))
        return feed.sent[1]

    def rendered(self, feed: SimulatedFeed, visible: list[int]) -> bytes:
        items = "".join(
            f"<item><guid isPermaLink='false'>{n}</guid><title>Item {n}</title>"
            f"<link>https://site{feed.number}.example/{n}</link>"
            + (f"<pubDate>{format_datetime(feed.published[n])}</pubDate>" if feed.dated else "")
            + "</item>"
            for n in visible
        )
        ttl = f"<ttl>{feed.ttl // 60}</ttl>" if feed.ttl else ""
        quiet = "".join(f"<hour>{hour}</hour>" for hour in sorted(feed.quiet))
        skip = f"<skipHours>{quiet}</skipHours>" if quiet else ""
        return (
            f"<rss version='2.0'><channel><title>Site {feed.number}</title>{ttl}{skip}{items}</channel></rss>".encode()
        )


def draw(number: int, days: int, random: Random) -> SimulatedFeed:
    """One feed by chance, as described above."""
    per_day = random.lognormvariate(1.28, 1.8)
    by_day = random.random() < 2 / 3
    validators = random.random() < 0.7
    span = timedelta(days=days + 14)
    return SimulatedFeed(
        number=number,
        published=arrivals(per_day, by_day, BEGIN - timedelta(days=14), span, random),
        shown=random.randint(20, 60),
        dated=random.random() < 0.8,
        validators=validators,
        lies=validators and random.random() < 0.03,
        max_age=random.randint(1, 60) * 60 if random.random() < 0.4 else 0,
        ttl=random.choice([15, 30, 60, 120, 240]) * 60 if random.random() < 0.25 else 0,
        quiet=frozenset(range(1, 6)) if random.random() < 0.03 else frozenset(),
        throttles=random.random() < 0.01,
        gone=BEGIN + timedelta(days=random.uniform(1, days)) if random.random() < 0.01 else None,
    )


def arrivals(per_day: float, by_day: bool, begin: datetime, span: timedelta, random: Random) -> list[datetime]:
    """Times of a Poisson process whose rate follows the day and the week, by thinning (Lewis and Shedler 1979)."""
    per_day = min(per_day, 300.0)
    peak = 2.0 * per_day / 86_400
    found, at = [], 0.0
    while (at := at + random.expovariate(peak)) < span.total_seconds():
        when = begin + timedelta(seconds=at)
        share = 0.5
        if by_day:
            share = (1 + sin((when.hour - 7) / 24 * 2 * pi)) / 2 * (0.5 if when.weekday() >= 5 else 1.0)
        if random.random() < share:
            found.append(when.replace(microsecond=0))
    return found


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
    """As `ingest.store.entries.news_times`."""
    began = row["last_success_at"] or now
    latest = list(seen)[-RATE_ENTRIES:]
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


def plot(simulated: list[SimulatedFeed], seen: Seen, days: int, figures: dict[str, Any], path: Path) -> None:
    """Four pictures: how often feeds are asked against their news, when, how late news is, and a feed's day."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    late, _ = delays(simulated, seen, BEGIN + timedelta(days=days))
    figure, ((left, right), (below, hours)) = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    rates = [sum(when >= BEGIN for when in feed.published) / days for feed in simulated]
    asked = [len(feed.requests) / days for feed in simulated]
    left.scatter([max(rate, 0.02) for rate in rates], asked, s=6, alpha=0.5)
    grid = [10 ** (k / 20) for k in range(-34, 50)]
    left.plot(grid, [min(288, max(1, 86_400 / (30 / (rate / 86_400) ** 0.5))) for rate in grid], color="black", lw=1)
    left.set(
        xscale="log",
        yscale="log",
        xlabel="items a day",
        ylabel="requests a day",
        title="Asked as often as there is news",
    )
    everything = sorted(seconds / 60 for found in late.values() for seconds in found)
    right.plot(everything, [n / len(everything) for n in range(1, len(everything) + 1)])
    right.axvline(figures["delay_minutes"]["median_item"], color="black", lw=1, ls=":")
    right.set(
        xscale="log",
        xlim=(0.5, 3_000),
        xlabel="minutes from publication to stored",
        ylabel="share of items",
        title="How late news is",
    )
    intervals = [
        (b - a).total_seconds() / 60
        for feed in simulated
        for a, b in zip(feed.requests, feed.requests[1:], strict=False)
    ]
    below.hist(intervals, bins=[5 * exp(k / 8) for k in range(48)])
    below.set(xscale="log", xlabel="minutes between two requests to a feed", ylabel="requests", title="Intervals")
    by_hour = Counter(when.hour for feed in simulated for when in feed.requests)
    news = Counter(when.hour for feed in simulated for when in feed.published if when >= BEGIN)
    hours.bar(range(24), [by_hour[hour] / days for hour in range(24)], label="requests")
    hours.plot(range(24), [news[hour] / days for hour in range(24)], color="black", label="items")
    hours.set(xlabel="hour of the day (UTC)", ylabel="a day", title="Over the day")
    hours.legend()
    share, mean = figures["share_304"], figures["requests_per_feed_and_day"]["mean"]
    figure.suptitle(f"{len(simulated):,} feeds, {days} days: {mean} requests a feed and day, {share:.0%} of them 304")
    figure.savefig(path, dpi=110)


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
        plot(simulated, seen, chosen.days, figures, chosen.out)
    figures["seconds"] = round(time.monotonic() - began)
    print(json.dumps(figures, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
