import lzma
from pathlib import Path

import pytest

from models.train import corpora
from models.train.corpora import Pair

HELD_OUT_FR = ("Le gouvernement a démissionné.", "The government has resigned.", "wmt12")
TRAINING_FR = ("La pluie tombe sur la ville.", "Rain is falling on the city.", "wmt09")


def write(folder: Path, fr_news=(HELD_OUT_FR, TRAINING_FR), de_news=(), fr=(), de=()) -> Path:
    for name, rows in (("newsdev.fr-en.tsv", fr_news), ("newsdev.de-en.tsv", de_news)):
        (folder / name).write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    for name, rows in (("fr-en.tsv.xz", fr), ("de-en.tsv.xz", de)):
        (folder / name).write_bytes(lzma.compress("".join("\t".join(row) + "\n" for row in rows).encode()))
    return folder


def training(folder: Path) -> list[Pair]:
    return list(corpora.read_training(folder, corpora.read_held_out(folder)))


def test_the_held_out_year_is_read_apart_from_training(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert corpora.read_held_out(folder)["fr"] == (Pair("fr", *HELD_OUT_FR),)
    assert training(folder) == [Pair("fr", *TRAINING_FR[:2], "newsdev")]


def test_a_german_pair_with_a_held_out_english_side_stays_out(tmp_path: Path) -> None:
    german = ("Die Regierung ist zurückgetreten.", "The Government has resigned", "wmt12")
    assert [p.language for p in training(write(tmp_path, de_news=(german,)))] == ["fr"]


def test_origins_without_a_known_licence_stay_out(tmp_path: Path) -> None:
    rows = [
        ("Das ist ein guter Satz.", "This is a good sentence.", name)
        for name in ("essays", "opennmt-wmt", "plenty-manual", "tatoeba")
    ]
    assert [p.origin for p in training(write(tmp_path, de=rows)) if p.language == "de"] == ["tatoeba"]


def test_every_origin_states_a_licence() -> None:
    for origin in corpora.ORIGINS.values():
        assert origin.licence and "unknown" not in origin.licence and "non-commercial" not in origin.licence


@pytest.mark.parametrize(
    ("source", "english", "origin", "clean"),
    [
        ("Il pleut.", "It is raining.", "tatoeba", True),
        ("", "It is raining.", "tatoeba", False),
        ("Das Haus ist alt, und niemand wohnt mehr darin.", "Yes.", "tatoeba", False),
        (
            "The quick brown fox jumps over the lazy dog.",
            "The quick brown fox jumps over the lazy dog.",
            "newsdev",
            False,
        ),
        ("Haus", "house", "ding", True),
    ],
)
def test_clean_pairs_are_told_from_broken_ones(source: str, english: str, origin: str, clean: bool) -> None:
    assert corpora.is_clean(Pair("de", source, english, origin)) is clean


def test_a_line_without_three_columns_is_reported_with_its_place(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "newsdev.fr-en.tsv").write_text("a\tb\twmt09\nonly one\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"newsdev\.fr-en\.tsv, line 2: expected 3 columns"):
        training(folder)
