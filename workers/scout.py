"""A look at a feed for the console, in a process of its own that may take so much time and memory and no more.

What a stranger's server answers is parsed here. The workers' pool bounds that for scheduled polls; the web server has
no pool, and a parser that is busy inside C for minutes would take its other readers' time along. `python -m
workers.scout` reads an errand from standard input and writes what it found to standard output, both in JSON.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from dataclasses import dataclass

from pydantic import TypeAdapter

from ingest.errors import FeedUnreadable, IngestError
from ingest.feeds.preview import Preview
from ingest.settings import Settings

PARSING_S = 20.0
"""Seconds of processor time; feedparser's slowest own file takes under 2."""

MEMORY_BYTES = 1 << 30
"""Address space; a feed of the largest size allowed needs about a third of it."""

AT_ONCE = 2
"""Looks side by side: each may take the memory above from the web server's own share."""

ASKED = 4
"""Answers asked for at most: the address, and three feeds that its page announces."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What the other process is to do."""

    url: str
    settings: Settings
    parsing_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no feed."""

    reason: str
    message: str


_ERRAND = TypeAdapter(Errand)
_FOUND: TypeAdapter[Preview | Refused] = TypeAdapter(Preview | Refused)
_places = threading.BoundedSemaphore(AT_ONCE)


def look(
    url: str, settings: Settings, *, parsing_s: float = PARSING_S, memory_bytes: int = MEMORY_BYTES, wait_s: float = 10
) -> Preview:
    """The feed at an address, or the one its page announces; FeedUnreadable says why there is none, limits included."""
    without_secrets = settings.model_copy(update={"database_url": None, "broker_url": None})
    if not _places.acquire(timeout=wait_s):
        raise FeedUnreadable(f"{url}: other feeds are being looked at; try again in a minute", reason="busy")
    try:
        found = _sent(Errand(url, without_secrets, parsing_s, memory_bytes))
    finally:
        _places.release()
    if isinstance(found, Refused):
        raise FeedUnreadable(found.message, reason=found.reason)
    return found


def _sent(errand: Errand) -> Preview | Refused:
    """What a process that was sent for it found."""
    waiting_s = ASKED * errand.settings.fetch_deadline_s  # which is no processor time
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "workers.scout"],
            input=_ERRAND.dump_json(errand),
            capture_output=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("INGEST_")},
            timeout=waiting_s + 2 * errand.parsing_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Refused("time-limit", f"{errand.url}: took too long to answer and to be read")
    if ended.returncode != 0:
        return Refused("resource-limit", f"{errand.url}: takes more time or memory to read than a feed may")
    return _FOUND.validate_json(ended.stdout)


def main() -> int:
    """One look, as standard input says."""
    errand = _ERRAND.validate_json(sys.stdin.buffer.read())
    from ingest.pipeline.preview import preview

    seconds = max(1, round(errand.parsing_s))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (errand.memory_bytes, errand.memory_bytes))
    found: Preview | Refused
    try:
        found = preview(errand.url, errand.settings)
    except IngestError as error:
        found = Refused(getattr(error, "reason", "unreachable"), str(error))
    sys.stdout.buffer.write(_FOUND.dump_json(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
