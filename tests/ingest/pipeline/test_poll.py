"""A feed polled: what is new becomes documents, once, and nothing in it can hurt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from ingest.pipeline.poll import Polled, due_feeds, poll_feed
from ingest.pipeline.runtime import Runtime
from ingest.store.schema import documents as documents_table
from ingest.store.schema import entries as entries_table
from ingest.store.schema import feeds as feeds_table
from ingest.store.sources import entries, feeds, polls
from ingest.store.texts import documents, pages
from ingest.types import Page, Stage, State
from tests.ingest.pipeline.polling import (
    NOW,
    RSS,
    WHOLE,
    add,
    all_documents,
    item,
    poll,
    row,
    rss,
)
from tests.site import Site, answer, gzip_bomb, packed, redirect, trickle, with_validators


def test_new_entries_become_documents_once(site: Site, held: Runtime) -> None:
    feed_id = add(held, site.put("/f", rss(item(2, site.url("/2")), item(1, site.url("/1?utm_source=rss"))), RSS))
    assert poll(held, feed_id) == Polled("news", 2, "")
    assert [(d["url"], d["stage"], d["state"], d["origin"]) for d in all_documents(held)] == [
        (site.url("/1"), Stage.FETCH, State.PENDING, "feed"),
        (site.url("/2"), Stage.FETCH, State.PENDING, "feed"),
    ]
    feed = row(held, feed_id)
    assert (feed["title"], feed["kind"], feed["language"], feed["polls"], feed["new_entries"]) == (
        "Zeitung",
        "rss",
        "de",
        1,
        2,
    )
    assert poll(held, feed_id, NOW + timedelta(hours=1)) == Polled("no-news")
    assert len(all_documents(held)) == 2


def test_a_poll_before_its_time_or_by_a_second_worker_asks_nobody(site: Site, held: Runtime) -> None:
    feed_id = add(held, site.put("/f", rss(item(1, site.url("/1"))), RSS), now=NOW)
    with held.database.writing() as connection:
        assert due_feeds(connection, 10, now=NOW) == (feed_id,)
        assert due_feeds(connection, 10, now=NOW) == ()  # told once
        assert polls.claim(connection, feed_id, lease_s=60, now=NOW) is not None
    assert poll_feed(feed_id, held, now=NOW) is None
    assert poll_feed(feed_id, held, now=NOW + timedelta(seconds=61)) is None  # backs off: its worker vanished
    assert site.requests == []


def test_a_poll_that_lost_its_lease_keeps_nothing(site: Site, held: Runtime) -> None:
    feed_id = add(held, site.url("/f"), now=NOW)

    def slow(request: Any, connection: Any) -> None:
        with held.database.writing() as other:  # somebody else took the feed meanwhile
            other.execute(update(feeds_table).values(epoch=feeds_table.c.epoch + 1))
        answer(200, rss(item(1, site.url("/1"))), {"Content-Type": RSS})(request, connection)

    site.pages["/f"] = slow
    assert poll(held, feed_id) is None
    assert all_documents(held) == []
    assert row(held, feed_id)["polls"] == 0


def test_one_story_in_two_feeds_is_one_document_with_two_references(site: Site, held: Runtime) -> None:
    story = item(1, site.url("/story?xtor=RSS-1"))
    all_news = add(held, site.put("/all", rss(story, item(2, site.url("/2"))), RSS))
    politics = add(held, site.put("/politics", rss(story.replace("g1", "p1").replace("RSS-1", "RSS-2")), RSS))
    for feed_id in (all_news, politics):
        poll(held, feed_id)
    found = all_documents(held)
    assert [d["url"] for d in found] == [site.url("/2"), site.url("/story")]
    with held.database.reading() as connection:
        leads = entries.references(connection, found[1]["id"])
    assert {(lead["feed_id"], lead["guid"]) for lead in leads} == {(all_news, "g1"), (politics, "p1")}


def test_a_whole_article_is_used_as_it_is(site: Site, held: Runtime) -> None:
    feed_id = add(held, site.put("/f", rss(item(1, site.url("/1"), more=WHOLE)), RSS))
    poll(held, feed_id)
    (document,) = all_documents(held)
    assert (document["stage"], document["revision"]) == (Stage.EXTRACT, 1)
    with held.database.reading() as connection:
        _, page = pages.load(connection, document["id"]) or (0, None)
    assert page is not None
    assert page.body.startswith(b"<p>Ein ganzer Absatz")
    assert (page.url, page.title, page.language, page.charset) == (site.url("/1"), "Titel 1", "de", "utf-8")


def test_a_new_title_of_a_whole_article_is_a_revision(site: Site, held: Runtime) -> None:
    feed_id = add(held, site.put("/f", rss(item(1, site.url("/1"), more=WHOLE)), RSS))
    poll(held, feed_id)
    site.put("/f", rss(item(1, site.url("/1"), title="Anders", more=WHOLE)), RSS)
    assert poll(held, feed_id, NOW + timedelta(hours=1)) == Polled("news", 1, "")
    (document,) = all_documents(held)
    assert document["revision"] == 2


def fetched(held: Runtime, document_id: str, at: datetime) -> None:
    """As if the page had been fetched and had become an article."""
    page = Page(b"<p>x", "text/html", None, None, at, title="Titel 1")
    with held.database.writing() as connection:
        documents.add_revision(connection, document_id, page)
        connection.execute(update(documents_table).values(stage=Stage.CLUSTER, state=State.DONE))


@pytest.mark.parametrize("guid", ["g1", "other-id"])
def test_a_new_title_is_fetched_again_and_never_a_second_article(site: Site, held: Runtime, guid: str) -> None:
    """Some systems give a new id with each new title."""
    feed_id = add(held, site.put("/f", rss(item(1, site.url("/1"))), RSS))
    poll(held, feed_id)
    fetched(held, all_documents(held)[0]["id"], NOW)
    site.put("/f", rss(item(1, site.url("/1"), title="Neuer Titel").replace("g1", guid)), RSS)
    poll(held, feed_id, NOW + timedelta(hours=2))
    (document,) = all_documents(held)
    assert (document["stage"], document["state"]) == (Stage.FETCH, State.PENDING)
    with held.database.reading() as connection:
        hints = entries.hints(connection, document["id"])
    assert hints is not None and hints.title == "Neuer Titel"


def test_a_feed_that_changes_its_mind_every_minute_does_not_make_us_fetch_every_minute(
    site: Site, held: Runtime
) -> None:
    feed_id = add(held, site.put("/f", rss(item(1, site.url("/1"))), RSS))
    poll(held, feed_id)
    fetched(held, all_documents(held)[0]["id"], NOW)
    site.put("/f", rss(item(1, site.url("/1"), title="Ticker 12:01")), RSS)
    assert poll(held, feed_id, NOW + timedelta(minutes=5)) == Polled("no-news")
    assert all_documents(held)[0]["state"] == State.DONE
    assert poll(held, feed_id, NOW + timedelta(hours=2)) == Polled("no-news")  # the same bytes


def test_two_feeds_that_tell_one_story_differently_do_not_undo_each_other(site: Site, held: Runtime) -> None:
    a = add(held, site.put("/a", rss(item(1, site.url("/1"), title="A", more=WHOLE)), RSS))
    b = add(held, site.put("/b", rss(item(1, site.url("/1"), title="B", more=WHOLE)), RSS))
    for hour in range(3):
        poll(held, a, NOW + timedelta(hours=hour))
        poll(held, b, NOW + timedelta(hours=hour))
    (document,) = all_documents(held)
    assert document["revision"] == 1


HOSTILE = {
    "bomb": packed(gzip_bomb(50)),
    "trickle": trickle,
    "private": redirect(302, "http://10.0.0.1/feed"),
    "file": redirect(302, "file:///etc/passwd"),
    "loop": redirect(302, "/f"),
    "html": answer(200, "<!doctype html><html><body>Nein</body></html>", {"Content-Type": RSS}),
    "png": answer(200, b"\x89PNG\r\n\x1a\n" + bytes(500), {"Content-Type": RSS}),
    "empty": answer(200, b"", {"Content-Type": RSS}),
    "laughs": answer(200, "<!DOCTYPE rss [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><rss version='2.0'><channel/></rss>"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_feed_fails_with_a_reason_and_the_next_feed_is_polled(site: Site, held: Runtime, name: str) -> None:
    site.pages["/f"] = HOSTILE[name]
    bad, good = add(held, site.url("/f")), add(held, site.put("/good", rss(item(1, site.url("/1"))), RSS))
    polled = poll(held, bad)
    assert polled is not None and polled.outcome == "failed" and polled.detail
    assert row(held, bad)["failures"] == 1
    assert row(held, bad)["lease_until"] is None
    assert poll(held, good) == Polled("news", 1, "")


def test_a_feed_in_the_wrong_type_is_still_a_feed(site: Site, held: Runtime) -> None:
    assert poll(held, add(held, site.put("/f", rss(item(1, site.url("/1"))), "image/png"))) == Polled("news", 1, "")


def test_an_entry_without_link_and_text_is_kept_and_makes_no_document(site: Site, held: Runtime) -> None:
    bare = "<item><guid isPermaLink='false'>1</guid><title>Nur ein Titel</title></item>"
    brief = (
        "<item><guid isPermaLink='false'>2</guid><title>T</title><description>Eine kurze Meldung.</description></item>"
    )
    poll(held, add(held, site.put("/f", rss(bare, brief), RSS)))
    (document,) = all_documents(held)
    assert (document["url"], document["stage"]) == (None, Stage.EXTRACT)
    with held.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(entries_table)) == 2


def test_every_poll_leaves_one_row_that_shows_how_it_ended(site: Site, held: Runtime) -> None:
    site.pages["/f"] = with_validators(rss(item(1, site.url("/1"))), RSS, '"v"')
    feed_id = add(held, site.url("/f"))
    poll(held, feed_id)
    poll(held, feed_id, NOW + timedelta(hours=1))
    site.pages["/f"] = answer(503)
    poll(held, feed_id, NOW + timedelta(hours=2))
    with held.database.reading() as connection:
        history = polls.history(connection, feed_id)
    assert [(r["outcome"], r["status"], r["fresh"]) for r in history] == [
        ("failed", 503, 0),
        ("not-modified", 304, 0),
        ("news", 200, 1),
    ]
    assert all(r["next_s"] >= 300 for r in history)


def test_an_index_of_sitemaps_adds_its_news_sitemaps(site: Site, held: Runtime) -> None:
    index = "<sitemapindex>" + "".join(
        f"<sitemap><loc>{site.url(path)}</loc></sitemap>" for path in ("/archive.xml", "/news-1.xml", "/news-2.xml")
    )
    poll(held, add(held, site.put("/index.xml", index + "</sitemapindex>", "text/xml"), tags=["x"]))
    with held.database.reading() as connection:
        found = feeds.every(connection, tag="x")
    assert {feed["url"] for feed in found} == {site.url(path) for path in ("/index.xml", "/news-1.xml", "/news-2.xml")}
