"""Glued lines are cut, names in camel case are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.extract.glue import split_glued


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("3.000 soldats en Russie cette année, selon SéoulUn soutien russe", 2),
        ("capturés par l'UkraineDes violations des résolutions", 2),
        ("Boris Nadeschdin vor der WahlBild: Mikhail Sinitsyn/TASS", 2),
        ("ZelenskyDe son côté, elle a prévenu", 1),
        ("SpaceX, LinkedIn and YouTube sued WikiLeaks over LibreOffice", 1),
        ("McDonald's und die GmbH von PayPal", 1),
        ("Selon PeakMetrics, Nike Tech a été mentionné", 1),
    ],
)
def test_a_seam_needs_a_word_that_opens_a_text(line: str, parts: int) -> None:
    assert len(split_glued(line)) == parts


@given(st.text(max_size=300))
def test_the_parts_are_the_line(line: str) -> None:
    assert "".join(split_glued(line)) == line
