"""Sentences of French, German and English lines: the traps, and that nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.translation.segment import segment

TRAPS = [
    # language, the sentences a line is made of
    ("fr", ["M. Macron a parlé.", "Mme. Dupont a répondu."]),
    ("fr", ["Le P.-D. G. de Renault est parti."]),
    ("fr", ["Le P.-D.G. de Renault est parti.", "Il a démissionné."]),
    ("fr", ["Il a dit : « Oui. »", "Puis il est parti."]),
    ("fr", ["Le loyer est de 3.500 euros, soit 3,5 % de plus."]),
    ("fr", ["Il hésite… mais il vient.", "Tant mieux !"]),
    ("fr", ["Puis... rien.", "Le silence."]),
    ("fr", ["Rendez-vous av. de la République, n° 3, à 14 h 30.", "Entrée libre."]),
    ("fr", ["« La Corée du Nord a appris à se battre.", "Malheureusement, il va désormais apprendre. »"]),
    ("fr", ["J. K. Rowling a publié un livre.", "Il s'est vendu à 1,2 million d'exemplaires."]),
    ("fr", ["Est-ce vrai ?", "Oui !", "Vraiment ?!"]),
    ("fr", ["Le site Booking.Com est en panne."]),
    ("fr", ["Voir https://exemple.fr/Page.Html pour la suite."]),
    ("de", ["Am 3. Oktober sprach Dr. Müller z. B. über Steuern.", "Das war alles."]),
    ("de", ["Das gilt u. a. für Berlin, d. h. für alle.", "Es gilt ab sofort."]),
    ("de", ["Im 19. Jahrhundert lebte Ludwig XIV. nicht mehr."]),
    ("de", ["Er wurde 12.", "Dann zog er um."]),
    ("de", ["Die Firma zahlt 3,5 Mio. Euro bzw. 4 Mrd. Dollar."]),
    ("de", ["Er sagte: „Das ist gut.“", "Sie ging."]),
    ("de", ["„Wir haben lange gewartet, aber es hat sich gelohnt.", "Jetzt freuen wir uns“, sagte er."]),
    ("de", ["Er kaufte Brot, Milch usw. und ging.", "Sie blieb."]),
    ("de", ["Der 2. Platz ging an Bayern.", "Der 1. FC Köln verlor."]),
    ("de", ["Am 12.12.2024 um 20.30 Uhr begann es.", "Es endete spät."]),
    ("en", ["Mr. Smith met Dr. Jones at 5 p.m. on Friday.", "They talked."]),
    ("en", ["The U.S. Senate voted.", "It was close."]),
]


@pytest.mark.parametrize(("lang", "sentences"), TRAPS)
def test_line_is_cut_into_its_sentences(lang: str, sentences: list[str]) -> None:
    line = " ".join(sentences)
    assert [line[start:end] for start, end in segment(line, lang)] == sentences


GLUED = [
    ("fr", ["Malheureusement, il va apprendre la guerre moderne. »", "Il a dit."]),
    ("de", ["Das war im letzten Jahrhundert.", "Es ist lange her."]),
    ("fr", ["Il est parti hier soir.", "Elle est restée."]),
]


@pytest.mark.parametrize(("lang", "sentences"), GLUED)
def test_missing_space_between_sentences_is_seen(lang: str, sentences: list[str]) -> None:
    line = "".join(sentences)
    assert [line[start:end] for start, end in segment(line, lang)] == sentences


@pytest.mark.parametrize("line", ["", " ", "\u00a0\u202f"])
def test_white_line_has_no_sentence(line: str) -> None:
    assert segment(line, "fr") == ()


def test_closing_mark_is_no_sentence_of_its_own() -> None:
    line = "Il est parti. » (Oui !)"
    assert all(any(c.isalnum() for c in line[start:end]) for start, end in segment(line, "fr"))


LINES = st.text(
    st.one_of(
        st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"),
        st.sampled_from(" .!?…»«\"“„' AbéßÜ3"),
    ),
    max_size=200,
)


@given(line=LINES, lang=st.sampled_from(["fr", "de", "en", "es", "und"]))
def test_only_white_space_lies_between_sentences(line: str, lang: str) -> None:
    position = 0
    for start, end in segment(line, lang):
        assert position <= start < end
        assert not line[position:start].strip()
        assert line[start:end] == line[start:end].strip()
        position = end
    assert not line[position:].strip()


def test_long_line_without_an_end_is_cut_in_time() -> None:
    line = "mot " * 250_000
    (only,) = segment(line, "fr")
    assert only == (0, len(line) - 1)
