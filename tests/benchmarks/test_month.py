"""The simulated month is what the real code would have done."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import structlog

from benchmarks import month
from benchmarks.made_up_sites import draw


@pytest.mark.long
def test_the_simulation_asks_at_the_same_seconds_as_the_whole_program(tmp_path: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        runs = []
        for whole in (False, True):
            random = Random(11)
            simulated = [draw(number, 1, random) for number in range(4)]
            web, seen = month.simulate_whole(simulated, 1, tmp_path) if whole else month.simulate(simulated, 1)
            asked = [[when.replace(microsecond=0) for when in feed.requests] for feed in simulated]
            runs.append((asked, dict(web.statuses), {number: len(found) for number, found in seen.items()}))
        assert runs[0] == runs[1]
        assert sum(runs[0][1].values()) > 40
    finally:
        structlog.reset_defaults()


def test_nobody_is_asked_against_their_wishes_and_nothing_is_missed() -> None:
    random = Random(3)
    simulated = [draw(number, 2, random) for number in range(10)]
    web, seen = month.simulate(simulated, 2)
    figures = month.report(simulated, web, seen, 2)
    assert figures["polled_against_their_wishes"] == figures["requests_after_410"] == 0
    assert figures["items_missed_of_feeds_that_ask_for_no_pause"] == 0
    assert figures["requests_per_feed_and_day"]["most"] <= 288
