"""The line scorer: how likely each line of a page is part of its article."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.extract.features import densest_run, is_sentence
from ingest.extract.rules import Hit, Wording


def score_lines(lines: Sequence[Wording], hits: Sequence[Hit | None]) -> list[float]:
    """One number from 0 to 1 a line: the densest run of running text, everything in between included."""
    import numpy as np

    chars = np.asarray([len(line.text) for line in lines], dtype=float)
    good = np.asarray([is_sentence(line.text) and not hit for line, hit in zip(lines, hits, strict=True)])
    start, end = densest_run(np.where(good, chars, -np.minimum(60, 15 + chars)))
    return [float(start <= i < end) for i in range(len(lines))]
