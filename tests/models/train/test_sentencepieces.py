import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.train.sentencepieces import CONTROL, NORMAL, UNKNOWN, Piece, PieceModel, parse, serialize, with_pieces

MODEL = PieceModel(
    (Piece("</s>", 0.0, CONTROL), Piece("<unk>", 0.0, UNKNOWN), Piece("▁der", -3.5), Piece("é", -7.25)),
    b"\x12\x03abc",  # field 2, three bytes
)


def test_written_models_are_read_back_unchanged() -> None:
    assert parse(serialize(MODEL)) == MODEL


@given(
    st.lists(
        st.builds(
            Piece, st.text(max_size=200), st.floats(width=32, allow_nan=False), st.sampled_from((NORMAL, UNKNOWN))
        ),
        min_size=1,
    )
)
def test_any_pieces_survive_a_round_trip(pieces: list[Piece]) -> None:
    assert parse(serialize(PieceModel(tuple(pieces), b""))).pieces == tuple(pieces)


def test_settings_stay_when_pieces_change() -> None:
    assert parse(serialize(with_pieces(MODEL, MODEL.pieces[:3]))).settings == MODEL.settings


@pytest.mark.parametrize("length", [1, 5, 20])
def test_a_file_cut_short_is_named_as_such(length: int) -> None:
    with pytest.raises(ValueError, match="SentencePiece model"):
        parse(serialize(MODEL)[:length])


def test_an_empty_file_is_not_a_model() -> None:
    with pytest.raises(ValueError, match="no pieces in 0 bytes"):
        parse(b"")
