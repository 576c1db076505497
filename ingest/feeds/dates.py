"""Dates as feeds write them: RFC 822 with the months and zones of half of Europe, and the forms that go by numbers.

feedparser reads the standards' forms. It takes every named zone outside of RFC 822 for UTC ("10:00:00 CEST" would be
two hours late) and knows months in English only, which is not how a French or German system writes them.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan jae ene gen",
            "feb fev fbr",
            "mar mae mrt",
            "apr avr abr",
            "may mai mei mag",
            "jun juin giu",
            "jul juil lug",
            "aug aou ago",
            "sep set",
            "oct okt ott out",
            "nov",
            "dec dez dic",
        ),
        1,
    )
    for name in names.split()
}
"""By their first letters, without accents: English, German, French, and what Spanish, Italian and Dutch add."""

_ZONES = {
    **dict.fromkeys(("", "UT", "UTC", "GMT", "Z", "WET"), 0),
    **dict.fromkeys(("CET", "MEZ", "BST", "WEST"), 1),
    **dict.fromkeys(("CEST", "MESZ", "EET"), 2),
    **dict.fromkeys(("EEST", "MSK"), 3),
    "EDT": -4,
    "EST": -5,
    "CDT": -5,
    "CST": -6,
    "MDT": -6,
    "MST": -7,
    "PDT": -7,
    "PST": -8,
    "HKT": 8,
    "SGT": 8,
    "JST": 9,
    "KST": 9,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
}
"""Hours east of Greenwich; names that mean several zones (IST) are left out."""

_CLOCK = r"(?:,?\s+(?:um\s|à\s|at\s)?\s*(\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?)?\s*"
_ZONE = r"(?:Uhr\s*)?(?:([+-]\d{2}):?(\d{2})|([A-Za-z]{1,5}))?\s*(?:\([^()]{0,20}\))?\s*"
_IN_WORDS = re.compile(
    r"\s*(?:[^\W\d_]{2,12}\.?,?\s+)?(\d{1,2})(?:\.|st|nd|rd|th|er)?[\s-]+([^\W\d_]{3,10})\.?,?[\s-]+(\d{4}|\d{2})"
    + _CLOCK
    + _ZONE
)
_WITH_DOTS = re.compile(r"\s*(?:[^\W\d_]{2,12}\.?,?\s+)?(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})" + _CLOCK + _ZONE)
_COMPACT = re.compile(r"\s*(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?(?:Z|([+-]\d{2}):?(\d{2}))?\s*")
_SINCE_1970 = re.compile(r"\s*(\d{9,10})(?:\d{3})?\s*")


def read_date(said: object) -> datetime | None:
    """The moment that is meant; None where it is not in one of these forms. No zone is UTC, as is an unknown one."""
    if not isinstance(said, str) or len(said) > 80:
        return None
    try:
        if found := _IN_WORDS.fullmatch(said):
            day, month, year, *rest = found.groups(default="")
            number = _month(month)
            return None if number is None else _moment(_year(year), number, int(day), *rest)
        if found := _WITH_DOTS.fullmatch(said):
            day, month, year, *rest = found.groups(default="")
            return _moment(int(year), int(month), int(day), *rest)
        if found := _COMPACT.fullmatch(said):
            year, month, day, hour, minute, second, east, minutes = found.groups(default="")
            return _moment(int(year), int(month), int(day), hour, minute, second, east, minutes, "")
        if found := _SINCE_1970.fullmatch(said):
            return datetime.fromtimestamp(int(found[1]), UTC)
    except (ValueError, OverflowError):  # the 31st of February
        return None
    return None


def _month(name: str) -> int | None:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    return _MONTHS.get(plain[:4]) or _MONTHS.get(plain[:3])


def _year(digits: str) -> int:
    """RFC 2822, 4.3: two digits are 1950 to 2049."""
    return int(digits) if len(digits) == 4 else int(digits) + (2000 if int(digits) < 50 else 1900)


def _moment(
    year: int, month: int, day: int, hour: str, minute: str, second: str, east: str, minutes: str, zone: str
) -> datetime:
    offset = timedelta(hours=_ZONES.get(zone.upper(), 0))
    if east:
        offset = timedelta(hours=int(east), minutes=int(minutes) * (-1 if east[0] == "-" else 1))
    at = (int(hour or 0), int(minute or 0), min(int(second or 0), 59))  # a leap second is one of its minute
    return datetime(year, month, day, *at, tzinfo=timezone(offset)).astimezone(UTC)
