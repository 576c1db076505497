"""Joints on made scores: three languages, words that clearly belong to one of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.language.joints import SIDE, WINDOW, joints

NO_PRIOR = np.zeros(3)


def found(languages: str, capitalised: str | None = None, weight: float = 4.0) -> list[int]:
    """Joints of words in language "a", "b" or "c"; capitalised: "X" for a capital, by default every word."""
    scores = np.array([[0.0 if lang == column else -weight for column in "abc"] for lang in languages])
    capitals = np.array([mark == "X" for mark in capitalised or "X" * len(languages)], dtype=bool)
    return joints(scores, capitals, NO_PRIOR)


def test_change_of_language_is_a_joint() -> None:
    assert found("aaaaabbbbb") == [5]


def test_joint_falls_on_a_capital() -> None:
    assert found("aaaaabbbbb", "x.....X...".upper().replace(".", "x")) == [6]


def test_text_in_one_language_has_none() -> None:
    assert found("a" * 30) == []


def test_a_name_or_two_make_no_joint() -> None:
    assert found("aaaaaabbaaaaaaa") == []


def test_weak_evidence_makes_no_joint() -> None:
    assert found("aaaaabbbbb", weight=1.0) == []


def test_two_changes_are_two_joints() -> None:
    assert found("aaaaaaabbbbbbbccccccc") == [7, 14]


def test_long_text_is_cut_at_every_window() -> None:
    assert found("a" * (2 * WINDOW + 1)) == [WINDOW, 2 * WINDOW]


@given(st.text(alphabet="ab", max_size=3 * WINDOW))
def test_joints_are_in_order_and_leave_words_on_both_sides(languages: str) -> None:
    cuts = found(languages) if languages else []
    assert cuts == sorted(set(cuts))
    bounds = [0, *cuts, len(languages)]
    for left, right in pairwise(bounds):
        assert right - left >= SIDE or right == len(languages) or right % WINDOW == 0 or left % WINDOW == 0
