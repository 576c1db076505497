"""Sites with feeds that are made up: what they publish when, and how they answer, ask to be left alone, and fail.

What feeds are like (all drawn by a seed): items a day log-normal, half of the feeds at most 3.6 a day, one in ten
more than 36; two in three publish by day (a sine over the day, weekends at half); 70 % answer conditional requests, 3 %
of those with validators that lie (304 whatever happened); 40 % name a Cache-Control of 1 to 60 min, 25 % a ttl of 15 to
240 min, 3 % quiet hours; a fifth have no dates; 20 to 60 items are shown; 1 % of requests fail with 503 (half of them
with Retry-After), 1 % of the feeds answer 429 to more than four requests an hour, 1 % vanish with 410 in mid-month.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import pi, sin
from random import Random

import httpx

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday; in the past, since dates in the future are not believed
FAULT = 0.01

Answer = tuple[int, dict[str, str], bytes]


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
    items: dict[int, str] = field(default_factory=dict)  # as they stand in the body

    @property
    def url(self) -> str:
        return f"https://site{self.number}.example/feed"

    def visible(self, now: datetime) -> list[int]:
        """Numbers of the items in the feed at a moment, the newest first."""
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
        feed.items = {n: feed.items.get(n) or self.item(feed, n) for n in visible}
        items = "".join(feed.items.values())
        ttl = f"<ttl>{feed.ttl // 60}</ttl>" if feed.ttl else ""
        quiet = "".join(f"<hour>{hour}</hour>" for hour in sorted(feed.quiet))
        skip = f"<skipHours>{quiet}</skipHours>" if quiet else ""
        return (
            f"<rss version='2.0'><channel><title>Site {feed.number}</title>{ttl}{skip}{items}</channel></rss>".encode()
        )

    def item(self, feed: SimulatedFeed, n: int) -> str:
        dated = f"<pubDate>{format_datetime(feed.published[n])}</pubDate>" if feed.dated else ""
        link = f"<link>{self.page(feed, n)}</link>"
        return f"<item><guid isPermaLink='false'>{n}</guid><title>Item {n}</title>{link}{dated}</item>"

    def page(self, feed: SimulatedFeed, n: int) -> str:
        return f"https://site{feed.number}.example/{n}"


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
