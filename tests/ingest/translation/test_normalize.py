"""What the model sees: the traps of MarianTokenizer and of scraped text, one by one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.translation.normalize import normalize

CASES = [
    ("de", ">>Das ist gut<<, sagte er.", '"Das ist gut", sagte er.'),
    ("fr", ">> mehr", '" mehr'),
    ("fr", "Prix barré</s> et <pad> reste <unk>", "Prix barré et reste"),
    ("de", "Donau\u00addampf\u00adschiff", "Donaudampfschiff"),
    ("fr", "zéro\u200blargeur\ufeff", "zérolargeur"),
    ("fr", "e\u0301te\u0301", "été"),
    ("fr", "« Oui », dit-il…", '"Oui", dit-il...'),
    ("de", "„Ja“, sagte sie – und ging.", '"Ja", sagte sie - und ging.'),
    ("fr", "14\u202f000\u00a0soldats", "14,000 soldats"),
    ("fr", "une\tligne\x00 et\x1f encore", "une ligne et encore"),
    ("fr", "7.000 XNUMX soldats", "7.000 soldats"),
    ("fr", "", ""),
    ("fr", " \u00a0 ", ""),
]


@pytest.mark.parametrize(("lang", "text", "expected"), CASES)
def test_model_sees(lang: str, text: str, expected: str) -> None:
    assert normalize(text, lang).text == expected


def test_mended_source_is_said_to_be_mended() -> None:
    assert normalize("7.000 XNUMX soldats", "fr").repaired
    assert not normalize("7.000 soldats", "fr").repaired


@given(text=st.text(max_size=120), lang=st.sampled_from(["fr", "de"]))
def test_result_is_one_clean_line(text: str, lang: str) -> None:
    result = normalize(text, lang).text
    assert result == result.strip()
    assert not result.startswith(">>")
    assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in result)
    assert not any(token in result.lower() for token in ("</s>", "<pad>", "<unk>"))


@given(text=st.text(st.sampled_from("abcéÉß ."), max_size=60))
def test_letters_survive(text: str) -> None:
    letters = [character for character in text if character.isalpha()]
    assert [character for character in normalize(text, "fr").text if character.isalpha()] == letters
