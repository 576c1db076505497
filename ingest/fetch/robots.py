"""What a site allows robots to read: robots.txt, RFC 9309, read with protego.

Feeds are made to be polled and are not asked about; article pages are. The file is fetched by our own client, under
the same guard, politeness and caps as everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from protego import Protego

MAX_BYTES = 512_000
"""Bytes of rules that are read, the rest is ignored (RFC 9309, 2.5: at least 500 KiB)."""

GOOD_FOR_S = 86_400
"""Seconds a copy is used (RFC 9309, 2.4: at most a day)."""

UNREACHABLE_FOR_S = 600
"""Seconds until an unreachable robots.txt is asked for again; meanwhile the site's pages wait (RFC 9309, 2.3.1.4)."""

LONGEST_DELAY_S = 60.0
"""Longest Crawl-delay that is kept as asked; a longer one would hold an article back for days, so it counts as this."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one origin, as last fetched; `status` None: no answer."""

    status: int | None
    text: str

    @property
    def reachable(self) -> bool:
        """Whether the site let us know its rules; while it does not, its pages are not fetched."""
        return self.status is not None and self.status != 429 and self.status < 500

    def allows(self, url: str, user_agent: str) -> bool:
        """Whether this page may be fetched; a site without rules (4xx) allows everything."""
        if not self.reachable:
            return False
        return bool(self._parsed().can_fetch(url, product(user_agent))) if self.text else True

    def crawl_delay(self, user_agent: str) -> float | None:
        """Seconds between two requests that the site asks for, at most LONGEST_DELAY_S; None where it names none."""
        if not self.text or not self.reachable:
            return None
        delay = self._parsed().crawl_delay(product(user_agent))
        return None if delay is None or not delay > 0 else min(float(delay), LONGEST_DELAY_S)

    def _parsed(self) -> Protego:
        from protego import Protego

        return Protego.parse(self.text)


def read_rules(status: int, body: bytes) -> Rules:
    """The rules in an answer: only a 2xx has any."""
    if not 200 <= status < 300:
        return Rules(status, "")
    text = body[:MAX_BYTES].decode("utf-8", "replace").replace("\x00", "").removeprefix("\ufeff")
    return Rules(status, text if re.search(r"(?im)^\s*(?:user-agent|disallow|allow|crawl-delay)\s*:", text) else "")


def robots_url(url: str) -> str:
    """Where the rules of a page's origin are."""
    return f"{origin(url)}/robots.txt"


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def product(user_agent: str) -> str:
    """The name in a User-Agent that rules are written for: "Newsfold" of "Newsfold/0.1 (+https://…)"."""
    return re.split(r"[/\s(]", user_agent.strip(), maxsplit=1)[0] or "*"
