"""What the model loses of figures, hashtags and handles stands in the English in the end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.translation.numbers import figures, missing
from ingest.translation.repair import TAG, repair, restyle, unloop

LOST = [
    # source, the model's English, what it must become
    (
        "Créé en octobre 2024, ce groupe siège à Paris.",
        "Set up in October24, this group sits in Paris.",
        "October 2024",
    ),
    ("La Corée a déployé 3.000 soldats en Russie.", "Korea has deployed soldiers in Russia.", "3,000 soldiers"),
    ("Am 3. Oktober kamen 14.000 Soldaten.", "On October, 14,0000 soldiers came.", "14,000 soldiers"),
    ("Die Firma zahlt 3,5 Mio. Euro.", "The company pays 3.5 euros.", "3.5 million euros"),
    ("Der Umsatz stieg auf 2 Milliarden Euro.", "Sales rose to 2 million euros.", "2 billion euros"),
    ("Il a payé 9 millions d'euros.", "He paid 10 million euros.", "9 million euros"),
    ("Plus de 1 000 conteneurs", "More than containers", "1,000"),
    ("Bis zum 31. Juli 2017 veröffentlicht", "Published until 31 July", "July 2017"),
    ("Merci à @marie_2 pour #JO2024.", "Thank you to Marie for the games.", "@marie_2"),
]


@pytest.mark.parametrize(("source", "target", "expected"), LOST)
def test_lost_figure_is_put_where_it_belongs(source: str, target: str, expected: str) -> None:
    lang = "de" if any(word in source for word in ("Der ", "Die ", "Am ", "Bis ")) else "fr"
    assert expected in repair(source, target, lang)


STYLED = [
    ("14 000 soldats", "fr", "14 000 soldiers", "14,000 soldiers"),
    ("14.000 Soldaten", "de", "14.000 soldiers", "14,000 soldiers"),
    ("75.000 Euro", "de", "75, 000 euros", "75,000 euros"),
    ("3,5 Mio. Euro", "de", "3,5 million euros", "3.5 million euros"),
    ("1.106,41 points", "fr", "1 106,41 points", "1,106.41 points"),
    ("en 2008", "fr", "in 2008", "in 2008"),
    ("2,54 %", "fr", "2,54%", "2.54%"),
    ("84000 Kronen", "de", "84 000 crowns", "84,000 crowns"),
]


@pytest.mark.parametrize(("source", "lang", "target", "expected"), STYLED)
def test_figures_kept_in_the_source_style_become_english(source: str, lang: str, target: str, expected: str) -> None:
    assert restyle(source, target, lang) == expected


def test_a_right_sentence_is_left_alone() -> None:
    source = "Am 12. Dezember 2024 kamen um 20.30 Uhr 1.200 Menschen, 3,5 % mehr."
    target = "On December 12, 2024, at 8:30 p.m., 1,200 people came, 3.5% more."
    assert repair(source, target, "de") == target


def test_two_figures_that_share_a_wrong_one_both_come_through() -> None:
    source = "Von März bis zum 31. Juli 2017 wurden 2.481 Tests gemacht."
    assert not missing(figures(source, "de"), repair(source, "From March to July 3.2017, 2,481 tests were made.", "de"))


def test_loop_is_said_once() -> None:
    looped = "I am sorry, I am sorry, I am sorry, I am sorry, I am sorry."
    assert unloop("Je suis désolé.", looped).count("sorry") == 1
    assert unloop("non non non non non", "no no no no no") == "no no no no no"


AMOUNT = st.one_of(
    st.integers(0, 999_999_999).map(str),
    st.integers(1000, 999_999_999).map(lambda n: f"{n:,}".replace(",", ".")),
    st.integers(1000, 999_999_999).map(lambda n: f"{n:,}".replace(",", " ")),
    st.tuples(st.integers(0, 999), st.integers(0, 99)).map(lambda p: f"{p[0]},{p[1]}"),
    st.tuples(st.integers(1, 28), st.integers(1, 12), st.integers(1900, 2099)).map(lambda d: f"{d[0]}.{d[1]}.{d[2]}"),
    st.tuples(st.integers(1, 900), st.sampled_from(["Mio.", "Millionen", "Mrd.", "Milliarden"])).map(
        lambda p: f"{p[0]} {p[1]}"
    ),
)
WORDS = st.lists(
    st.sampled_from(["der", "und", "Soldaten", "kamen", "nach", "Berlin", "heute", "im", "Juli"]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(st.tuples(WORDS, AMOUNT), min_size=1, max_size=4),
    target=st.text(st.sampled_from("abc 0123456789.,-() million July"), max_size=60),
)
def test_every_figure_is_there_whatever_the_model_said(parts: list[tuple[list[str], str]], target: str) -> None:
    source = " ".join(f"{' '.join(words)} {amount}" for words, amount in parts)
    assert not missing(figures(source, "de"), repair(source, restyle(source, target, "de"), "de"))


@given(source=st.text(max_size=80), target=st.text(max_size=80), lang=st.sampled_from(["fr", "de"]))
def test_any_text_is_repaired_without_an_error(source: str, target: str, lang: str) -> None:
    repaired = repair(source, restyle(source, target, lang), lang)
    assert not missing(figures(source, lang), repaired)
    assert all(tag.group() in repaired for tag in TAG.finditer(source))
