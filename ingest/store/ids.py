"""Ids that are stable, opaque and sort by the time they were made."""

from __future__ import annotations

import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, lower case: no letter that is taken for a digit."""

LENGTH = 20


def new_id(now_ms: int | None = None) -> str:
    """Twenty characters: nine of time in milliseconds (until the year 3084), eleven at random (55 bits)."""
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    number = (ms << 55) | secrets.randbits(55)
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def is_id(text: str) -> bool:
    """Whether the text has the form of an id of ours."""
    return len(text) == LENGTH and all(char in ALPHABET for char in text)
