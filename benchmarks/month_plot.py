"""Four pictures of a simulated month."""

from __future__ import annotations

from collections import Counter
from math import exp
from pathlib import Path
from typing import Any

from benchmarks.made_up_sites import BEGIN, SimulatedFeed


def plot(
    simulated: list[SimulatedFeed], late: dict[int, list[float]], days: int, figures: dict[str, Any], path: Path
) -> None:
    """Four pictures: how often feeds are asked against their news, when, how late news is, and a feed's day."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

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
