"""The scorer's trees, evaluated all at once, against one walked from its root."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Misconfigured
from ingest.extract.score import read_forest

Tree = dict[str, list[list[float]] | list[float]]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A tree of up to 20 splits: again and again a leaf becomes a split of two."""
    splits: list[list[float]] = []
    open_ends: list[tuple[int, int]] = []  # split and side
    for number in range(draw(st.integers(0, 20))):
        if open_ends:
            above, side = open_ends.pop(draw(st.integers(0, len(open_ends) - 1)))
            splits[above][side] = number
        splits.append([draw(st.integers(0, 2)), draw(st.integers(-3, 3)), 0, 0])
        open_ends += [(number, 2), (number, 3)]
    leaves = draw(st.permutations(range(len(splits) + 1)))
    for (split, side), leaf in zip(open_ends, leaves, strict=False):
        splits[split][side] = -leaf - 1
    return {"split": splits, "leaf": [draw(st.integers(-8, 8)) / 8 for _ in leaves]}


def walked(tree: Tree, row: Sequence[float]) -> float:
    node = 0 if tree["split"] else -1
    while node >= 0:
        column, at, left, right = tree["split"][node]  # type: ignore[misc]
        node = int(left if row[int(column)] <= at else right)
    return float(tree["leaf"][-node - 1])  # type: ignore[arg-type]


@given(
    st.lists(trees(), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(-4, 4), min_size=3, max_size=3), max_size=80),
)
def test_each_row_reaches_the_leaf_that_walking_the_tree_reaches(forest: list[Tree], rows: list[list[float]]) -> None:
    read = read_forest({"features": ["a", "b", "c"], "trees": forest, "base": 0.25}, ("a", "b", "c"))
    odds = [0.25 + sum(walked(tree, row) for tree in forest) for row in rows]
    found = read.probability(np.asarray(rows, dtype=np.float32).reshape(len(rows), 3))
    assert found.tolist() == pytest.approx([1 / (1 + np.exp(-one)) for one in odds])


def test_weights_for_other_features_are_refused() -> None:
    with pytest.raises(Misconfigured, match="other features"):
        read_forest({"features": ["a"], "trees": [], "base": 0.0}, ("b",))
