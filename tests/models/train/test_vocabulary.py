import json
from pathlib import Path

import pytest

from models.train import vocabulary
from models.train.sentencepieces import CONTROL, UNKNOWN, Piece, PieceModel, parse

SPECIAL = (Piece("</s>", 0.0, CONTROL), Piece("<unk>", 0.0, UNKNOWN))
LETTERS = tuple(Piece(c, -8.0) for c in "▁abcdefghilmnorstu")
PARENT = PieceModel((*SPECIAL, *LETTERS, Piece("▁casa", -4.0), Piece("▁house", -4.0), Piece("▁the", -3.0)), b"")
LEARNED = PieceModel((*SPECIAL, *LETTERS, Piece("▁maison", -4.0), Piece("▁the", -6.0)), b"")


def texts(model: PieceModel) -> list[str]:
    return [piece.text for piece in model.pieces]


def test_english_pieces_drop_what_english_never_uses() -> None:
    kept = texts(vocabulary.english_pieces(PARENT, ["the house", "the"], size=len(LETTERS) + 4))
    assert kept[:2] == ["</s>", "<unk>"]
    assert {"▁the", "▁house"} <= set(kept)
    assert "▁casa" not in kept


def test_source_pieces_join_learned_ones_with_the_parents() -> None:
    joined = vocabulary.source_pieces(PARENT, LEARNED, ["maison the casa"], size=len(LETTERS) + 5)
    assert {"▁maison", "▁the", "▁casa"} <= set(texts(joined))
    assert "▁house" not in texts(joined)
    assert next(p.score for p in joined.pieces if p.text == "▁the") == -6.0


def test_letters_stay_so_that_no_word_is_unknown() -> None:
    model = vocabulary.english_pieces(PARENT, ["the house"], size=len(LETTERS) + 5)
    assert vocabulary.processor(model).encode("tonsil", out_type=str) == ["▁", *"tonsil"]


def test_padding_is_the_last_identifier() -> None:
    ids = vocabulary.identifiers(PARENT)
    assert (ids["</s>"], ids["<unk>"], ids["<pad>"]) == (0, 1, len(PARENT.pieces))


def test_written_files_agree_with_each_other(tmp_path: Path) -> None:
    target = vocabulary.english_pieces(PARENT, ["the house"], size=len(LETTERS) + 5)
    source = vocabulary.source_pieces(PARENT, LEARNED, ["maison"], size=len(LETTERS) + 5)
    vocabulary.write(tmp_path, source, target)
    assert parse((tmp_path / "source.spm").read_bytes()) == source
    assert json.loads((tmp_path / "target_vocab.json").read_text(encoding="utf-8")) == vocabulary.identifiers(target)


def test_vocabularies_of_two_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one size, got 23 and 22"):
        vocabulary.write(tmp_path, PARENT, LEARNED)


def test_a_vocabulary_without_the_marian_specials_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with </s>, <unk>"):
        vocabulary.english_pieces(PieceModel(LETTERS, b""), ["a"])
