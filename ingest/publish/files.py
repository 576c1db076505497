"""Files of articles: JSON lines, as they are or packed with zstd, and Parquet; written whole or not at all.

A file stands under its name only when it is complete: it is written beside it first. Read back, each record is
validated; what is damaged is named by its line.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from pydantic import TypeAdapter, ValidationError

from ingest.errors import BadInput
from ingest.publish.article import FullArticle, Tombstone
from ingest.publish.record import Record, to_json

MAX_LINE = 64_000_000
"""Bytes of one record; a longer one is damage."""

STEP = 16_384
"""Bytes unpacked at a time."""

LEVEL = 1
"""Of zstd. At level 3 the export of 100,000 articles takes a tenth more processor time and the file is 2 % smaller;
level 9 takes four times as long as that for a tenth less."""

_ARTICLE = TypeAdapter(FullArticle)
_TOMBSTONE = TypeAdapter(Tombstone)


class Writer(Protocol):
    """Takes records, in groups."""

    def write(self, records: Sequence[Record]) -> None:
        """Append records."""


class _Lines:
    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, records: Sequence[Record]) -> None:
        self._out.write(b"".join(to_json(record) + b"\n" for record in records))


@contextmanager
def writing(path: Path | None) -> Iterator[Writer]:
    """A writer of the format the name tells: `.jsonl`, `.jsonl.zst` or `.parquet`; None: lines to standard output."""
    if path is None:
        yield _Lines(cast(IO[bytes], io.FileIO(sys.stdout.fileno(), "wb", closefd=False)))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.suffix == ".parquet":
            from ingest.publish.parquet import ParquetWriter

            with ParquetWriter(beside) as parquet:
                yield parquet
        else:
            with beside.open("wb") as out:
                with _packed(out, path.suffix == ".zst") as lines:
                    yield lines
                out.flush()
                os.fsync(out.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def reading(path: Path) -> Iterator[tuple[int, FullArticle | Tombstone]]:
    """Each record with its line, from 1 (in Parquet: its row); BadInput names the first that is damaged."""
    if path.suffix == ".parquet":
        from ingest.publish.parquet import rows

        for number, row in enumerate(rows(path), start=1):
            yield number, _valid(path, number, row)
        return
    for number, line in enumerate(lines_of(path), start=1):
        if line.strip():
            yield number, _valid(path, number, line)


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, unpacked where its name ends in `.zst`; BadInput where it can't be unpacked further."""
    number = 0
    try:
        with path.open("rb") as raw:
            for line in _unpacked(raw) if path.suffix == ".zst" else iter(lambda: raw.readline(MAX_LINE), b""):
                number += 1
                if len(line) >= MAX_LINE:
                    raise BadInput(f"{path}, line {number}", f"less than {MAX_LINE:,} bytes", "more")
                yield line
    except (OSError, EOFError, _zstd_error()) as error:
        raise BadInput(f"{path}, after line {number}", "a whole file", f"damage: {error}") from None


def _valid(path: Path, number: int, given: bytes | dict[str, Any]) -> FullArticle | Tombstone:
    try:
        if isinstance(given, bytes):
            if b'"deleted":true' in given[:200]:
                return _TOMBSTONE.validate_json(given)
            return _ARTICLE.validate_json(given)
        if given.get("deleted"):
            return _TOMBSTONE.validate_python(given)
        return _ARTICLE.validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        what = f"{place}: {first['msg']}" if place else first["msg"]
        raise BadInput(f"{path}, line {number}", "an article as `ingest export` writes it", what) from None


@contextmanager
def _packed(out: IO[bytes], pack: bool) -> Iterator[_Lines]:
    if not pack:
        buffered = io.BufferedWriter(cast(io.RawIOBase, out), 1 << 20)
        yield _Lines(cast(IO[bytes], buffered))
        buffered.flush()
        buffered.detach()
        return
    import zstandard

    packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    with packer.stream_writer(out, closefd=False) as packed:
        yield _Lines(cast(IO[bytes], packed))


def _unpacked(raw: IO[bytes]) -> Iterator[bytes]:
    """The lines of a packed file; EOFError where it ends too early, which zstandard's own reader passes over."""
    import zstandard

    pending = b""
    unpack = zstandard.ZstdDecompressor().decompressobj()
    while packed := raw.read(STEP):
        while packed:
            if unpack.eof:  # another frame follows: files may be put together with `cat`
                unpack = zstandard.ZstdDecompressor().decompressobj()
            *lines, pending = (pending + unpack.decompress(packed)).split(b"\n")
            for line in lines:
                yield line + b"\n"
            if len(pending) >= MAX_LINE:
                yield pending
            packed = unpack.unused_data
    if not unpack.eof:
        raise EOFError("it ends before its end")
    if pending:
        yield pending


def _zstd_error() -> type[Exception]:
    import zstandard

    return cast(type[Exception], zstandard.ZstdError)
