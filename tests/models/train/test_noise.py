import random
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from models.train.noise import disturb, with_soft_hyphens, without_accents


def test_accents_go_and_letters_stay() -> None:
    assert (
        without_accents("Éric a reçu la première fenêtre, groß und schön")
        == "Eric a recu la premiere fenetre, gross und schon"
    )


def test_soft_hyphens_stand_inside_long_words_only() -> None:
    text = with_soft_hyphens("Die Bundesverfassungsrichterin ging", random.Random(1))
    assert text.replace("\u00ad", "") == "Die Bundesverfassungsrichterin ging"
    assert [("\u00ad" in word) for word in text.split()] == [False, True, False]


@given(st.text(max_size=80), st.integers(0, 50), st.sampled_from(["fr", "de"]))
def test_noise_never_empties_a_sentence_of_letters(source: str, seed: int, language: str) -> None:
    damaged, _ = disturb(source, "English.", language, random.Random(seed))
    letters = sum(unicodedata.category(c)[0] == "L" for c in source)
    assert sum(unicodedata.category(c)[0] == "L" for c in damaged) >= letters


def test_english_changes_only_to_capitals() -> None:
    for seed in range(60):
        _, english = disturb(
            "Der Bürgermeister „sprach“ lange.", "The mayor spoke at length.", "de", random.Random(seed)
        )
        assert english in ("The mayor spoke at length.", "THE MAYOR SPOKE AT LENGTH.")
