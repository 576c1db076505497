"""A document's address becomes a page, within the site's rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from ingest.pipeline.fetch import fetch_page, leads_to_article
from ingest.pipeline.poll import poll_feed
from ingest.pipeline.runtime import Runtime
from ingest.store.engine import db_now
from ingest.store.queue import standing
from ingest.store.schema import documents as documents_table
from ingest.store.schema import outcomes
from ingest.store.schema import sites as sites_table
from ingest.store.sources import entries, feeds
from ingest.store.texts import documents, pages
from ingest.types import Stage, State
from tests.ingest.pipeline.polling import RSS, item, rss, runtime
from tests.site import Site, answer, open_site, redirect, trickle

PAGE = "<html><body><article><p>Ein Artikel.</p></article></body></html>"


def admit(held: Runtime, url: str) -> str:
    with held.database.writing() as connection:
        return documents.admit_url(connection, url, origin="url").document_id


def fetch(held: Runtime, document_id: str, *, rounds: int = 3) -> Stage | None:
    """Try until there is a page or an ending; waits for slots are skipped."""
    for _ in range(rounds):
        stage = fetch_page(document_id, held)
        if stage is not None:
            return stage
        with held.database.writing() as connection:
            connection.execute(update(documents_table).values(next_run_at=db_now()))
            connection.execute(update(sites_table).values(free_at=db_now()))
    return None


def row(held: Runtime, document_id: str) -> Any:
    with held.database.reading() as connection:
        return documents.load(connection, document_id)


def test_a_page_is_fetched_and_kept_as_it_came(site: Site, held: Runtime) -> None:
    document_id = admit(held, site.put("/a", PAGE, "text/html; charset=iso-8859-1"))
    assert fetch(held, document_id) == Stage.EXTRACT
    with held.database.reading() as connection:
        revision, page = pages.load(connection, document_id) or (0, None)
    assert page is not None
    assert (revision, page.body, page.content_type, page.charset) == (1, PAGE.encode(), "text/html", "iso-8859-1")
    found = row(held, document_id)
    assert (found["stage"], found["state"], found["attempts"], found["revision"]) == (
        Stage.EXTRACT,
        State.PENDING,
        0,
        1,
    )


def test_the_rules_are_read_once_a_day_and_before_the_first_page(site: Site, held: Runtime) -> None:
    first, second = (admit(held, site.put(path, PAGE)) for path in ("/a", "/b"))
    assert fetch(held, first) == fetch(held, second) == Stage.EXTRACT
    assert [request.path for request in site.requests] == ["/robots.txt", "/a", "/b"]


def test_waiting_for_rules_or_a_turn_spends_no_attempt(site: Site, tmp_path: Path) -> None:
    held = runtime(tmp_path, host_gap_s=30.0)
    first, second = (admit(held, site.put(path, PAGE)) for path in ("/a", "/b"))
    assert fetch_page(first, held) is None
    assert fetch_page(second, held) is None
    assert [request.path for request in site.requests] == ["/robots.txt"]
    waits = [row(held, one) for one in (first, second)]
    assert [(found["state"], found["attempts"]) for found in waits] == [(State.PENDING, 0)] * 2
    assert waits[0]["next_run_at"] != waits[1]["next_run_at"]
    assert all(found["next_run_at"] > datetime.now(UTC) for found in waits)
    with held.database.reading() as connection:
        assert connection.execute(select(outcomes)).all() == []


def test_what_robots_may_not_read_is_rejected_and_says_so(site: Site, held: Runtime) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /private/\n", "text/plain")
    document_id = admit(held, site.put("/private/a", PAGE))
    assert fetch(held, document_id) is None
    found = row(held, document_id)
    assert (found["state"], found["reason"]) == (State.REJECTED, "robots")
    assert "robots.txt" in found["detail"]
    assert not site.asked("/private/a")


def test_a_feed_whose_pages_need_not_ask_does_not(site: Site, held: Runtime) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    url = site.put("/f", rss(item(1, site.put("/a", PAGE))), RSS)
    with held.database.writing() as connection:
        feed_id, _ = feeds.add(connection, url, obey_robots=False)
    assert poll_feed(feed_id, held) is not None
    with held.database.reading() as connection:
        (document_id,) = connection.scalars(select(documents_table.c.id))
    assert fetch(held, document_id) == Stage.EXTRACT
    assert not site.asked("/robots.txt")


def test_a_redirect_into_what_robots_may_not_read_is_not_followed(site: Site, held: Runtime) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /private/\n", "text/plain")
    site.put("/private/a", PAGE)
    site.pages["/a"] = redirect(302, "/private/a")
    document_id = admit(held, site.url("/a"))
    fetch(held, document_id)
    assert row(held, document_id)["reason"] == "robots"
    assert not site.asked("/private/a")


def test_a_redirect_to_another_origin_asks_its_rules_first(site: Site, held: Runtime) -> None:
    with open_site() as other:
        other.put("/robots.txt", "User-agent: *\nDisallow: /closed/\n", "text/plain")
        other.put("/closed/a", PAGE)
        other.put("/open/b", PAGE)
        site.pages["/a"] = redirect(302, other.url("/closed/a", "localhost"))
        site.pages["/b"] = redirect(302, other.url("/open/b", "localhost"))
        closed, opened = admit(held, site.url("/a")), admit(held, site.url("/b"))
        assert fetch(held, closed) is None
        assert row(held, closed)["reason"] == "robots"
        assert fetch(held, opened) == Stage.EXTRACT
        assert [request.path for request in other.requests] == ["/robots.txt", "/open/b"]


def test_while_the_rules_cannot_be_read_a_page_is_tried_later(site: Site, held: Runtime) -> None:
    site.pages["/robots.txt"] = answer(503)
    document_id = admit(held, site.put("/a", PAGE))
    fetch(held, document_id, rounds=2)
    found = row(held, document_id)
    assert (found["state"], found["attempts"]) == (State.RETRY, 1)
    assert "robots.txt" in found["last_error"]
    assert not site.asked("/a")


@pytest.mark.parametrize(
    ("handler", "state", "reason"),
    [
        (answer(404), State.REJECTED, "page-gone"),
        (answer(410), State.REJECTED, "page-gone"),
        (answer(403), State.REJECTED, "forbidden"),
        (answer(200, b"x", {"Content-Length": "99999999"}), State.REJECTED, "too-large"),
        (redirect(302, "http://10.0.0.1/"), State.REJECTED, "blocked-address"),
        (answer(500), State.RETRY, "server-busy"),
        (answer(429, b"", {"Retry-After": "3000"}), State.RETRY, "server-busy"),
        (trickle, State.RETRY, "fetch-timeout"),
    ],
)
def test_each_answer_has_one_ending(site: Site, held: Runtime, handler: Any, state: State, reason: str) -> None:
    site.put("/robots.txt", "", "text/plain")
    site.pages["/a"] = handler
    document_id = admit(held, site.url("/a"))
    for _ in range(4):
        with held.database.writing() as connection:
            connection.execute(
                update(documents_table).where(documents_table.c.state == State.PENDING).values(next_run_at=db_now())
            )
        fetch_page(document_id, held)
    found = row(held, document_id)
    assert (found["state"], found["reason"]) == (state, reason)
    with held.database.reading() as connection:
        trail = standing.trail(connection, document_id)
    assert [(step.stage, step.outcome) for step in trail] == [("fetch", str(state))]
    if state == State.RETRY:
        assert found["next_run_at"] > datetime.now(UTC)


def test_a_site_that_says_429_is_left_alone_as_a_whole(site: Site, held: Runtime) -> None:
    site.put("/robots.txt", "", "text/plain")
    site.pages["/a"] = answer(429, b"", {"Retry-After": "1200"})
    first, second = admit(held, site.url("/a")), admit(held, site.put("/b", PAGE))
    for one in (first, first, second):
        with held.database.writing() as connection:
            connection.execute(update(documents_table).values(next_run_at=db_now()))
        fetch_page(one, held)
    assert not site.asked("/b")
    assert (row(held, second)["next_run_at"] - datetime.now(UTC)).total_seconds() > 1_100


def test_two_addresses_of_one_page_are_one_article(site: Site, held: Runtime) -> None:
    site.put("/robots.txt", "", "text/plain")
    site.pages["/m/a-story"] = redirect(301, "/a-story")
    real, mobile = admit(held, site.put("/a-story", PAGE)), admit(held, site.url("/m/a-story"))
    assert fetch(held, real) == Stage.EXTRACT
    assert fetch(held, mobile) is None
    assert row(held, mobile)["reason"] == "same-page"
    assert real in row(held, mobile)["detail"]


def test_an_address_learned_from_a_redirect_leads_to_the_article(site: Site, held: Runtime) -> None:
    site.put("/a-story", PAGE)
    site.pages["/m/a-story"] = redirect(301, "/a-story")
    mobile = admit(held, site.url("/m/a-story"))
    assert fetch(held, mobile) == Stage.EXTRACT
    assert admit(held, site.url("/a-story")) == mobile


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("http://e.org/politik/ein-artikel-12", "https://www.e.org/politik/ein-artikel-12", True),
        ("https://feedproxy.example/~r/x/1", "https://e.org/politik/ein-artikel-12", True),
        ("https://e.org/politik/ein-artikel-12", "https://e.org/", False),
        ("https://e.org/politik/ein-artikel-12", "https://e.org/politik/", False),
        ("https://e.org/ein-artikel-12", "https://consent.e.org/ein-artikel-12", False),
        ("https://e.org/ein-artikel-12", "https://id.example/login?next=ein-artikel-12", False),
        ("https://e.org/a?utm_source=x", "https://e.org/a", False),
    ],
)
def test_a_wall_or_a_front_page_is_not_the_article(asked: str, answered: str, same: bool) -> None:
    assert leads_to_article(asked, answered) is same


def test_what_the_feed_said_goes_along_with_the_page(site: Site, held: Runtime) -> None:
    more = "<description>Der Anriss.</description><pubDate>Sat, 21 Nov 2020 09:30:00 GMT</pubDate><author>Anna</author>"
    url = site.put("/f", rss(item(1, site.put("/a", PAGE), more=more)), RSS)
    with held.database.writing() as connection:
        feed_id, _ = feeds.add(connection, url)
    poll_feed(feed_id, held)
    with held.database.reading() as connection:
        (document_id,) = connection.scalars(select(documents_table.c.id))
        assert entries.hints(connection, document_id) is not None
    assert fetch(held, document_id) == Stage.EXTRACT
    with held.database.reading() as connection:
        _, page = pages.load(connection, document_id) or (0, None)
    assert page is not None
    assert (page.title, page.summary, page.author, page.language) == ("Titel 1", "Der Anriss.", "Anna", "de")
    assert page.published == datetime(2020, 11, 21, 9, 30, tzinfo=UTC)


def test_a_page_fetched_again_without_change_is_no_revision(site: Site, held: Runtime) -> None:
    document_id = admit(held, site.put("/a", PAGE))
    fetch(held, document_id)
    with held.database.writing() as connection:
        assert documents.refetch(connection, document_id)
    fetch(held, document_id)
    assert row(held, document_id)["revision"] == 1


def test_a_document_taken_down_is_not_fetched_again(site: Site, held: Runtime) -> None:
    document_id = admit(held, site.put("/a", PAGE))
    with held.database.writing() as connection:
        connection.execute(update(documents_table).values(state=State.REMOVED, stage=Stage.CLUSTER))
        assert not documents.refetch(connection, document_id)
    assert fetch_page(document_id, held) is None
    assert site.requests == []
