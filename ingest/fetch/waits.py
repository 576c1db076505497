"""How long a site asks us to stay away, and how long it says its answer is good: seconds out of HTTP headers.

Both Retry-After forms (RFC 9110, 10.2.3), Cache-Control and Expires (RFC 9111, 5.2 and 5.3). What makes no sense is
as if it had not been said; how far a sensible value is believed is for the caller to clamp.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 10 * 365 * 86_400.0
"""Seconds beyond which a number is a joke; it is cut here so that sums with it stay dates."""


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds from now; 0 for a date in the past, None where the header is absent or nonsense."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,18}", value):
        return min(float(value), LONGEST_S)
    when = http_date(value)
    if when is None:
        return None
    return min(
        max(0.0, (when - (http_date(headers.get("date", "")) or now or datetime.now(UTC))).total_seconds()), LONGEST_S
    )


def fresh_for(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Seconds for which the answer counts as fresh; 0 where the server does not say."""
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return 0.0
    if (age := re.search(r"max-age\s*=\s*\"?(\d{1,18})", control)) is not None:
        spent = headers.get("age", "").strip()
        return max(0.0, min(float(age[1]), LONGEST_S) - (float(spent) if re.fullmatch(r"\d{1,9}", spent) else 0.0))
    expires = http_date(headers.get("expires", ""))
    if expires is None:
        return 0.0
    sent = http_date(headers.get("date", "")) or now or datetime.now(UTC)
    return min(max(0.0, (expires - sent).total_seconds()), LONGEST_S)


def http_date(value: str) -> datetime | None:
    """The time an HTTP date names (RFC 9110, 5.6.7); None where it is none."""
    if not 8 <= len(value) <= 64:
        return None
    try:
        when = parsedate_to_datetime(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
