"""Where a text is cut, on small texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.language.cuts import cut


def parts(text: str) -> list[str]:
    return [text[piece.start : piece.end] for piece in cut(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Eins.\n\nDeux trois", ["Eins.\n\n", "Deux trois"]),
        ("Il part. He stays.", ["Il part. ", "He stays."]),
        ("Er geht.The end", ["Er geht.", "The end"]),
        ("selon SéoulUn soutien russe", ["selon Séoul", "Un soutien russe"]),
        ("Ein Titel | A title - un titre", ["Ein Titel | ", "A title - ", "un titre"]),
        ('Er sagte "we are not there yet" und ging', ['Er sagte "', "we are not there yet", '" und ging']),
        ("Il cite « wir sind noch nicht da » puis part", ["Il cite « ", "wir sind noch nicht da", " » puis part"]),
        ("LE PRIX MONTE The price rises", ["LE PRIX MONTE", " The price rises"]),
    ],
)
def test_text_is_cut_where_its_language_may_change(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "text", ["Der Film „Das Boot“ läuft", "Es kostet 3.500 Euro", "M. Dupont-Aignan part", "iPhone"]
)
def test_short_titles_and_numbers_stay_whole(text: str) -> None:
    assert parts(text)[-1].endswith(text[-6:])
    assert len(parts(text)) <= 2


def test_run_of_capitals_marks_both_of_its_ends() -> None:
    assert [piece.at_capitals for piece in cut("Er las LE PRIX MONTE und ging")] == [False, True, True]


@given(st.text(alphabet='aB. "«»“„\n|-:?éÉ1', max_size=200))
def test_pieces_cover_any_text(text: str) -> None:
    assert "".join(parts(text)) == text
    assert all(parts(text))
