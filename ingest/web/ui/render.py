"""Pages from templates: escaping always on, times in UTC, links only to the web."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ingest.dedup.explain import REPRESENTATIVE, RULES
from ingest.store.operators.people import Role
from ingest.web.ui import words

OPENING = 76
"""Characters of a text that stand for its missing headline."""

TEMPLATES = Path(__file__).parent.parent / "templates"


@cache
def environment() -> Environment:
    """The templates with our filters; an undefined name is an error, every value is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "day": day,
        "moment": moment,
        "iso": iso,
        "ago": ago,
        "web": web_only,
        "host": host,
        "language": words.language,
        "plain": words.plain,
        "percent": percent,
        "plural": words.plural,
        "duration": duration,
    }
    made.globals |= {
        "STATES": words.STATES,
        "KINDS": words.KINDS,
        "MANY_KINDS": words.MANY_KINDS,
        "RULES": RULES,
        "REPRESENTATIVE": REPRESENTATIVE,
        "ASIDE": words.ASIDE,
        "query": query,
        "opening": opening,
    }
    return made


def page(request: Request, template: str, values: Mapping[str, Any], *, status_code: int = 200) -> HTMLResponse:
    """A whole page."""
    who = getattr(request.state, "who", None)
    context = {
        "path": request.url.path,
        "now": datetime.now(UTC),
        "who": who,
        "may_act": who is not None and who.role != Role.READER,
        "may_decide": who is not None and who.role != Role.READER and request.app.state.judge is not None,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "did": request.query_params.get("did", ""),
        "before": request.query_params.get("before", ""),
        "pinned_now": request.query_params.get("pinned", ""),
        **values,
    }
    return HTMLResponse(environment().get_template(template).render(context), status_code=status_code)


def opening(item: Any) -> str:
    """How a text without a headline begins: the line that stands for one."""
    text = getattr(item, "excerpt", None) or getattr(item, "text", "")
    line = str(text).strip().partition("\n")[0].lstrip("-–• ")
    cut = line if len(line) <= OPENING else line[:OPENING].rpartition(" ")[0] + " …"
    return cut or "Without a headline"


def query(**parts: object) -> str:
    """A query string of the parts that say something, with its question mark; empty where none does."""
    given = {name: str(value) for name, value in parts.items() if value not in (None, "", False)}
    return "?" + urlencode(given) if given else ""


def web_only(url: str | None) -> str:
    """The URL where it is http or https with a host; empty else, so that no other scheme ever becomes a link."""
    if not url:
        return ""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def host(url: str | None) -> str:
    """The host of a URL without `www.`, for people."""
    if not web_only(url):
        return ""
    return (urlsplit(str(url).strip()).hostname or "").removeprefix("www.")


def day(at: datetime | None) -> str:
    """`3 June 2025`."""
    return f"{at.day} {at:%B %Y}" if at else ""


def moment(at: datetime | None) -> str:
    """`3 June 2025, 14:05 UTC`; the day alone where the time is midnight: pages often give no more."""
    if at is None:
        return ""
    return day(at) if (at.hour, at.minute, at.second) == (0, 0, 0) else f"{day(at)}, {at:%H:%M} UTC"


def iso(at: datetime | None) -> str:
    """For the attribute `datetime`."""
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else ""


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """`4 minutes ago`, `in 2 hours`; whole days up to a month, then the day."""
    if at is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    size = abs(seconds)
    if size < 45:
        return "just now"
    if size >= 31 * 86_400:
        return day(at)
    unit, length = next((u, n) for u, n in (("day", 86_400), ("hour", 3_600), ("minute", 60)) if size >= n * 0.75)
    told = words.plural(max(1, round(size / length)), unit)
    return f"{told} ago" if seconds > 0 else f"in {told}"


def percent(share: float | None) -> str:
    """`87 %`; empty for None."""
    return "" if share is None else f"{share * 100:.0f} %"


def duration(ms: int | None) -> str:
    """`840 ms`, `2.4 s`, `3 min`."""
    if ms is None:
        return ""
    if ms < 1000:
        return f"{ms} ms"
    return f"{ms / 1000:.1f} s" if ms < 120_000 else f"{ms / 60_000:.0f} min"
