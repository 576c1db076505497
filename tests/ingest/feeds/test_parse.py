"""A feed's bytes to its entries."""

from __future__ import annotations

import ast
import contextlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest
from ingest.errors import FeedUnreadable
from ingest.feeds import fingerprint, parse_feed
from ingest.feeds.bounds import MAX_ENTRIES

URL = "https://news.example/feed.xml"
LONG = "<p>" + "Eine ganze Meldung mit vielen Wörtern steht hier. " * 40 + "</p>"


def rss(items: str, channel: str = "", version: str = "2.0") -> bytes:
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='{version}' "
        "xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/' "
        "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>"
        f"<channel><title>Zeitung</title><link>https://news.example/</link>{channel}{items}</channel></rss>"
    ).encode()


ITEM = (
    "<item><title>Titel &amp; mehr</title><link>https://news.example/a?utm_source=rss</link><guid>a-1</guid>"
    "<description>&lt;p&gt;Kurz &amp;amp; gut&lt;/p&gt;&lt;img src='x'&gt;</description>"
    "<dc:creator>Anna Beispiel</dc:creator><pubDate>Sat, 21 Nov 2020 09:30:00 +0100</pubDate></item>"
)


def test_an_rss_item_is_an_entry() -> None:
    feed = parse_feed(rss(ITEM, "<language>de-DE</language>"), url=URL)
    assert (feed.kind, feed.title, feed.site_url, feed.language) == ("rss", "Zeitung", "https://news.example/", "de")
    (entry,) = feed.entries
    assert entry.guid == "a-1"
    assert entry.url == "https://news.example/a"
    assert (entry.title, entry.summary, entry.content) == ("Titel & mehr", "Kurz & gut", "")
    assert (entry.author, entry.language) == ("Anna Beispiel", "de")
    assert entry.published == datetime(2020, 11, 21, 8, 30, tzinfo=UTC)
    assert entry.updated is None


def test_an_atom_entry_is_an_entry() -> None:
    atom = """<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='fr'>
    <title type='html'>Le &lt;b&gt;Journal&lt;/b&gt;</title>
    <link href='https://news.example/'/><entry><id>tag:1</id><title>1 &lt; 2</title><link href='/b'/>
    <updated>2020-11-21T10:00:00Z</updated><published>2020-11-20T10:00:00Z</published>
    <summary>Résumé</summary></entry></feed>"""
    feed = parse_feed(atom.encode(), url=URL)
    assert (feed.kind, feed.title, feed.language) == ("atom", "Le Journal", "fr")
    (entry,) = feed.entries
    assert (entry.guid, entry.url, entry.title) == ("tag:1", "https://news.example/b", "1 < 2")
    assert entry.published == datetime(2020, 11, 20, 10, tzinfo=UTC)
    assert entry.updated == datetime(2020, 11, 21, 10, tzinfo=UTC)


def test_a_json_feed_item_is_an_entry() -> None:
    found = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Paper",
        "home_page_url": "https://news.example/",
        "language": "en-GB",
        "items": [
            {
                "id": 7,
                "url": "/c",
                "title": "A title",
                "content_text": "One <line>.\n\nTwo.",
                "date_published": "2020-11-21T09:30:00+01:00",
                "authors": [{"name": "Ann"}, {"name": "Bob"}, {"url": "x"}],
            },
            "not an item",
        ],
    }
    feed = parse_feed(json.dumps(found).encode(), url=URL)
    assert (feed.kind, feed.title, feed.language, feed.warning) == ("json", "Paper", "en", "items that are no objects")
    (entry,) = feed.entries
    assert (entry.guid, entry.url, entry.author) == ("7", "https://news.example/c", "Ann, Bob")
    assert entry.summary == "One <line>. Two."
    assert entry.published == datetime(2020, 11, 21, 8, 30, tzinfo=UTC)


