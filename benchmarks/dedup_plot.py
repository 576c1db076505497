"""The plot of `dedup.py`: what an article costs against what is in the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def plot(found: list[dict[str, Any]], path: Path) -> None:
    """Cost of a document against what is in the archive, one line a database and way of committing."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4))
    for database in dict.fromkeys(row["database"] for row in found):
        for at_once, style in (("50", "-"), ("1", "--")):
            rows = [row for row in found if row["database"] == database and at_once in row]
            points = sorted((row["archive"], row[at_once]["ms"]) for row in rows)
            if points:
                axes.plot(*zip(*points, strict=True), style, marker="o", label=f"{database}, {at_once} a transaction")
    axes.set(xscale="log", xlabel="articles in the archive (at most 100,000 of them in the window)")
    axes.set(ylabel="ms of one core per article, whole stage", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
