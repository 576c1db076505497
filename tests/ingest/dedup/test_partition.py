"""Clusters are a function of pairs and decisions."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.dedup.partition import partition

NODES = range(12)
PAIRS = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from([0.2, 0.5, 0.9])).filter(lambda p: p[0] < p[1]),
    unique_by=lambda p: p[:2],
    max_size=30,
)
LINKS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] < p[1]), max_size=5)


def test_a_chain_of_weak_links_is_cut_where_less_than_half_agree() -> None:
    pairs = [(0, 1, 0.9), (1, 2, 0.8), (2, 3, 0.3), (3, 4, 0.9), (4, 5, 0.8)]
    assert partition(range(6), pairs) == [(0, 1, 2), (3, 4, 5)]


def test_a_must_link_brings_whole_groups_together() -> None:
    assert partition(range(4), [(0, 1, 0.9), (2, 3, 0.9)], must=[(0, 3)]) == [(0, 1, 2, 3)]


def test_a_cannot_link_parts_the_strongest_pair_and_reaches_through_must_links() -> None:
    assert partition(range(3), [(0, 1, 1.0), (1, 2, 0.9), (0, 2, 0.8)], cannot=[(0, 1)]) == [(0,), (1, 2)]
    assert partition(range(3), [(0, 2, 1.0)], must=[(1, 2)], cannot=[(0, 1)]) == [(0,), (1, 2)]


@given(pairs=PAIRS, must=LINKS, cannot=LINKS, seed=st.integers())
@settings(deadline=None)
def test_no_order_and_no_direction_changes_the_groups(
    pairs: list[tuple[int, int, float]], must: list[tuple[int, int]], cannot: list[tuple[int, int]], seed: int
) -> None:
    rng = random.Random(seed)
    mixed = [(b, a, s) if rng.random() < 0.5 else (a, b, s) for a, b, s in rng.sample(pairs, len(pairs))]
    nodes = rng.sample(list(NODES), len(NODES))
    assert partition(nodes, mixed, must[::-1], cannot[::-1]) == partition(NODES, pairs, must, cannot)


@given(pairs=PAIRS, must=LINKS, cannot=LINKS)
@settings(deadline=None)
def test_every_node_is_in_one_group_and_no_cannot_link_is_inside_one(
    pairs: list[tuple[int, int, float]], must: list[tuple[int, int]], cannot: list[tuple[int, int]]
) -> None:
    groups = partition(NODES, pairs, must, cannot)
    assert sorted(node for group in groups for node in group) == list(NODES)
    place = {node: group for group in groups for node in group}
    assert not any(place[a] == place[b] for a, b in cannot)
    if not cannot:
        assert all(place[a] == place[b] for a, b in must)