def test_a_news_sitemap_is_a_feed_of_its_newest_pages() -> None:
    sitemap = """<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'
      xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'>
    <url><loc>https://news.example/old</loc><lastmod>2020-11-20</lastmod></url>
    <url><loc>https://news.example/new</loc><news:news><news:publication><news:name>Zeitung</news:name>
      <news:language>de</news:language></news:publication><news:publication_date>2020-11-21T10:00:00Z</news:publication_date>
      <news:title>Neu</news:title></news:news></url>
    <url><loc>not an address</loc></url><url/></urlset>"""
    feed = parse_feed(sitemap.encode(), url=URL)
    assert (feed.kind, feed.title, feed.language) == ("sitemap", "Zeitung", "de")
    assert [(entry.url, entry.title) for entry in feed.entries] == [
        ("https://news.example/new", "Neu"),
        ("https://news.example/old", ""),
        ("https://news.example/not%20an%20address", ""),
    ]


def test_an_index_of_sitemaps_names_the_latest_first() -> None:
    index = """<sitemapindex><sitemap><loc>https://news.example/1.xml</loc><lastmod>2020-01-01</lastmod></sitemap>
    <sitemap><loc>https://news.example/2.xml</loc><lastmod>2020-02-01</lastmod></sitemap></sitemapindex>"""
    assert parse_feed(index.encode(), url=URL).more == ("https://news.example/2.xml", "https://news.example/1.xml")


def test_a_whole_article_in_the_feed_is_used_as_it_is() -> None:
    item = f"<item><title>x</title><guid>1</guid><content:encoded><![CDATA[{LONG}]]></content:encoded></item>"
    feed = parse_feed(rss(item), url=URL)
    assert feed.full_content and feed.entries[0].content.startswith("<p>Eine ganze Meldung")


def test_a_teaser_is_not_taken_for_the_article() -> None:
    teasers = [
        "<p>Ein kurzer Anriss.</p>",
        LONG.removesuffix("</p>") + " […]</p>",
        LONG + "<p><a href='x'>Weiterlesen</a></p>",
        LONG + "<p>The post X appeared first on Y.</p>",
    ]
    for teaser in teasers:
        item = f"<item><guid>1</guid><content:encoded><![CDATA[{teaser}]]></content:encoded></item>"
        feed = parse_feed(rss(item), url=URL)
        assert (feed.full_content, feed.entries[0].content) == (False, ""), teaser


def test_a_brief_in_a_feed_of_whole_articles_is_whole() -> None:
    brief = "<p>" + "Eine kurze Meldung. " * 15 + "</p>"
    items = "".join(
        f"<item><guid>{n}</guid><content:encoded><![CDATA[{text}]]></content:encoded></item>"
        for n, text in enumerate([LONG, LONG, brief])
    )
    assert parse_feed(rss(items), url=URL).entries[2].content.strip() != ""


def test_entries_that_share_one_id_are_told_apart_by_their_links() -> None:
    items = "".join(f"<item><guid>site</guid><link>https://news.example/{n}</link></item>" for n in (1, 2, 2))
    assert [entry.guid for entry in parse_feed(rss(items), url=URL).entries] == [
        "https://news.example/1",
        "https://news.example/2",
    ]


def test_an_entry_without_id_and_link_keeps_its_id_between_polls() -> None:
    item = "<item><title>Nur ein Titel</title><pubDate>Sat, 21 Nov 2020 09:30:00 GMT</pubDate></item>"
    first, second = (parse_feed(rss(item + other), url=URL).entries[0] for other in ("", ITEM))
    assert first.guid == second.guid and first.guid.startswith("sha256:")
    assert first.url is None


def test_a_new_title_is_a_new_fingerprint_and_a_new_date_is_none() -> None:
    entry = parse_feed(rss(ITEM), url=URL).entries[0]
    retitled = parse_feed(rss(ITEM.replace("Titel", "Anderer Titel")), url=URL).entries[0]
    redated = parse_feed(rss(ITEM.replace("09:30", "10:30")), url=URL).entries[0]
    assert fingerprint(entry) != fingerprint(retitled)
    assert fingerprint(entry) == fingerprint(redated)


