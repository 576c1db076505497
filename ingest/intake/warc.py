"""Pages out of a web archive (WARC 1.0 and 1.1, ISO 28500), plain or compressed, by fastwarc."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ingest.errors import BadInput
from ingest.intake.arrival import Arrival, BadRecord, PageArrival, Refusal, too_large
from ingest.types import Page
from ingest.urls import canonical_url

PAGES = frozenset({"text/html", "application/xhtml+xml", "text/plain", ""})

HEAD = 65_536
"""Bytes in which the headers of a record end."""

STEP = 16_384
"""Bytes unpacked at a time, of which none can become more than 17 MB."""

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:\s*(\d{1,15})\r\n")


def is_warc(path: Path) -> bool:
    """Whether the name is that of a web archive."""
    return path.name.lower().endswith((".warc", ".warc.gz", ".warc.zst", ".warc.lz4"))


def read_warc(path: Path, limit: int, *, mark: str = "") -> Iterator[tuple[Arrival, str]]:
    """Each page that a site answered with 200, with a mark behind which a later run can go on."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    start = int(mark or 0)
    held: tuple[Arrival, str] | None = None  # until what follows shows that it was whole
    place = start
    with path.open("rb") as stream:
        stream.seek(start)
        records = iter(ArchiveIterator(stream, record_types=WarcRecordType.any_type, auto_decode="all"))
        while True:
            try:
                record = next(records, None)
                if record is None:
                    break
                place = start + int(record.stream_pos)
                if held is not None:
                    yield held
                    held = None
                is_page = record.record_type == WarcRecordType.response
                arrival = _arrival(record, f"{path}: byte {place}", limit) if is_page else None
            except (OSError, ValueError, RuntimeError) as error:
                if held is not None:
                    yield held
                yield BadRecord(str(path), f"{path}: expected a web archive, got {str(error)[:200]}"), ""
                return
            held = None if arrival is None else (arrival, str(place))
    end = _end(path, place)
    if end is not None and held is not None:
        yield held
    if end is None or _something_after(path, end):
        where = f"{path}: byte {place if end is None else end}"
        yield BadRecord(where, f"{where}: expected a whole record, got one that is cut short, and nothing after it"), ""


def _end(path: Path, place: int) -> int | None:
    """Where the record that begins there ends; None: the file ends before it, which the reader does not notice."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(place)
        head = stream.read(HEAD)
        if head.startswith(b"\x1f\x8b"):
            stream.seek(place)
            return _end_of_member(stream)
        if not head.startswith(b"WARC/"):
            return size  # packed in a way that notices by itself, or begun inside of something packed
        length, headers = _LENGTH.search(head), head.find(b"\r\n\r\n")
        end = place + headers + 4 + int(length[1]) if length and headers >= 0 else size + 1
        return end if end <= size else None


def _end_of_member(stream: IO[bytes]) -> int | None:
    inflate = zlib.decompressobj(31)
    while not inflate.eof:
        chunk = stream.read(STEP)
        try:
            inflate.decompress(chunk)
        except zlib.error:
            return None
        if not chunk:
            return None
    return stream.tell() - len(inflate.unused_data)


def _something_after(path: Path, end: int) -> bool:
    with path.open("rb") as stream:
        stream.seek(end)
        return bool(stream.read(HEAD).strip(b"\r\n\0"))


def _arrival(record: object, where: str, limit: int) -> Arrival | None:
    """The page in a response; None for what is none: redirects, errors, pictures."""
    from typing import Any

    found: Any = record
    url = found.headers.get("WARC-Target-URI", "").strip("<>")
    http = found.http_headers
    if http is None or http.status_code != 200 or _media_type(found) not in PAGES:
        return None
    try:
        canonical_url(url)
    except BadInput as error:
        return BadRecord(where, f"{where}: {error}")
    body = found.reader.read(limit + 1)
    if len(body) > limit:
        return Refusal(where, too_large(None, limit), f"url:{canonical_url(url)}", url)
    fetched = found.record_date
    page = Page(
        body=body,
        content_type=_media_type(found) or "text/html",
        charset=found.http_charset,
        url=url,
        fetched=fetched.astimezone(UTC) if fetched is not None else datetime.now(UTC),
    )
    return PageArrival(where, page)


def _media_type(record: object) -> str:
    return str(getattr(record, "http_content_type", None) or "").partition(";")[0].strip().lower()
