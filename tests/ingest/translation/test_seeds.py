"""The figures of the user's five documents come through, whatever the built-in model does with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.translation import translate_text
from ingest.translation.numbers import figures, missing
from ingest.types import Sentence, Span
from models import marian

SEEDS = sorted((Path(__file__).parents[3] / "seeds").glob("*.txt"))

FIGURES = {
    "000": ("11,000", "100", "9 million", "3,000", "2024", "2025"),
    "001": ("14,000", "100", "11", "9 million", "11,000", "3,000"),
    "002": ("2024",),
    "003": ("1,000", "13", "16", "14"),
    "004": ("7,000", "12", "2024"),
}


@pytest.fixture(scope="module")
def translator() -> marian.MarianTranslator:
    return marian.load(threads=2, decoding=marian.Decoding(beam_size=1))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.name[:3])
def test_every_figure_comes_through(seed: Path, translator: marian.MarianTranslator) -> None:
    text = seed.read_text(encoding="utf-8")
    result = translate_text(text, [Span(0, len(text), "fr")], translator)
    for sentence in result.sentences:
        if sentence.model is not None:
            assert not missing(figures(_mended(sentence), "fr"), sentence.target), sentence
    for figure in FIGURES[seed.name[:3]]:
        assert figure in result.text


def test_masked_figure_is_flagged_as_repaired(translator: marian.MarianTranslator) -> None:
    text = next(path for path in SEEDS if path.name.startswith("004")).read_text(encoding="utf-8")
    result = translate_text(text, [Span(0, len(text), "fr")], translator)
    (masked,) = (sentence for sentence in result.sentences if "XNUMX" in sentence.source)
    assert "7,000" in masked.target
    assert "XNUMX" not in masked.target
    assert "repaired" in masked.flags


def _mended(sentence: Sentence) -> str:
    return sentence.source.replace(" XNUMX", "")
