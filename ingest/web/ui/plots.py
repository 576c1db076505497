"""Small plots as rectangles for an SVG, drawn on the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.store.operators.activity import Slot

WIDTH, HEIGHT = 480, 64
GAP = 0.18
"""Of a bar's width."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle in the plot's own units; `kind`: done, failed or other."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Stacked bars of one stage, and what they add up to."""

    stage: str
    bars: tuple[Bar, ...]
    top: int  # what a bar of full height counts
    done: int
    failed: int
    other: int


def stacked(stage: str, slots: Sequence[Slot]) -> Plot:
    """The slots as bars beside each other, done at the bottom."""
    top = max((s.done + s.failed + s.other for s in slots), default=0)
    step = WIDTH / max(1, len(slots))
    bars: list[Bar] = []
    for place, slot in enumerate(slots):
        floor = float(HEIGHT)
        for kind, count in (("done", slot.done), ("failed", slot.failed), ("other", slot.other)):
            if count:
                height = max(1.5, HEIGHT * count / top)
                floor -= height
                bars.append(Bar(place * step, max(0.0, floor), step * (1 - GAP), height, kind))
    totals = (sum(s.done for s in slots), sum(s.failed for s in slots), sum(s.other for s in slots))
    return Plot(stage, tuple(bars), top, *totals)
