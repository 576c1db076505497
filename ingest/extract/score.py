"""The line scorer: how likely each line of a page is part of its article.

The weights in `line_weights.json` are regression trees fitted by `benchmarks/fit_lines.py` (gradient boosting on the
features of `ingest.extract.features`). They are read as text and evaluated with numpy: no library of trees is needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from ingest.errors import Misconfigured
from ingest.extract.features import FEATURES, page_matrix
from ingest.extract.rules import Hit
from ingest.extract.wording import Wording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


ROWS = 256
"""Lines that all trees look at together, one split of each tree at a time: what they make of them fits in a processor's
cache. Of 300 trees of 24 leaves 194 lines take 2.1 ms so, 3.1 ms where 64 lines meet all splits at once."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Boosted trees as arrays: T trees of at most N splits and N + 1 leaves, one bit a leaf from left to right.

    A split that is not taken to the left rules out the leaves on its left, wherever it stands; the first leaf that no
    split has ruled out is the one that is reached (Lucchese et al. 2015, "QuickScorer"). So no path is followed.
    """

    feature: NDArray[np.intp]  # (N, T), column that a split looks at
    threshold: NDArray[np.float32]  # (N, T, 1), the right side is taken where the column is above this
    left: NDArray[Any]  # (N, T, 1), the leaves on a split's left, as bits
    value: NDArray[np.float32]  # (T, N + 1), log-odds a leaf adds; 0 for leaves that are none
    base: float

    def probability(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """From 0 to 1 for each row of the matrix, shape (rows, features)."""
        import numpy as np

        odds = [self._odds(matrix[start : start + ROWS]) for start in range(0, len(matrix), ROWS)]
        return np.asarray(1.0 / (1.0 + np.exp(-np.concatenate(odds or [np.zeros(0)]))), dtype=np.float64)

    def _odds(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        import numpy as np

        trees, leaves = self.value.shape
        columns = np.ascontiguousarray(matrix.T)
        gone = np.zeros((trees, len(matrix)), dtype=self.left.dtype)
        for feature, threshold, left in zip(self.feature, self.threshold, self.left, strict=True):
            gone |= (columns.take(feature, axis=0) > threshold) * left
        first = np.bitwise_count(gone & ~(gone + 1)) + leaves * np.arange(trees)[:, None]
        return np.asarray(self.base + self.value.take(first).sum(axis=0), dtype=np.float64)


def read_forest(weights: dict[str, Any], features: Sequence[str]) -> Forest:
    """The trees of a file of weights; Misconfigured where it was fitted for other features."""
    import numpy as np

    if list(weights["features"]) != list(features):
        raise Misconfigured("the weights were fitted for other features: run benchmarks/fit_lines.py and fit_pages.py")
    trees = weights["trees"]
    splits = max(1, *(len(tree["split"]) for tree in trees))
    feature = np.zeros((splits, len(trees)), dtype=np.intp)
    threshold = np.full((splits, len(trees)), np.inf, dtype=np.float32)  # never above: no such split
    left = np.zeros((splits, len(trees)), dtype=np.min_scalar_type((2 << splits) - 1))
    value = np.zeros((len(trees), splits + 1), dtype=np.float32)
    for number, tree in enumerate(trees):
        leaves, on_the_left = _from_left_to_right(tree["split"])
        for split, (column, at, _, _) in enumerate(tree["split"]):
            feature[split, number], threshold[split, number] = column, at
            left[split, number] = on_the_left[split]
        value[number, : len(leaves)] = [tree["leaf"][leaf] for leaf in leaves]
    return Forest(feature, threshold[:, :, None], left[:, :, None], value, float(weights["base"]))


def _from_left_to_right(splits: Sequence[Sequence[float]]) -> tuple[list[int], dict[int, int]]:
    """The leaves of a tree in order, and of each split the places of those on its left, as bits.

    A split is (column, threshold, left, right); a child below 0 is the leaf -child - 1.
    """
    leaves: list[int] = []
    on_the_left: dict[int, int] = {}

    def walk(node: int) -> int:
        if node < 0:
            leaves.append(-node - 1)
            return 1 << len(leaves) - 1
        _, _, left, right = splits[node]
        on_the_left[node] = walk(int(left))
        return on_the_left[node] | walk(int(right))

    walk(0 if splits else -1)
    return leaves, on_the_left


@cache
def builtin_forest(name: str, features: tuple[str, ...]) -> Forest:
    """The weights that ship under this name."""
    text = resources.files("ingest.extract").joinpath(name).read_text("utf-8")
    return read_forest(json.loads(text), features)


def score_lines(lines: Sequence[Wording], hits: Sequence[Hit | None]) -> list[float]:
    """One number from 0 to 1 a line, in page order: how likely it is article text; 0 where a rule leaves no choice.

    hits: what the explicit rules say of each line.
    """
    import numpy as np

    if not lines:
        return []
    open_ones = [hit is None or not hit.decides for hit in hits]
    scores = np.zeros(len(lines))
    forest = builtin_forest("line_weights.json", FEATURES)
    scores[open_ones] = forest.probability(page_matrix(lines, hits)[open_ones])
    return scores.tolist()
