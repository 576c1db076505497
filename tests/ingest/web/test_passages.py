"""Two texts beside each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.web.ui.passages import covered, differing_numbers, paragraphs, word_diff

WORDS = st.text(alphabet="ab .,\n1é", max_size=60)


@given(WORDS, WORDS)
def test_no_letter_is_lost_in_the_diff(a: str, b: str) -> None:
    for text, pieces in zip((a, b), word_diff(a, b), strict=True):
        assert "".join(piece.text for piece in pieces) == text


@given(WORDS, WORDS)
def test_every_paragraph_is_shown_once_and_in_order(a: str, b: str) -> None:
    rows = paragraphs(a, b)
    for side, text in ((0, a), (1, b)):
        shown = ["".join(piece.text for piece in row[side]) for row in rows if row[side]]
        assert [line for line in shown if line.strip()] == [line for line in text.split("\n") if line.strip()]


def test_words_are_marked_where_both_have_them() -> None:
    left, _ = word_diff("The dam will be repaired, soon", "The bar will be repaired soon")
    assert [piece.text for piece in left if piece.same] == ["The", "will be repaired", "soon"]


def test_numbers_only_one_side_has_are_named_in_order() -> None:
    assert differing_numbers("3.4 million, 12 metres, 1,000", "3.5 million, 12 metres, 1,000") == (("3.4",), ("3.5",))


def test_overlapping_stretches_count_once() -> None:
    assert covered([(0, 5), (3, 8)], 10) == 0.8
    assert covered([], 0) == 0.0
