"""Records of `{id?, url?, title?, published?, text|html}` to arrivals: a JSON Lines file, or one pushed object.

A record with an address and no text is fetched. Others may say more: `author`, `summary`, `lang`, `source`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from ingest.errors import BadInput
from ingest.intake.arrival import Arrival, BadRecord, LinkArrival, PageArrival, Refusal, too_large
from ingest.types import Page
from ingest.urls import canonical_url

ESCAPED = 6
"""Bytes a character of text can take in JSON ("\\u00e9"): a line may be this much longer than its text."""

MAX_ID = 500
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_records(
    readline: Callable[[int], bytes], name: str, limit: int, *, mark: str = ""
) -> Iterator[tuple[Arrival, str]]:
    """Each record of JSON Lines, with a mark behind which a later run can go on.

    readline: of a stream that stands where the mark says. name: what it is called, for people. limit: bytes of a text
    at most.
    """
    offset, number = place(mark)
    longest = ESCAPED * limit + 65_536
    while raw := readline(longest):
        offset, number = offset + len(raw), number + 1
        where = f"{name}: line {number}"
        if len(raw) == longest and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = readline(1_000_000)
                offset += len(raw)
            yield BadRecord(where, f"{where}: expected at most {longest:,} bytes, got more"), f"{offset}:{number}"
        elif raw.strip():
            yield _read(raw, where, limit), f"{offset}:{number}"


def place(mark: str) -> tuple[int, int]:
    """Bytes and lines before a mark."""
    offset, _, number = (mark or "0:0").partition(":")
    return int(offset), int(number)


def arrival_from_fields(fields: Mapping[str, Any], where: str, limit: int) -> PageArrival | LinkArrival | Refusal:
    """The arrival a record describes; BadInput names the field that is wrong, what was expected and what came."""
    given_id, url = _identifier(fields, where), _url(fields, where)
    text, markup = _text(fields, "text", where), _text(fields, "html", where)
    source = _text(fields, "source", where) or None
    if text is not None and markup is not None:
        raise BadInput(where, 'either "text" or "html"', "both")
    if text is None and markup is None:
        if url is None:
            raise BadInput(where, '"text" or "html", or a "url" to fetch', _names(fields))
        return LinkArrival(where, url, source)
    body = (text if text is not None else markup or "").encode("utf-8", "replace")
    if len(body) > limit:
        key = f"url:{canonical_url(url)}" if url else f"id:{given_id}" if given_id else f"sha256:{_digest(body)}"
        return Refusal(where, too_large(len(body), limit), key, url, given_id)
    page = Page(
        body=body,
        content_type="text/html" if markup is not None else "text/plain",
        charset="utf-8",
        url=url,
        fetched=datetime.now(UTC),
        title=_text(fields, "title", where) or None,
        published=_time(fields, where),
        author=_text(fields, "author", where) or None,
        summary=_text(fields, "summary", where) or None,
        language=_language(fields, where),
    )
    return PageArrival(where, page, given_id, source)


def _read(raw: bytes, where: str, limit: int) -> Arrival:
    try:
        fields = json.loads(raw)
        if not isinstance(fields, dict):
            raise BadInput(where, "a JSON object", type(fields).__name__)
        return arrival_from_fields(fields, where, limit)
    except BadInput as error:
        return BadRecord(where, str(error))
    except (ValueError, RecursionError) as error:
        return BadRecord(where, f"{where}: expected a JSON object, got {str(error)[:120]}")


def _identifier(fields: Mapping[str, Any], where: str) -> str | None:
    value = fields.get("id")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or not 0 < len(str(value)) <= MAX_ID:
        raise BadInput(f'{where}, "id"', f"a text of up to {MAX_ID} characters or a number", repr(value)[:80])
    return _SURROGATE.sub("\ufffd", str(value)).replace("\x00", "")


def _url(fields: Mapping[str, Any], where: str) -> str | None:
    value = fields.get("url")
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadInput(f'{where}, "url"', "a text", type(value).__name__)
    try:
        canonical_url(value)
    except BadInput as error:
        raise BadInput(f'{where}, "url"', error.expected, error.got) from None
    return value.strip()


def _text(fields: Mapping[str, Any], name: str, where: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadInput(f'{where}, "{name}"', "a text", type(value).__name__)
    return _SURROGATE.sub("\ufffd", value).replace("\x00", "")


def _time(fields: Mapping[str, Any], where: str) -> datetime | None:
    value = fields.get("published")
    if value is None or value == "":
        return None
    try:
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise BadInput(f'{where}, "published"', 'a time such as "2026-11-21T09:30:00Z"', repr(value)[:60]) from None


def _language(fields: Mapping[str, Any], where: str) -> str | None:
    value = fields.get("lang")
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9-]{1,20})?", value):
        raise BadInput(f'{where}, "lang"', 'a language code such as "fr"', repr(value)[:40])
    return value[:2].lower() if len(value.split("-")[0]) == 2 else value.split("-")[0].lower()


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def _names(fields: Mapping[str, Any]) -> str:
    return ", ".join(sorted(str(name)[:40] for name in list(fields)[:10])) or "an empty object"
