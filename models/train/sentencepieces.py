"""SentencePiece model files as plain lists of pieces, to be cut down, joined and written again.

A model file is a protocol buffer (sentencepiece_model.proto); only its first field, the pieces,
is read here. Everything else (trainer and normaliser settings) is carried over byte by byte.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NORMAL, UNKNOWN, CONTROL = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of a SentencePiece vocabulary; `score` is a log probability."""

    text: str
    score: float
    kind: int = NORMAL


@dataclass(frozen=True, slots=True)
class PieceModel:
    """The pieces of a model file in id order, and the rest of the file unread."""

    pieces: tuple[Piece, ...]
    settings: bytes


def parse(data: bytes) -> PieceModel:
    """Return the pieces and the remaining bytes of a SentencePiece model file."""
    pieces, settings = [], bytearray()
    for number, start, payload_start, end in _fields(data):
        if number == 1:
            pieces.append(_parse_piece(data[payload_start:end]))
        else:
            settings += data[start:end]
    if not pieces:
        raise ValueError(f"not a SentencePiece model: no pieces in {len(data)} bytes")
    return PieceModel(tuple(pieces), bytes(settings))


def serialize(model: PieceModel) -> bytes:
    """Return the bytes of a SentencePiece model file that `parse` would read back unchanged."""
    out = bytearray()
    for piece in model.pieces:
        text = piece.text.encode()
        body = b"\x0a" + _varint(len(text)) + text + b"\x15" + struct.pack("<f", piece.score)
        if piece.kind != NORMAL:
            body += b"\x18" + _varint(piece.kind)
        out += b"\x0a" + _varint(len(body)) + body
    return bytes(out) + model.settings


def with_pieces(model: PieceModel, pieces: Iterable[Piece]) -> PieceModel:
    """Return a model that normalises as `model` does and cuts text into `pieces`."""
    return PieceModel(tuple(pieces), model.settings)


def _parse_piece(data: bytes) -> Piece:
    text, score, kind = "", 0.0, NORMAL
    for number, _, start, end in _fields(data):
        if number == 1:
            text = data[start:end].decode()
        elif number == 2:
            (score,) = struct.unpack("<f", data[start:end])
        elif number == 3:
            kind = _read_varint(data, start)[0]
    return Piece(text, score, kind)


def _fields(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field number, start of its key, start of its payload, end) for each field."""
    position = 0
    while position < len(data):
        start = position
        key, position = _read_varint(data, position)
        wire = key & 7
        if wire == 0:
            payload, position = position, _read_varint(data, position)[1]
        elif wire == 1:
            payload, position = position, position + 8
        elif wire == 2:
            size, payload = _read_varint(data, position)
            position = payload + size
        elif wire == 5:
            payload, position = position, position + 4
        else:
            raise ValueError(f"not a SentencePiece model: wire type {wire} at byte {start}")
        if position > len(data):
            raise ValueError(f"SentencePiece model cut short: field at byte {start} ends at {position} of {len(data)}")
        yield key >> 3, start, payload, position


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data):
            raise ValueError(f"SentencePiece model cut short at byte {position}")
        byte = data[position]
        value |= (byte & 127) << shift
        position += 1
        shift += 7
        if byte < 128:
            return value, position


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
