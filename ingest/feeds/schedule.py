"""When a feed is due next: as often as it has news, never more often than it likes.

The interval follows the square root of the time between two news items. That is what minimises the summed delay of
all news for a given number of requests when items come at random: the mean delay of a feed is its rate times half its
interval, the cost is one over the interval, and the sum is least where the interval is proportional to 1/√rate
(compare Cho and Garcia-Molina 2003, "Effective page refresh policies for web crawlers"). A feed with an item an hour
is asked every half hour, one with an item a day about ten times a day, one with an item a week four times.

The rate is read off the entries' own times, so it is known after the first poll and survives restarts by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, sqrt
from random import Random

HALF_HOUR_AT_ONE_AN_HOUR = 1_800.0 * sqrt(1 / 3_600)
"""interval = this / √(items per second): half an hour where an item comes every hour.

On 150 feeds and 8 days of `benchmarks.month`, requests a feed and day / minutes until an item is stored (median, 99 %):
15 min: 34.1 / 12.7, 208; 20 min: 26.8 / 14.6, 236; **30 min: 19.1 / 18.0, 326**; 60 min: 10.4 / 28.5, 611. A fixed
interval of 60 min: 22.0 / 35.4, 176; of 90 min: 15.1 / 48.4, 183. Half the time between two items: 15.2 / 18.5, 1,076,
and 87 items pushed out unseen. Asking less by night, by the hours of a feed's own items: 18.6 / 17.7, 333: not worth
its lines.
"""

MEMORY_S = 3 * 86_400.0
"""Seconds after which an item counts 1/e: long enough for the weekend, short enough for a feed that woke up."""

LEAST_WATCHED_S = 3_600.0
"""Seconds that a feed counts as watched at least: one item a minute ago is not sixty an hour."""

TOGETHER_S = 300.0
"""Seconds within which items came together."""

FIRST_BACKOFF_S = 900
"""Seconds after a first failure; a server that restarts is back by then."""

JITTER = 0.1
"""Share of the interval that is random, so that feeds added together drift apart."""

CONFIRM_S = 7 * 86_400
"""Seconds after which validators are not believed for once: some sites answer 304 for ever."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds between two polls of a feed, at least and at most."""

    least_s: int
    most_s: int

    def clamp(self, seconds: float) -> int:
        """The nearest allowed number of seconds."""
        return int(min(max(seconds, self.least_s), self.most_s))


def rate(ages_s: Sequence[float]) -> float:
    """Happenings per second, recent ones counting most; 0 where there were none.

    ages_s: seconds since each, in any order; what lies in the future is left out. Where the oldest is young, nothing
    is known of the time before it (the feed may hold only its last hour), so that time does not count either.
    """
    known = [age for age in ages_s if age >= 0]
    if not known:
        return 0.0
    watched = max(*known, LEAST_WATCHED_S)
    return sum(exp(-age / MEMORY_S) for age in known) / (MEMORY_S * (1 - exp(-watched / MEMORY_S)))


def interval_s(
    times: Sequence[datetime], entries: int, now: datetime, bounds: Bounds, *, watched_s: float = 0.0
) -> int:
    """Seconds between two polls of a feed whose items came at these times.

    Items that came together count once, since one poll brings them all: a feed that publishes twenty at six in the
    morning is not asked twenty times as often.
    entries: how many the feed holds; before half of them could have been pushed out by newer ones, it is asked again.
    watched_s: how long we look at it; where nothing is known of its items' times, half an item in that time is assumed.
    """
    ages = [(now - time).total_seconds() for time in times]
    arrivals = rate(_apart(ages)) if ages else 0.5 / max(watched_s, LEAST_WATCHED_S)
    if arrivals <= 0:
        return bounds.most_s
    wait = HALF_HOUR_AT_ONE_AN_HOUR / sqrt(arrivals)
    if entries > 1 and ages:
        wait = min(wait, entries / 2 / rate(ages))
    return bounds.clamp(wait)


def _apart(ages_s: Sequence[float]) -> list[float]:
    """One age for each group of items that came together."""
    kept: list[float] = []
    for age in sorted(ages_s):
        if not kept or age - kept[-1] > TOGETHER_S:
            kept.append(age)
    return kept


def backoff_s(failures: int, interval: int, retry_after: float | None, bounds: Bounds) -> int:
    """Seconds until the next try after so many failures in a row; the site's own word counts up to the upper bound."""
    wait = max(FIRST_BACKOFF_S, interval) * 2.0 ** min(max(failures - 1, 0), 16)
    return bounds.clamp(max(wait, retry_after or 0.0))


def next_poll(
    now: datetime,
    wait_s: int,
    *,
    wanted_s: int = 0,
    skip_hours: frozenset[int] = frozenset(),
    skip_days: frozenset[int] = frozenset(),
    bounds: Bounds,
    random: Random,
) -> datetime:
    """The time of the next poll: after the wait, a little at random, not before the feed likes, not in its quiet hours.

    wanted_s: seconds the feed asks to be left alone, believed up to the upper bound.
    """
    wait = wait_s * random.uniform(1 - JITTER, 1 + JITTER)
    when = now + timedelta(seconds=max(wait, min(wanted_s, bounds.most_s), bounds.least_s))
    return _after_quiet_hours(when, skip_hours, skip_days)


def _after_quiet_hours(when: datetime, skip_hours: frozenset[int], skip_days: frozenset[int]) -> datetime:
    """RSS 2.0 skipHours and skipDays, in UTC; a feed that skips every hour does not mean it."""
    if len(skip_hours) >= 24 or len(skip_days) >= 7:
        return when
    for _ in range(7 * 24):
        at = when.astimezone(UTC)
        if at.hour not in skip_hours and at.weekday() not in skip_days:
            return when
        when = at.replace(minute=0, second=at.second % 60, microsecond=0) + timedelta(hours=1)
    return when
