"""A visit to a site: nobody else of ours is there, and nobody comes right after.

The registered domain's row says who may ask it. A redirect to another domain needs that one's leave as well; where it
is busy the visit ends and comes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ingest.errors import Retryable, ServerBusy
from ingest.pipeline.runtime import Runtime
from ingest.store.sources import sites
from ingest.urls import registered_domain

THROTTLED_S = 30.0
"""Seconds a site is left alone after it said 429 or 503 without saying how long."""

SPARE_S = 15.0
"""Seconds the lease of a site outlasts the request's deadline."""


class SiteBusy(Retryable):
    """Somebody of ours is at the site, or was a moment ago; `retry_after` is when to come again."""

    def __init__(self, domain: str, wait_s: float) -> None:
        super().__init__(f"{domain}: busy, our turn is in {wait_s:.0f} s", retry_after=wait_s)
        self.wait_s = wait_s


class Visit:
    """The sites this errand holds; `enter` is called with each address before it is asked."""

    def __init__(self, runtime: Runtime, errand: str, *, first: bool, now: datetime | None) -> None:
        self._runtime, self._errand, self._first, self._now = runtime, errand, first, now
        self._held: list[str] = []
        self.cool_off_s = 0.0  # how long the last site asked to be left alone

    def enter(self, url: str) -> None:
        """Take the site of an address; SiteBusy where it is not free."""
        domain = registered_domain(url)
        if domain in self._held:
            return
        settings = self._runtime.settings
        with self._runtime.database.writing() as connection:
            wait = sites.take(
                connection,
                domain,
                owner=self._owner,
                errand=self._errand,
                lease_s=settings.fetch_deadline_s + SPARE_S,
                gap_s=settings.host_gap_s,
                first=self._first,
                now=self._now,
            )
        if wait is not None:
            raise SiteBusy(domain, wait)
        self._held.append(domain)

    def leave(self) -> None:
        """Give every site back."""
        held, self._held = self._held, []
        with self._runtime.database.writing() as connection:
            for domain in held:
                cool_off = self.cool_off_s if domain == held[-1] else 0.0
                gap_s = self._runtime.settings.host_gap_s
                sites.free(connection, domain, owner=self._owner, gap_s=gap_s, cool_off_s=cool_off, now=self._now)

    def note(self, status: int, retry_after: float | None) -> None:
        """Leave the site alone for longer where its answer asks for it."""
        if status in (429, 503):
            self.cool_off_s = max(self.cool_off_s, retry_after if retry_after is not None else THROTTLED_S)

    @property
    def _owner(self) -> str:
        return self._runtime.owner


@contextmanager
def visiting(
    url: str, runtime: Runtime, errand: str, *, first: bool = False, now: datetime | None = None
) -> Iterator[Visit]:
    """A visit to the site of an address; SiteBusy where it cannot begin. The site is given back whatever happens.

    first: goes before the others where it has to wait. now: the moment of a simulation.
    """
    visit = Visit(runtime, errand, first=first, now=now)
    visit.enter(url)
    try:
        yield visit
    except ServerBusy as error:
        if error.status is not None:
            visit.note(error.status, error.retry_after)
        raise
    finally:
        visit.leave()
