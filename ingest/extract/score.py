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
from ingest.extract.rules import Hit, Wording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


ROWS = 64
"""Lines that all trees look at together: what they make of them fits in a processor's cache."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Boosted trees as arrays: T trees of at most N splits and N + 1 leaves.

    A leaf is the one whose path agrees with all decisions on it: decisions @ path == length of the path.
    """

    feature: NDArray[np.intp]  # (T * N,), column that a split looks at
    threshold: NDArray[np.float32]  # (T * N,), the left side is taken where the column is at most this
    path: NDArray[np.float32]  # (T, N, N + 1): 1 where the leaf is left of the split, -1 right, 0 not under it
    length: NDArray[np.float32]  # (T, 1, N + 1): splits above the leaf that are taken to the left
    value: NDArray[np.float32]  # (T, N + 1), log-odds a leaf adds; 0 for leaves that are none
    base: float

    def probability(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """From 0 to 1 for each row of the matrix, shape (rows, features)."""
        import numpy as np

        odds = [self._odds(matrix[start : start + ROWS]) for start in range(0, len(matrix), ROWS)]
        return np.asarray(1.0 / (1.0 + np.exp(-np.concatenate(odds or [np.zeros(0)]))), dtype=np.float64)

    def _odds(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        import numpy as np

        trees, splits, _ = self.path.shape
        left = (matrix[:, self.feature] <= self.threshold).astype(np.float32)
        decisions = left.reshape(len(matrix), trees, splits).transpose(1, 0, 2)
        chosen = np.matmul(decisions, self.path) == self.length  # (T, rows, N + 1)
        added = np.matmul(chosen.astype(np.float32), self.value[:, :, None]).sum(axis=(0, 2))
        return np.asarray(self.base + added, dtype=np.float64)


def read_forest(weights: dict[str, Any], features: Sequence[str]) -> Forest:
    """The trees of a file of weights; Misconfigured where it was fitted for other features."""
    import numpy as np

    if list(weights["features"]) != list(features):
        raise Misconfigured("the weights were fitted for other features: run benchmarks/fit_lines.py and fit_pages.py")
    trees = weights["trees"]
    splits = max(len(tree["split"]) for tree in trees)
    feature = np.zeros((len(trees), splits), dtype=np.intp)
    threshold = np.full((len(trees), splits), -np.inf, dtype=np.float32)
    path = np.zeros((len(trees), splits, splits + 1), dtype=np.float32)
    length = np.full((len(trees), 1, splits + 1), splits + 1.0, dtype=np.float32)  # never reached: no such leaf
    value = np.zeros((len(trees), splits + 1), dtype=np.float32)
    for number, tree in enumerate(trees):
        for split, (column, at, _, _) in enumerate(tree["split"]):
            feature[number, split], threshold[number, split] = column, at
        value[number, : len(tree["leaf"])] = tree["leaf"]
        for leaf, turns in _paths(tree["split"]):
            length[number, 0, leaf] = sum(turn > 0 for _, turn in turns)
            for split, turn in turns:
                path[number, split, leaf] = turn
    return Forest(feature.ravel(), threshold.ravel(), path, length, value, float(weights["base"]))


def _paths(splits: Sequence[Sequence[float]]) -> list[tuple[int, list[tuple[int, int]]]]:
    """Each leaf with the splits above it and the turns taken there: 1 left, -1 right.

    A split is (column, threshold, left, right); a child below 0 is the leaf -child - 1.
    """
    if not splits:
        return [(0, [])]
    found = []
    open_nodes: list[tuple[int, list[tuple[int, int]]]] = [(0, [])]
    while open_nodes:
        node, turns = open_nodes.pop()
        if node < 0:
            found.append((-node - 1, turns))
            continue
        _, _, left, right = splits[node]
        open_nodes += [(int(left), [*turns, (node, 1)]), (int(right), [*turns, (node, -1)])]
    return found


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
    open_ones = [hit is None or hit.rule.soft or hit.rule.kind == "keep" for hit in hits]
    scores = np.zeros(len(lines))
    forest = builtin_forest("line_weights.json", FEATURES)
    scores[open_ones] = forest.probability(page_matrix(lines, hits)[open_ones])
    return scores.tolist()