@pytest.mark.parametrize(
    ("channel", "seconds"),
    [
        ("<ttl>60</ttl>", 3_600),
        ("<ttl> 15 </ttl>", 900),
        ("<ttl>soon</ttl>", 0),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 900),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 86_400),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3_600),
        ("", 0),
    ],
)
def test_what_a_feed_asks_for_is_heard(channel: str, seconds: int) -> None:
    assert parse_feed(rss(ITEM, channel), url=URL).wanted_s == seconds


def test_hours_and_days_without_polls_are_heard() -> None:
    channel = (
        "<skipHours><hour>0</hour><hour>24</hour><hour>13</hour></skipHours><skipDays><day>Sunday</day></skipDays>"
    )
    feed = parse_feed(rss(ITEM, channel), url=URL)
    assert (feed.skip_hours, feed.skip_days) == ({0, 13}, {6})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "html"),
        (b"\xef\xbb\xbf\n<html><body>x</body></html>", "html"),
        (b"Not found", "not-a-feed"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not-a-feed"),
        (b"<xml/>", "not-a-feed"),
        (b"{}", "not-a-feed"),
        (b"[1, 2", "not-a-feed"),
        (b'{"items": []}', "not-a-feed"),
        (b"[" * 100_000, "not-a-feed"),
        (b"<urlset><url>", "feed-unreadable"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(FeedUnreadable) as error:
        parse_feed(body, url=URL)
    assert error.value.reason == reason
    assert URL in str(error.value)


LAUGHS = (
    "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY a{n} '{'&a' + str(n - 1) + ';' if n else '&a;'}{'&a;' * 9}'>" for n in range(9))
    + "]><rss version='2.0'><channel><title>&a8;</title></channel></rss>"
)
TRAPS = {
    "billion laughs": LAUGHS.encode(),
    "external entity": b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss version='2.0'><channel>"
    b"<title>&x;</title></channel></rss>",
    "parameter entity": b"<!DOCTYPE r [<!ENTITY % x SYSTEM 'http://169.254.169.254/'> %x;]><rss/>",
    "utf-16 laughs": LAUGHS.encode("utf-16"),
    "sitemap laughs": LAUGHS.replace("rss", "urlset").encode(),
    "20,000 attributes": rss("<item " + " ".join(f"a{n}='1'" for n in range(20_000)) + "><title>x</title></item>"),
    "30,000 open tags": rss("<a></b>" * 30_000),
    "600,000 tags": rss("<a>" * 600_000),
    "200,000 objects": b'{"version": "https://jsonfeed.org/version/1", "items": [' + b"{}," * 200_000 + b"{}]}",
    "60,000 addresses": b"<urlset>" + b"<url><loc>x</loc></url>" * 60_000 + b"</urlset>",
    "20,000 bare attributes": rss("<item b='>' " + " ".join(f"a{n}=1" for n in range(20_000)) + "><title/></item>"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_refused_before_it_is_parsed(name: str) -> None:
    started = time.process_time()
    with pytest.raises(FeedUnreadable) as error:
        parse_feed(TRAPS[name], url=URL)
    assert error.value.reason in ("xml-entities", "absurd-tag", "absurd-depth", "too-many-parts")
    assert "root:" not in str(error.value)
    assert time.process_time() - started < 1


HEAVY = {
    "loose comments": rss("<!-- " * 80_000 + ITEM),
    "closed comments": rss("<!-- x -->" * 40_000 + "&bad;" + ITEM),
    "16,000 items": rss("<item><title>x</title><description>d</description></item>" * 16_000),
    "deep": rss("<a>" * 5_000 + "</a>" * 5_000),
    "open tags": rss("<" * 20_000),
    "ampersands": rss("&" * 20_000),
    "open cdata, closed late": rss("<![CDATA[" * 50_000 + "]]>"),
    "tags without end": rss("<a " * 20_000),
    "open cdata": rss("<![CDATA[" * 10_000),
    "instructions": rss("<?x " * 10_000),
}


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_feed_is_parsed_or_refused_in_time(name: str) -> None:
    started = time.process_time()
    with contextlib.suppress(FeedUnreadable):
        assert len(parse_feed(HEAVY[name], url=URL).entries) <= MAX_ENTRIES
    assert time.process_time() - started < 4


def test_the_first_entries_of_too_many_are_taken_and_the_rest_is_counted() -> None:
    items = "".join(f"<item><guid>{n}</guid></item>" for n in range(MAX_ENTRIES + 20))
    feed = parse_feed(rss(items), url=URL)
    assert (len(feed.entries), feed.left_out, feed.warning) == (MAX_ENTRIES, 20, "")
    assert feed.entries[-1].guid == str(MAX_ENTRIES - 1)


TITLE = "Æther – Größe, naïve « été »"


@pytest.mark.parametrize(
    ("declared", "actual", "charset"),
    [
        ("utf-8", "utf-8", None),
        ("iso-8859-1", "utf-8", "iso-8859-1"),
        ("utf-8", "cp1252", None),
        ("utf-8", "cp1252", "utf-8"),
        ("windows-1252", "cp1252", None),
        ("utf-16", "utf-16", None),
        ("utf-16", "utf-16-le", "utf-8"),
        ("no-such", "utf-8", "also-none"),
    ],
)
def test_letters_survive_a_wrong_declaration(declared: str, actual: str, charset: str | None) -> None:
    xml = (
        f"<?xml version='1.0' encoding='{declared}'?><rss version='2.0'><channel><title>{TITLE}</title></channel></rss>"
    )
    assert parse_feed(xml.encode(actual), url=URL, charset=charset).title == TITLE


def test_broken_bytes_in_an_utf8_feed_spoil_only_themselves() -> None:
    assert parse_feed(rss(ITEM.replace("mehr", "größer")).replace(b"Kurz", b"Kurz \xff\xfe"), url=URL).entries[
        0
    ].title == ("Titel & größer")


def test_controls_and_lone_surrogates_are_gone() -> None:
    body = json.dumps(
        {"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "a\x00b\ud800c\u202e"}]}
    )
    assert parse_feed(body.encode(), url=URL).entries[0].title == "ab\ufffdc"


def test_characters_in_two_halves_are_joined_and_a_half_alone_costs_no_feed() -> None:
    item = "<item><title>Fire &#xD83D;&#xDE00; x&#xD800;y &amp;#55357;&amp;#56832; &#55000;</title></item>"
    assert parse_feed(rss(item), url=URL).entries[0].title == "Fire \U0001f600 x\ufffdy \U0001f600 \ud6d8"


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_a_feed_or_a_reason(body: bytes) -> None:
    for start in (b"", b"<rss version='2.0'><channel>", b"{", b"<urlset>"):
        with contextlib.suppress(FeedUnreadable):
            assert len(parse_feed(start + body, url=URL).entries) < 300


def test_feedparser_is_only_ever_given_bytes_in_memory() -> None:
    """Given a string it fetches addresses and opens files."""
    calls = 0
    for path in Path(ingest.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)) if "feedparser" in source else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "feedparser.parse":
                calls += 1
                assert ast.unparse(node.args[0]).startswith("io.BytesIO("), path
    assert calls == 1


def test_an_id_that_is_no_address_is_no_link() -> None:
    (entry,) = parse_feed(rss("<item><title>x</title><guid>12345</guid></item>"), url=URL).entries
    assert (entry.guid, entry.url) == ("12345", None)
    (entry,) = parse_feed(rss("<item><guid>https://news.example/5</guid></item>"), url=URL).entries
    assert (entry.guid, entry.url) == ("https://news.example/5", "https://news.example/5")
