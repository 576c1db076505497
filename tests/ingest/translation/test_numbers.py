"""Figures: how they are read in French and German, how English writes them, and when they count as found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.translation.numbers import anglicize, figures, found_in, missing

ENGLISH = [
    ("fr", "14 000 soldats", ["14,000"]),
    ("fr", "14\u202f000 soldats", ["14,000"]),
    ("fr", "11.000 soldats", ["11,000"]),
    ("de", "3,5 Mio. Euro", ["3.5 million"]),
    ("de", "1,825 Milliarden", ["1.825 billion"]),
    ("de", "2 Billionen", ["2 trillion"]),
    ("fr", "9 millions de cartouches", ["9 million"]),
    ("fr", "1.000 conteneurs", ["1,000"]),
    ("de", "12. Dezember 2024", ["12", "2024"]),
    ("de", "am 12.12.2024", ["12 December 2024"]),
    ("fr", "le 27/10/2023", ["27 October 2023"]),
    ("fr", "en 2024 100 missiles", ["2024", "100"]),
    ("fr", "-0,5 %", ["0.5"]),
    ("de", "um 20.30 Uhr", ["20:30"]),
    ("fr", "à 20h30 et à 14 h", ["20:30", "14:00"]),
    ("de", "1.106,41 Punkte", ["1,106.41"]),
    ("de", "Version 2.4.1", ["2.4.1"]),
    ("fr", "fusils AK-12 et la 5G", ["12", "5"]),
    ("fr", "1er, 2e et 21ème", ["1", "2", "21"]),
    ("fr", "Comment (0)", ["0"]),
]


@pytest.mark.parametrize(("lang", "text", "expected"), ENGLISH)
def test_english_spelling(lang: str, text: str, expected: list[str]) -> None:
    assert [figure.english for figure in figures(text, lang)] == expected


FOUND = [
    ("fr", "14 000 soldats", "14,000 soldiers"),
    ("fr", "14 000 soldats", "fourteen thousand soldiers"),
    ("de", "3,5 Mio. Euro", "€3.5m"),
    ("de", "3,5 Mio. Euro", "3,500,000 euros"),
    ("de", "2 Milliarden", "two billion"),
    ("de", "7,2 Milliarden", "7.2 thousand million"),
    ("fr", "12 décembre 2024", "December 12, 2024"),
    ("de", "12.12.2024", "12 December 2024"),
    ("fr", "à 20h30", "at 8:30 p.m."),
    ("de", "um 14 Uhr", "at 2 p.m."),
    ("fr", "les années 80", "the 1980s"),
    ("de", "die 1980er", "the eighties"),
    ("fr", "les 20 et 21 mai", "the twentieth and 21st of May"),
    ("de", "12 Eier", "a dozen eggs"),
    ("fr", "205 personnes", "two hundred and five people"),
    ("fr", "7 millions et demi", "7.5 million"),
    ("fr", "XXe siècle", "the 20th century"),
]


@pytest.mark.parametrize(("lang", "source", "target"), FOUND)
def test_figure_is_found_again(lang: str, source: str, target: str) -> None:
    assert missing(figures(source, lang), target) == ()


LOST = [
    ("fr", "14 000 soldats", "1,400 soldiers"),
    ("de", "3,5 Mio. Euro", "3.5 billion euros"),
    ("de", "3 Milliarden", "3 million"),
    ("fr", "100 missiles", "missiles"),
    ("fr", "en 2024", "in 2042"),
    ("de", "um 20.30 Uhr", "at 9:30 p.m."),
    ("de", "12.12.2024", "12 December 2023"),
]


@pytest.mark.parametrize(("lang", "source", "target"), LOST)
def test_other_figure_is_not_taken_for_it(lang: str, source: str, target: str) -> None:
    assert len(missing(figures(source, lang), target)) == 1


@given(st.integers(0, 10**12), st.sampled_from([" ", ".", "\u00a0", "\u202f", "'"]), st.sampled_from(["fr", "de"]))
def test_grouped_number_is_one_figure_in_english_groups(number: int, separator: str, lang: str) -> None:
    written = f"{number:,}".replace(",", separator)
    (figure,) = figures(f"rund {written} x", lang)
    assert figure.english == f"{number:,}"
    assert missing([figure], f"about {number:,} x") == ()


@given(st.integers(0, 10**6), st.integers(0, 99))
def test_decimal_comma_becomes_a_point(whole: int, decimals: int) -> None:
    assert anglicize(f"{whole},{decimals:02d}") == f"{whole}.{decimals:02d}"


@given(st.text(max_size=80))
def test_any_text_can_be_searched(text: str) -> None:
    for lang in ("fr", "de"):
        for figure in figures(text, lang):
            assert text[figure.start : figure.end] == figure.text
    for found in found_in(text):
        assert text[found.start : found.end] == found.text
