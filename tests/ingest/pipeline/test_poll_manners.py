"""When a feed is asked and how: validators, errors, wishes, moves; the site is left in peace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.pipeline.poll import Polled, due_feeds, poll_feed
from ingest.pipeline.runtime import Runtime
from ingest.store.schema import entries as entries_table
from ingest.store.sources import feeds
from tests.ingest.pipeline.polling import (
    NOW,
    RSS,
    add,
    item,
    poll,
    row,
    rss,
    runtime,
    wait_s,
)
from tests.site import Site, answer, redirect, with_validators


def test_validators_are_used_once_the_feed_was_read(site: Site, held: Runtime) -> None:
    site.pages["/f"] = with_validators(rss(item(1, site.url("/1"))), RSS, '"v1"', "Sat, 21 Nov 2026 10:00:00 GMT")
    feed_id = add(held, site.url("/f"))
    assert [poll(held, feed_id, NOW + timedelta(hours=n)).outcome for n in range(3)] == [  # type: ignore[union-attr]
        "news",
        "not-modified",
        "not-modified",
    ]
    asked = site.asked("/f")
    assert "if-none-match" not in asked[0].headers
    assert asked[1].headers["if-none-match"] == '"v1"'
    assert asked[1].headers["if-modified-since"] == "Sat, 21 Nov 2026 10:00:00 GMT"
    assert row(held, feed_id)["not_modified"] == 2


def test_validators_of_what_was_no_feed_are_not_kept(site: Site, held: Runtime) -> None:
    site.pages["/f"] = with_validators("<html><body>Wartung</body></html>", "text/html", '"maintenance"')
    feed_id = add(held, site.url("/f"))
    for hour in range(2):
        assert poll(held, feed_id, NOW + timedelta(hours=hour)).outcome == "failed"  # type: ignore[union-attr]
    assert all("if-none-match" not in request.headers for request in site.asked("/f"))
    assert "HTML" in row(held, feed_id)["last_error"]


def test_an_error_does_not_clear_validators(site: Site, held: Runtime) -> None:
    site.pages["/f"] = with_validators(rss(item(1, site.url("/1"))), RSS, '"v1"')
    feed_id = add(held, site.url("/f"))
    poll(held, feed_id)
    site.pages["/f"] = answer(500)
    poll(held, feed_id, NOW + timedelta(hours=1))
    assert (row(held, feed_id)["etag"], row(held, feed_id)["failures"], row(held, feed_id)["last_status"]) == (
        '"v1"',
        1,
        500,
    )


def test_validators_are_not_believed_for_ever(site: Site, held: Runtime) -> None:
    site.pages["/f"] = with_validators(rss(item(1, site.url("/1"))), RSS, '"same-for-ever"')
    feed_id = add(held, site.url("/f"))
    for days in (0, 1, 8):
        poll(held, feed_id, NOW + timedelta(days=days))
    assert ["if-none-match" in request.headers for request in site.asked("/f")] == [False, True, False]


def test_a_304_to_a_plain_question_is_an_error(site: Site, held: Runtime) -> None:
    site.pages["/f"] = answer(304)
    polled = poll(held, add(held, site.url("/f")))
    assert polled is not None and polled.outcome == "failed"


def test_the_same_bytes_are_not_parsed_again(site: Site, held: Runtime) -> None:
    feed_id = add(held, site.put("/f", rss(item(1, site.url("/1"))), RSS))
    poll(held, feed_id)
    with held.database.writing() as connection:
        connection.execute(entries_table.delete())
    assert poll(held, feed_id, NOW + timedelta(hours=1)) == Polled("no-news")
    assert row(held, feed_id)["entries"] == 1


def test_a_feed_that_is_gone_is_not_asked_again(site: Site, held: Runtime) -> None:
    site.pages["/f"] = answer(410)
    feed_id = add(held, site.url("/f"))
    polled = poll(held, feed_id)
    assert polled is not None and polled.outcome == "gone"
    assert row(held, feed_id)["state"] == "gone"
    with held.database.writing() as connection:
        assert due_feeds(connection, 10, now=NOW + timedelta(days=400)) == ()
        feeds.resume(connection, feed_id, now=NOW)
    assert row(held, feed_id)["state"] == "active"


def test_a_404_is_soft_and_backs_off(site: Site, held: Runtime) -> None:
    feed_id = add(held, site.url("/missing"))
    waits = []
    for day in range(6):
        now = NOW + timedelta(days=day)
        poll(held, feed_id, now)
        waits.append(wait_s(held, feed_id, now))
    assert row(held, feed_id)["state"] == "active"
    assert waits == sorted(waits) and waits[0] >= 3600 and waits[-1] >= 86_400
    assert row(held, feed_id)["failures"] == 6


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7200", 7_200, 9_000),
        ("Sat, 21 Nov 2099 12:00:00 GMT", 86_400, 100_000),
        ("999999999999", 86_400, 100_000),
        ("-9e99", 3_600, 4_400),
        ("tomorrow", 3_600, 4_400),
        ("0", 3_600, 4_400),
    ],
)
def test_retry_after_is_honoured_within_bounds(site: Site, held: Runtime, header: str, least: int, most: int) -> None:
    site.pages["/f"] = answer(429, b"", {"Retry-After": header})
    feed_id = add(held, site.url("/f"))
    poll(held, feed_id)
    assert least <= wait_s(held, feed_id) <= most
    assert row(held, feed_id)["last_status"] == 429


def test_a_feed_is_not_polled_against_its_wishes(site: Site, held: Runtime) -> None:
    dated = "<pubDate>Sat, 21 Nov 2026 11:{:02d}:00 GMT</pubDate>"
    busy = [item(n, site.url(f"/{n}"), more=dated.format(n)) for n in range(60)]  # an item a minute
    wishes = {
        "nothing": (rss(*busy), {}, 300),
        "ttl": (rss(*busy, channel="<ttl>120</ttl>"), {}, 7_200),
        "cache": (rss(*busy), {"Cache_Control": "max-age=5400"}, 5_400),
        "both": (rss(*busy, channel="<ttl>10</ttl>"), {"Cache_Control": "max-age=5400"}, 5_400),
        "absurd": (rss(*busy), {"Cache_Control": "max-age=31536000"}, 86_400),
    }
    for name, (body, headers, least) in wishes.items():
        feed_id = add(held, site.put(f"/{name}", body, RSS, **headers))
        poll(held, feed_id)
        assert least <= wait_s(held, feed_id) <= max(1.2 * least, 700), name


def test_quiet_hours_are_kept_after_a_304_too(site: Site, held: Runtime) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(12, 20))
    body = rss(item(1, site.url("/1")), channel=f"<skipHours>{hours}</skipHours>")
    site.pages["/f"] = with_validators(body, RSS, '"v"')
    feed_id = add(held, site.url("/f"))
    for _ in range(2):
        poll(held, feed_id)
        assert row(held, feed_id)["next_poll_at"].hour not in range(12, 20)


def test_a_feed_that_moved_for_good_is_asked_at_its_new_address(site: Site, held: Runtime) -> None:
    site.put("/new", rss(item(1, site.url("/1"))), RSS)
    site.pages["/old"] = redirect(301, "/new")
    feed_id = add(held, site.url("/old"))
    poll(held, feed_id)
    assert row(held, feed_id)["url"] == site.url("/new")
    poll(held, feed_id, NOW + timedelta(hours=1))
    assert len(site.asked("/old")) == 1


def test_a_feed_that_moved_to_another_one_of_ours_ends(site: Site, held: Runtime) -> None:
    first = add(held, site.put("/new", rss(item(1, site.url("/1"))), RSS))
    site.pages["/old"] = redirect(308, "/new")
    second = add(held, site.url("/old"))
    polled = poll(held, second)
    assert polled is not None and polled.outcome == "moved"
    assert (row(held, second)["state"], row(held, first)["state"]) == ("gone", "active")
    assert first in row(held, second)["last_error"]


def test_a_permanent_redirect_to_a_page_is_no_move(site: Site, held: Runtime) -> None:
    site.put("/front", "<html><body>Willkommen</body></html>")
    site.pages["/f"] = redirect(301, "/front")
    feed_id = add(held, site.url("/f"))
    poll(held, feed_id)
    assert row(held, feed_id)["url"] == site.url("/f")


def test_two_feeds_of_one_site_do_not_ask_it_at_once(site: Site, tmp_path: Path) -> None:
    held = runtime(tmp_path, host_gap_s=5.0)
    first, second = (add(held, site.put(f"/{n}", rss(item(n, site.url(f"/a{n}"))), RSS)) for n in (1, 2))
    assert poll_feed(first, held) is not None
    assert poll_feed(second, held) is None
    feed = row(held, second)
    assert (feed["polls"], feed["failures"], feed["last_error"]) == (0, 0, None)
    assert feed["next_poll_at"] > datetime.now(UTC)
