"""When a feed is due next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.feeds.schedule import Bounds, backoff_s, interval_s, next_poll, rate

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BOUNDS = Bounds(300, 86_400)


def every(seconds: float, count: int, *, since: float = 0.0) -> list[datetime]:
    return [NOW - timedelta(seconds=since + n * seconds) for n in range(count)]


@pytest.mark.parametrize(
    ("seconds", "least", "most"),
    [
        (3_600, 1_700, 1_900),  # an item an hour: every half hour
        (86_400, 7_500, 9_500),  # one a day: about ten times a day
        (7 * 86_400, 14_000, 30_000),
    ],
)
def test_a_feed_is_asked_as_often_as_it_has_news(seconds: float, least: int, most: int) -> None:
    times = every(seconds, 200, since=seconds / 2)
    assert least <= interval_s(times, 30, NOW, BOUNDS) <= most


def test_a_fourfold_rate_halves_the_interval() -> None:
    slow, fast = (interval_s(every(s, 200, since=s / 2), 500, NOW, BOUNDS) for s in (14_400, 3_600))
    assert slow / fast == pytest.approx(2, rel=0.05)


def test_a_feed_without_news_is_asked_once_a_day_and_one_that_wakes_up_more_often() -> None:
    waits = [interval_s([], 20, NOW, BOUNDS, watched_s=days * 86_400) for days in (0, 1, 7, 60)]
    assert waits == sorted(waits) and waits[0] < 3_600 and waits[-1] == 86_400
    assert interval_s(every(86_400, 20, since=40 * 86_400), 20, NOW, BOUNDS) == 86_400
    assert interval_s([NOW - timedelta(minutes=30)], 1, NOW, BOUNDS) <= 1_800


def test_items_that_came_together_count_once() -> None:
    batches = [time for day in range(6) for time in every(10, 20, since=day * 86_400 + 20_000)]
    singles = every(86_400, 6, since=20_000)
    assert interval_s(batches, 100, NOW, BOUNDS) == pytest.approx(interval_s(singles, 100, NOW, BOUNDS), rel=0.2)


def test_nothing_falls_out_of_a_short_feed_unseen() -> None:
    times = every(120, 200)  # thirty an hour
    assert interval_s(times, 6, NOW, BOUNDS) <= 6 * 120 / 2 * 1.1
    assert interval_s(times, 6, NOW, BOUNDS) < interval_s(times, 100, NOW, BOUNDS)


def test_back_off_doubles_within_bounds_and_hears_the_site() -> None:
    assert [backoff_s(n, 3_600, None, BOUNDS) for n in (1, 2, 3, 9, 10_000)] == [3_600, 7_200, 14_400, 86_400, 86_400]
    assert backoff_s(1, 300, None, BOUNDS) == 900
    assert backoff_s(1, 300, 5_000.0, BOUNDS) == 5_000
    assert backoff_s(1, 300, 1e9, BOUNDS) == 86_400


def test_quiet_hours_and_days_are_left_alone() -> None:
    random = Random(1)
    saturday, sunday = frozenset({5}), frozenset({6})
    when = next_poll(NOW, 600, skip_hours=frozenset(range(12, 24)), skip_days=sunday, bounds=BOUNDS, random=random)
    assert (when.weekday(), when.hour) == (0, 0)
    assert next_poll(NOW, 600, skip_hours=frozenset(range(24)), bounds=BOUNDS, random=random) < NOW + timedelta(hours=1)
    assert next_poll(NOW, 600, skip_days=saturday, bounds=BOUNDS, random=random).weekday() == 6


@given(
    st.lists(st.floats(-1e6, 3e7), max_size=200),
    st.integers(0, 10_000),
    st.integers(0, 10**12),
    st.frozensets(st.integers(0, 23)),
    st.frozensets(st.integers(0, 6)),
    st.integers(),
)
def test_the_next_poll_is_never_sooner_than_allowed_and_never_more_than_a_week_late(
    ages: list[float], entries: int, wanted: int, hours: frozenset[int], days: frozenset[int], seed: int
) -> None:
    times = [NOW - timedelta(seconds=age) for age in ages]
    wait = interval_s(times, entries, NOW, BOUNDS)
    assert 300 <= wait <= 86_400
    when = next_poll(NOW, wait, wanted_s=wanted, skip_hours=hours, skip_days=days, bounds=BOUNDS, random=Random(seed))
    assert NOW + timedelta(seconds=max(300, min(wanted, 86_400))) <= when <= NOW + timedelta(days=9)
    assert rate(ages) >= 0
