"""A document's address becomes a page: when its site is free, if its rules allow it, once.

A document whose site is busy waits for its slot without spending an attempt. The rules (robots.txt) of an origin are
fetched on a visit of their own, a day apart, so that they count as one request like any other.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection, RowMapping

from ingest.errors import IngestError, Permanent, ServerBusy
from ingest.fetch import robots
from ingest.fetch.client import Response, expect_page
from ingest.fetch.robots import Rules
from ingest.pipeline.attempt import attempt
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.visit import SiteBusy, Visit, visiting
from ingest.store.queue import units
from ingest.store.queue.units import Unit
from ingest.store.sources import entries, sites
from ingest.store.sources.entries import Hints
from ingest.store.texts import articles, documents
from ingest.types import Page, Rejection, Stage, State
from ingest.urls import canonical_url, registered_domain

ACCEPT = "text/html, application/xhtml+xml, text/plain;q=0.9, */*;q=0.5"
WALL = re.compile(
    r"(?i)(?:[/.?&=_-]|^)(?:consent|cmp|login|log-in|signin|sign-in|anmelden|anmeldung|abo|subscribe|paywall|privacy"
    r"|zustimmung|einwilligung|connexion|abonnement|captcha|challenge)(?:[/.?&=_-]|$)"
)
"""Words in an address that say: not the article, but what stands before it."""

READY = (State.PENDING, State.RETRY, State.RUNNING)


class _RulesNeeded(IngestError):
    """The rules of an origin must be read before it is asked for anything else."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{robots.robots_url(url)} is not known yet")
        self.url = url


def fetch_page(document_id: str, runtime: Runtime) -> Stage | None:
    """Fetch a document's page; the next stage, None where it ended, waits for its turn or is somebody else's."""
    with runtime.database.reading() as connection:
        row = documents.load(connection, document_id)
        hints = entries.hints(connection, document_id)
    if row is None or row["stage"] != Stage.FETCH or row["state"] not in READY:
        return None
    if not row["url"]:
        return attempt(document_id, Stage.FETCH, runtime, lambda unit: _no_address(unit, runtime))
    try:
        with visiting(row["url"], runtime, document_id) as visit:
            return _on_site(row, hints, visit, runtime)
    except SiteBusy as busy:
        with runtime.database.writing() as connection:
            sites.postpone(connection, document_id, busy.wait_s)
        return None


def _on_site(row: RowMapping, hints: Hints | None, visit: Visit, runtime: Runtime) -> Stage | None:
    obeys = hints is None or hints.obey_robots
    if obeys and _known_rules(row["url"], runtime) is None:
        _learn_rules(row["url"], visit, runtime)
        raise SiteBusy(registered_domain(row["url"]), runtime.settings.host_gap_s)
    needed: list[str] = []

    def work(unit: Unit) -> Stage | None:
        try:
            return _fetch(unit, row["url"], hints, visit, runtime, obeys=obeys)
        except (SiteBusy, _RulesNeeded) as error:
            units.release(runtime.database, [unit])
            if isinstance(error, _RulesNeeded):
                needed.append(error.url)
            else:
                with runtime.database.writing() as connection:
                    sites.postpone(connection, unit.id, error.wait_s)
            return None

    stage = attempt(row["id"], Stage.FETCH, runtime, work)
    for url in needed:  # a redirect led to another origin
        _learn_rules(url, visit, runtime)
        raise SiteBusy(registered_domain(url), runtime.settings.host_gap_s)
    return stage


def _fetch(unit: Unit, url: str, hints: Hints | None, visit: Visit, runtime: Runtime, *, obeys: bool) -> Stage | None:
    def before_hop(here: str) -> None:
        visit.enter(here)
        if obeys:
            _ask_rules(here, runtime)

    try:
        response = runtime.fetcher.get(
            url, max_bytes=runtime.settings.max_page_bytes, accept=ACCEPT, before_hop=before_hop
        )
        visit.note(response.status, response.retry_after)
        expect_page(response)
    except Permanent as error:
        with runtime.database.writing() as connection:
            units.reject(connection, unit, Rejection(Stage.FETCH, error.reason, str(error)))
        return None
    with runtime.database.writing() as connection:
        return _keep(connection, unit, url, _page(response, hints))


