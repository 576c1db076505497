"""One address asked, one answer in bytes, whatever the server does."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator

import pytest

from ingest.errors import BlockedAddress, FetchTimeout, IngestError, PageGone, PageTooLarge, Permanent, ServerBusy
from ingest.fetch.client import Fetcher, expect_page, unpack_gzip
from tests.site import (
    Site,
    answer,
    cut_short,
    endless,
    gzip_bomb,
    header_bomb,
    not_http,
    open_site,
    packed,
    redirect,
    silent,
    slow_headers,
    trickle,
    with_validators,
)

LIMIT = 1_000_000


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        yield site


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(user_agent="Newsfold/test (+https://example.org)", deadline_s=1.0, allowed_hosts=("127.0.0.1",))


def test_a_page_comes_with_what_was_said_about_it(site: Site, fetcher: Fetcher) -> None:
    site.put("/a", "<p>été</p>", "Text/HTML; Charset='UTF-8'")
    page = fetcher.get(site.url("/a"), max_bytes=LIMIT)
    assert (page.status, page.body, page.media_type, page.charset) == (200, "<p>été</p>".encode(), "text/html", "utf-8")
    assert site.requests[0].headers["user-agent"] == "Newsfold/test (+https://example.org)"
    assert site.requests[0].headers["accept-encoding"] == "gzip"


def test_a_packed_page_is_unpacked(site: Site, fetcher: Fetcher) -> None:
    import gzip
    import zlib

    site.pages["/gzip"] = packed(gzip.compress(b"hello"))
    site.pages["/zlib"] = packed(zlib.compress(b"hello"), "deflate")
    site.pages["/raw"] = packed(zlib.compress(b"hello")[2:-4], "deflate")
    assert [fetcher.get(site.url(path), max_bytes=LIMIT).body for path in ("/gzip", "/zlib", "/raw")] == [b"hello"] * 3


def test_validators_are_sent_and_a_304_has_no_body(site: Site, fetcher: Fetcher) -> None:
    site.pages["/f"] = with_validators("<rss/>", "application/rss+xml", '"v1"')
    first = fetcher.get(site.url("/f"), max_bytes=LIMIT)
    second = fetcher.get(site.url("/f"), max_bytes=LIMIT, etag=first.headers["etag"], last_modified="yesterday")
    assert (first.status, second.status, second.body) == (200, 304, b"")
    assert site.requests[1].headers["if-modified-since"] == "yesterday"


def test_a_permanent_move_is_told_from_a_passing_one(site: Site, fetcher: Fetcher) -> None:
    site.put("/new", "here")
    site.pages["/301"] = redirect(301, "/308")
    site.pages["/308"] = redirect(308, "/new")
    site.pages["/302"] = redirect(302, "/301")
    site.pages["/part"] = redirect(301, "/302")
    moves = {path: fetcher.get(site.url(path), max_bytes=LIMIT).moved_to for path in ("/301", "/302", "/part")}
    assert moves == {"/301": site.url("/new"), "/302": None, "/part": site.url("/302")}


def test_each_hop_is_announced_before_it_is_asked(site: Site, fetcher: Fetcher) -> None:
    site.put("/new", "here")
    site.pages["/old"] = redirect(302, site.url("/new"))
    hops: list[str] = []

    def refuse_the_second(url: str) -> None:
        hops.append(url)
        if len(hops) == 2:
            raise Permanent("not there", reason="robots")

    with pytest.raises(Permanent, match="not there"):
        fetcher.get(site.url("/old"), max_bytes=LIMIT, before_hop=refuse_the_second)
    assert hops == [site.url("/old"), site.url("/new")]
    assert not site.asked("/new")


def test_a_loop_of_redirects_ends(site: Site, fetcher: Fetcher) -> None:
    site.pages["/loop"] = redirect(302, "/loop")
    with pytest.raises(Permanent) as error:
        fetcher.get(site.url("/loop"), max_bytes=LIMIT)
    assert error.value.reason == "too-many-redirects"
    assert len(site.asked("/loop")) == 6


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://x",
        "javascript:alert(1)",
        "http://[::1",
        "data:,x",
    ],
)
def test_a_redirect_out_of_the_web_is_refused(site: Site, fetcher: Fetcher, target: str) -> None:
    site.pages["/out"] = redirect(302, target)
    with pytest.raises(BlockedAddress):
        fetcher.get(site.url("/out"), max_bytes=LIMIT)


def test_a_redirect_to_a_private_address_is_refused_and_nobody_is_called(site: Site, fetcher: Fetcher) -> None:
    with open_site() as inside:
        for target in (inside.url("/", "127.0.0.2"), inside.url("/", "localhost"), "http://169.254.169.254/latest/"):
            site.pages["/in"] = redirect(302, target)
            with pytest.raises(BlockedAddress):
                fetcher.get(site.url("/in"), max_bytes=LIMIT)
        assert inside.requests == []


HOSTILE = {
    "/bomb": (packed(gzip_bomb(100)), PageTooLarge),
    "/double_bomb": (packed(__import__("gzip").compress(gzip_bomb(300)), "gzip, gzip"), Permanent),
    "/nested_bomb": (packed(__import__("gzip").compress(gzip_bomb(300)), "gzip"), None),
    "/br": (packed(b"\x0b\x02\x80hello\x03", "br"), Permanent),
    "/not_gzip": (packed(b"<rss/>"), ServerBusy),
    "/gzip_cut": (packed(gzip_bomb(1)[:300]), ServerBusy),
    "/endless": (endless, PageTooLarge),
    "/big_length": (answer(200, b"x", {"Content-Length": "99999999999"}), PageTooLarge),
    "/cut_short": (cut_short, ServerBusy),
    "/trickle": (trickle, FetchTimeout),
    "/slow_headers": (slow_headers, FetchTimeout),
    "/silent": (silent, FetchTimeout),
    "/header_bomb": (header_bomb, ServerBusy),
    "/not_http": (not_http, ServerBusy),
}


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_server_ends_in_a_named_error_in_time(site: Site, fetcher: Fetcher, path: str) -> None:
    handler, expected = HOSTILE[path]
    site.pages[path] = handler
    started = time.monotonic()
    if expected is None:
        assert len(fetcher.get(site.url(path), max_bytes=LIMIT).body) < LIMIT
    else:
        with pytest.raises(expected):
            fetcher.get(site.url(path), max_bytes=LIMIT)
    assert time.monotonic() - started < 3


def test_bombs_cost_no_memory(site: Site, fetcher: Fetcher) -> None:
    bombs = [path for path in HOSTILE if path not in ("/trickle", "/slow_headers", "/silent")]
    for path in bombs:
        site.pages[path] = HOSTILE[path][0]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in bombs:
        try:
            fetcher.get(site.url(path), max_bytes=10_000_000)
        except IngestError:
            continue
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_nobody_home_is_a_reason_to_come_back(fetcher: Fetcher) -> None:
    with open_site() as site:
        url = site.url("/")
    with pytest.raises(ServerBusy, match="could not be reached"):
        fetcher.get(url, max_bytes=LIMIT)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (404, PageGone, "page-gone"),
        (410, PageGone, "page-gone"),
        (403, Permanent, "forbidden"),
        (451, Permanent, "forbidden"),
        (418, Permanent, "bad-status"),
        (429, ServerBusy, None),
        (500, ServerBusy, None),
        (503, ServerBusy, None),
    ],
)
def test_a_status_has_a_consequence(
    site: Site, fetcher: Fetcher, status: int, error: type[IngestError], reason: str | None
) -> None:
    site.pages["/s"] = answer(status, b"x", {"Retry-After": "7"})
    with pytest.raises(error) as raised:
        expect_page(fetcher.get(site.url("/s"), max_bytes=LIMIT))
    if reason is not None:
        assert isinstance(raised.value, Permanent) and raised.value.reason == reason
    else:
        assert isinstance(raised.value, ServerBusy) and raised.value.retry_after == 7


def test_a_gzip_file_is_unpacked_under_the_cap() -> None:
    import gzip

    assert unpack_gzip(gzip.compress(b"<urlset/>"), "sitemap", 100) == b"<urlset/>"
    assert unpack_gzip(b"<urlset/>", "sitemap", 100) == b"<urlset/>"
    with pytest.raises(PageTooLarge):
        unpack_gzip(gzip_bomb(10), "sitemap", 1_000_000)
