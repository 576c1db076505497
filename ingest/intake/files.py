"""Files, folders and standard input to arrivals; what a file is, its bytes say more reliably than its name.

No path comes from an input: only what the person names and what lies below it is opened, symbolic links never.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, cast

from ingest.errors import BadInput
from ingest.intake.arrival import Arrival, BadRecord, PageArrival, Refusal, too_large
from ingest.intake.records import place, read_records
from ingest.types import Page
from ingest.urls import is_web

NEVER_PAGES = frozenset({".css", ".js", ".map", ".woff", ".woff2", ".ttf", ".ico", ".svg", ".opml", ".toml", ".lock"})
"""Kinds of files that stand beside pages in a folder and are none."""

ASSET_FOLDER = re.compile(r"(?:_files|-Dateien|_fichiers|\.assets)$")
"""Folders that browsers make beside a saved page."""

_HTML = re.compile(rb"(?i)<(?:!doctype\s+html|html|head|body|div|p|article|meta|title)\b")
_SAVED_FROM = re.compile(rb"<!-- saved from url=\(\d{1,5}\)(https?://[^\s>]{1,2000}) -->")


def read_file(path: Path, limit: int) -> PageArrival | Refusal | BadRecord:
    """One file as a page; one with more than `limit` bytes is not read into memory."""
    name = str(path)
    try:
        size = path.stat().st_size
        if size > limit:
            return Refusal(name, too_large(size, limit), f"sha256:{_digest_of_file(path)}")
        body = path.read_bytes()
    except OSError as error:
        return BadRecord(name, f"{name}: expected a readable file, got {error.strerror or error}")
    return page_arrival(name, body)


def read_stream(stream: IO[bytes], limit: int, *, name: str = "standard input") -> Iterator[tuple[Arrival, str]]:
    """What comes from a pipe: JSON Lines where its first line is a record, else one page."""
    first = stream.readline(limit + 1)
    if is_record(first):
        yield from read_records(_Rejoined(first, stream).readline, name, limit)
        return
    body = first + stream.read(max(0, limit + 1 - len(first)))
    if len(body) <= limit:
        yield page_arrival(name, body), ""
        return
    digest, size = sha256(body), len(body)
    while chunk := stream.read(1_000_000):
        digest.update(chunk)
        size += len(chunk)
    yield Refusal(name, too_large(size, limit), f"sha256:{digest.hexdigest()}"), ""


def walk(folder: Path) -> Iterator[Path]:
    """The files below a folder that may be pages or hold records, in the order of their names, no links."""
    for where, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(n for n in folders if not n.startswith(".") and not ASSET_FOLDER.search(n))
        for name in sorted(names):
            path = Path(where) / name
            if not name.startswith(".") and path.suffix.lower() not in NEVER_PAGES and not path.is_symlink():
                yield path


def is_records(path: Path) -> bool:
    """Whether the file holds JSON lines: its name says so, or its first line is a record."""
    if re.search(r"(?i)\.(?:jsonl|ndjson)(?:\.gz)?$", path.name):
        return True
    if path.suffix.lower() in (".html", ".htm", ".xhtml", ".txt", ".md"):
        return False
    try:
        with path.open("rb") as stream:
            return is_record(stream.readline(1_000_000))
    except OSError:
        return False


def holds_articles(path: Path) -> bool:
    """Whether the first line of a JSON Lines file is a record of ours; other data may lie in a folder too."""
    try:
        with _open_records(path) as stream:
            first = stream.readline(10_000_000)
    except (OSError, EOFError):
        return True  # let whoever reads it say what is wrong
    return not first.strip().startswith(b"{") or is_record(first)


def read_records_file(path: Path, limit: int, *, mark: str = "") -> Iterator[tuple[Arrival, str]]:
    """Each record of a JSON Lines file, with a mark behind which a later run can go on."""
    try:
        with _open_records(path) as stream:
            stream.seek(place(mark)[0])
            yield from read_records(stream.readline, str(path), limit, mark=mark)
    except (OSError, EOFError) as error:
        yield BadRecord(str(path), f"{path}: expected readable JSON lines, got {error}"), ""


def _open_records(path: Path) -> IO[bytes]:
    """A JSON Lines file, unpacked where it is gzip."""
    if path.suffix.lower() == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def is_record(line: bytes) -> bool:
    """Whether a line is a JSON object with a text, a page or an address."""
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and bool(fields.keys() & {"text", "html", "url"}) and "lines" not in fields


def page_arrival(name: str, body: bytes) -> PageArrival:
    """Bytes as a page; a page a browser saved keeps its address."""
    saved = _SAVED_FROM.search(body[:4096])
    url = saved[1].decode("ascii", "replace") if saved else None
    suffix = Path(name).suffix.lower()
    is_html = suffix in (".html", ".htm", ".xhtml") or (suffix != ".txt" and _HTML.search(body[:4096]) is not None)
    page = Page(
        body=body,
        content_type="text/html" if is_html else "text/plain",
        charset=None,
        url=url if url and is_web(url) else None,
        fetched=datetime.now(UTC),
    )
    return PageArrival(name, page)


def check_path(path: Path) -> Path:
    """The path, if something is there; BadInput says what was expected."""
    if not path.exists():
        raise BadInput("input", "a file, a folder, an address (https://…) or - for standard input", repr(str(path)))
    return path


class _Rejoined:
    """A stream whose first line was read already."""

    def __init__(self, first: bytes, rest: IO[bytes]) -> None:
        self._first, self._rest = first, rest

    def readline(self, limit: int = -1) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first if first.endswith(b"\n") else first + self._rest.readline(limit)
        return self._rest.readline(limit)


def _digest_of_file(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1_000_000):
            digest.update(chunk)
    return digest.hexdigest()
