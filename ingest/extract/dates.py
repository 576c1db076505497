"""Dates as they stand in date lines of French, German and English pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier janv january jan januar jänner",
            "février fevrier févr fév february feb februar",
            "mars march mar märz mär",
            "avril avr april apr",
            "mai may",
            "juin june jun juni",
            "juillet juil july jul juli",
            "août aout august aug",
            "septembre sept september sep",
            "octobre oct october oktober okt",
            "novembre nov november",
            "décembre decembre déc december dec dezember dez",
        ),
        1,
    )
    for name in names.split()
}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_FORMS = (
    re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)"),
    re.compile(
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:er|\.|st|nd|rd|th)?\s+(?P<name>{_NAME})\b\.?,?\s+(?P<year>(?:19|20)\d\d)"
    ),
    re.compile(rf"\b(?P<name>{_NAME})\b\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>(?:19|20)\d\d)"),
    re.compile(
        r"(?<!\d)(?P<day>\d{1,2})(?P<mark>[./-])\s?(?P<month>\d{1,2})(?P=mark)\s?(?P<year>(?:19|20)?\d\d)(?!\d)"
    ),
)
_TIME = re.compile(r"(?<!\d)(?P<hour>[01]?\d|2[0-3])\s?(?:h|:)\s?(?P<minute>[0-5]\d)?(?!\d)\s?(?P<half>[ap]\.?m\b)?")


def find_date(text: str) -> datetime | None:
    """The first date a line names, with its time of day where one follows; UTC is assumed. None: it names none.

    "03/04/2024" is read day first, as French and German write it; where the second number cannot be a month, the
    first one is.
    """
    lowered = text.lower()
    for form in _FORMS:
        match = form.search(lowered)
        if match is None:
            continue
        named = match.groupdict()
        year, day = int(named["year"]), int(named["day"])
        year += 2000 if year < 100 else 0
        month = _MONTHS[named["name"]] if named.get("name") else int(named["month"])
        if month > 12 >= day:
            month, day = day, month
        hour, minute = _time_after(lowered[match.end() : match.end() + 24])
        try:
            return datetime(year, month, day, hour, minute, tzinfo=UTC)
        except ValueError:
            continue
    return None


def _time_after(text: str) -> tuple[int, int]:
    match = _TIME.search(text)
    if match is None:
        return 0, 0
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    return hour, int(match["minute"] or 0)
