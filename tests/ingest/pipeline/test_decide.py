"""What is decided from an answer to a poll, by plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.errors import ServerBusy
from ingest.feeds.schedule import Bounds
from ingest.pipeline import decide

BOUNDS = Bounds(300, 86_400)
NIGHT = {"hours": [1, 2, 3, 4, 5], "days": []}


def a_row(**said: Any) -> dict[str, Any]:
    return {"url": "https://example.org/feed", "epoch": 1, "failures": 0, "interval_s": 1_800, "quiet": None} | said


@pytest.mark.parametrize("epoch", range(20))
def test_a_feed_that_failed_before_its_quiet_hours_is_asked_after_them(epoch: int) -> None:
    now = datetime(2026, 3, 2, 0, 50, tzinfo=UTC)
    poll = decide.failed(a_row(quiet=NIGHT, epoch=epoch), now, ServerBusy("x", 503), 503, BOUNDS)
    assert poll.next_poll_at >= now.replace(hour=6, minute=0)
    without = decide.failed(a_row(epoch=epoch), now, ServerBusy("x", 503), 503, BOUNDS)
    assert without.next_poll_at.hour == 1, "the quiet hours made the difference"


def test_a_site_that_names_its_pause_is_not_asked_before_it_is_over() -> None:
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    poll = decide.failed(a_row(), now, ServerBusy("x", 429, retry_after=7_200), 429, BOUNDS)
    assert poll.next_poll_at >= now + timedelta(seconds=7_200)


def test_a_pause_of_years_ends_with_the_upper_bound() -> None:
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    poll = decide.failed(a_row(), now, ServerBusy("x", 503, retry_after=1e9), 503, BOUNDS)
    assert poll.next_poll_at <= now + timedelta(seconds=1.1 * BOUNDS.most_s)
