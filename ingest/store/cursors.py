"""Places in lists: an opaque word that names the last row of a page, and the rows it leads to."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from ingest.errors import BadInput

T = TypeVar("T")

PAGE = 50
MOST = 200
"""Rows of one page: as shown by default, and the most that may be asked for."""


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """Some rows, and the cursor of the rows after them; None: these are the last."""

    rows: tuple[T, ...]
    next: str | None


def encode_cursor(*place: str | int | float | datetime) -> str:
    """The place of a row as one opaque word that fits into a URL."""
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in place]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> list[Any]:
    """The place in a cursor, its parts of the given types; BadInput where it is not one of ours."""
    try:
        plain = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(plain, list) or len(plain) != len(kinds):
            raise ValueError(cursor)
        parts = [datetime.fromisoformat(p) if k is datetime else p for p, k in zip(plain, kinds, strict=True)]
        if any(type(p) is not k for p, k in zip(parts, kinds, strict=True)):
            raise ValueError(cursor)
        if any(isinstance(p, datetime) and p.tzinfo is None for p in parts):
            raise ValueError(cursor)
        if any(isinstance(p, int) and not -(2**63) <= p < 2**63 for p in parts):
            raise ValueError(cursor)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise BadInput("cursor", "one given as `next` by the page before", repr(cursor[:80])) from None
    return parts


def page_of(rows: list[T], limit: int, place: Callable[[T], tuple[Any, ...]]) -> Paged[T]:
    """The first `limit` rows and a cursor, of a query that was asked for one row more; place: what orders a row."""
    more = encode_cursor(*place(rows[limit - 1])) if len(rows) > limit else None
    return Paged(tuple(rows[:limit]), more)
