"""Pages out of a web archive (WARC 1.0 and 1.1, ISO 28500), plain or compressed, by fastwarc."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ingest.errors import BadInput
from ingest.intake.arrival import Arrival, BadRecord, PageArrival, Refusal, too_large
from ingest.types import Page
from ingest.urls import canonical_url

PAGES = frozenset({"text/html", "application/xhtml+xml", "text/plain", ""})


def is_warc(path: Path) -> bool:
    """Whether the name is that of a web archive."""
    return path.name.lower().endswith((".warc", ".warc.gz", ".warc.zst", ".warc.lz4"))


def read_warc(path: Path, limit: int, *, mark: str = "") -> Iterator[tuple[Arrival, str]]:
    """Each page that a site answered with 200, with a mark behind which a later run can go on."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    start = int(mark or 0)
    with path.open("rb") as stream:
        stream.seek(start)
        records = iter(ArchiveIterator(stream, record_types=WarcRecordType.response, auto_decode="all"))
        while True:
            try:
                record = next(records, None)
                if record is None:
                    return
                place = start + int(record.stream_pos)
                arrival = _arrival(record, f"{path}: byte {place}", limit)
            except (OSError, ValueError, RuntimeError) as error:
                yield BadRecord(str(path), f"{path}: expected a web archive, got {str(error)[:200]}"), ""
                return
            if arrival is not None:
                yield arrival, str(place)


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