def _keep(connection: Connection, unit: Unit, url: str, page: Page) -> Stage | None:
    """Keep the page and say what comes next; an address that led to another document's page ends here."""
    if page.url is not None and leads_to_article(url, page.url):
        owner = documents.add_alias(connection, page.url, unit.id)
        if owner != unit.id:
            entries.point(connection, unit.id, owner)
            units.reject(connection, unit, Rejection(Stage.FETCH, "same-page", f"leads to the page of {owner}"))
            return None
    revision = documents.keep_page(connection, unit.id, page)
    if revision is None and articles.load(connection, unit.id) is not None:
        units.finish(connection, unit, state=State.DONE)  # fetched again, and nothing had changed
        return None
    units.finish(connection, unit, next_stage=Stage.EXTRACT)
    return Stage.EXTRACT


def leads_to_article(asked: str, answered: str) -> bool:
    """Whether a redirect is another name of the same article, not the way to a wall, a front page or a soft 404.

    It is where the last part of the path stayed (another host, scheme or section), and where a shortener or a feed
    proxy of another domain led to some page of a site.
    """
    if canonical_url(asked) == canonical_url(answered) or WALL.search(answered):
        return False
    before, after = (_last_part(url) for url in (asked, answered))
    return bool(after) and (before == after or registered_domain(asked) != registered_domain(answered))


def _last_part(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2].lower()


def _page(response: Response, hints: Hints | None) -> Page:
    return Page(
        body=response.body,
        content_type=response.media_type or "application/octet-stream",
        charset=response.charset,
        url=response.url,
        fetched=datetime.now(UTC),
        title=hints.title if hints else None,
        published=hints.published if hints else None,
        author=hints.author if hints else None,
        summary=hints.summary if hints else None,
        language=hints.language if hints else None,
    )


def _no_address(unit: Unit, runtime: Runtime) -> None:
    with runtime.database.writing() as connection:
        units.reject(connection, unit, Rejection(Stage.FETCH, "no-address", "it has neither a page nor an address"))


def _known_rules(url: str, runtime: Runtime) -> Rules | None:
    with runtime.database.reading() as connection:
        found = sites.load_robots(connection, robots.origin(url))
    return None if found is None else Rules(*found)


def _ask_rules(url: str, runtime: Runtime) -> None:
    """Raise what forbids this address: rules unknown, unreadable, or against us."""
    rules = _known_rules(url, runtime)
    if rules is None:
        raise _RulesNeeded(url)
    if not rules.reachable:
        raise ServerBusy(robots.robots_url(url), rules.status, retry_after=robots.UNREACHABLE_FOR_S, why="its rules")
    if not rules.allows(url, runtime.settings.user_agent):
        raise Permanent(f"{url}: robots.txt asks robots not to read it", reason="robots")


def _learn_rules(url: str, visit: Visit, runtime: Runtime) -> None:
    """Fetch and keep the rules of an address's origin; a site that does not answer is one whose rules are unknown."""
    try:
        response = runtime.fetcher.get(
            robots.robots_url(url),
            max_bytes=2 * robots.MAX_BYTES,
            accept="text/plain, */*;q=0.1",
            before_hop=visit.enter,
        )
        visit.note(response.status, response.retry_after)
        rules = robots.read_rules(response.status, response.body)
    except SiteBusy:
        raise
    except Permanent:  # endless, blocked or redirected for ever: as good as none (RFC 9309, 2.3.1.2)
        rules = Rules(404, "")
    except IngestError:
        rules = Rules(None, "")
    with runtime.database.writing() as connection:
        sites.save_robots(
            connection,
            robots.origin(url),
            registered_domain(url),
            status=rules.status,
            rules=rules.text,
            good_for_s=robots.GOOD_FOR_S if rules.reachable else robots.UNREACHABLE_FOR_S,
            delay_s=rules.crawl_delay(runtime.settings.user_agent),
        )
