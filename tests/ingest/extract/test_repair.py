"""Text is repaired once, and what is right stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.extract.repair import MAX_COMBINING, clean_text, repair_lines, repair_text


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("réac\u00adtion", "réaction"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("l&amp;rsquo;&amp;eacute;t&amp;eacute;", "l’été"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("lâ€™Ã©tÃ©", "l’été"),
        ("MÃ¼nchen", "München"),
        ("a\x00b\x07c", "abc"),
        ("e\u0301te\u0301", "été"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("pair \ud83d\ude00", "pair 😀"),
        ("\u202eevil\u202c", "evil"),
    ],
)
def test_broken_text_is_mended(broken: str, whole: str) -> None:
    assert repair_text(broken) == whole


@pytest.mark.parametrize(
    "text",
    [
        "« L’été », dit-il – „schön“ … “fine” 'so'",
        "7.000 XNUMX soldats, 14\u00a0000 soldats, 9 Mio.\u202f€",
        "ﬁn ½ ｆｕｌｌ",
        "👩‍👩‍👧 می‌خواهم",
        "AT&T and R&D; if a<b && c>d;",
    ],
)
def test_the_sources_own_wording_stays(text: str) -> None:
    assert repair_text(text) == unicodedata.normalize("NFC", text)


def test_stacks_of_marks_are_cut() -> None:
    assert len(clean_text("Z" + "\u0335" * 500 + "!")) <= MAX_COMBINING + 2


@given(st.text())
def test_clean_text_is_stable(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert "\x00" not in once and "\r" not in once
    once.encode("utf-8")


_ODD = "aéÃ©Â\u00a0\u202f\u2009 \n\r\t\u0301\u0085\u200b&amp;#39~\U0001f600\ud800"


@given(st.lists(st.text(st.sampled_from(_ODD), max_size=12), max_size=3))
def test_lines_together_are_repaired_as_each_alone(lines: list[str]) -> None:
    assert list(repair_lines(lines)) == [repair_text(line) for line in lines]


def test_lines_without_a_fault_are_what_they_were() -> None:
    lines = ["L’été 2024\u202f: 20\u00a0% de plus", "“Q&A” – Größe, žluťoučký kůň", "日本語\nzwei Zeilen"]
    assert repair_lines(lines) is lines
