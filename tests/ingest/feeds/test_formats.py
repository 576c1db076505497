"""Feeds as they are and not as they should be: each kind of defect that validators know, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from ingest.errors import FeedUnreadable
from ingest.feeds import parse_feed
from ingest.feeds.dates import read_date
from ingest.types import FeedEntry

URL = "https://news.example/dir/feed.xml"
ATOM = "http://www.w3.org/2005/Atom"
PAGE = "https://news.example/a"


def rss(items: str, *, namespaces: str = "", channel: str = "", root: str = "rss version='2.0'") -> str:
    about = "<title>T</title><link>https://news.example/</link>"
    return f"<?xml version='1.0'?><{root} {namespaces}><channel>{about}{channel}{items}</channel></{root.split()[0]}>"


def item(inside: str = "", title: str = "A", link: str = PAGE) -> str:
    return f"<item><title>{title}</title><link>{link}</link>{inside}</item>"


def atom(entry: str, attributes: str = "") -> str:
    return f"<feed xmlns='{ATOM}' {attributes}><title>T</title><id>urn:x</id><entry>{entry}</entry></feed>"


@dataclass(frozen=True, slots=True)
class Case:
    """A feed of one entry, and what it says."""

    feed: str
    title: str = "A"
    url: str | None = PAGE
    summary: str = ""
    kind: str = "rss"


RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
CASES = {
    # versions and roots
    "rss-0.90": Case(
        f"<rdf:RDF xmlns:rdf='{RDF}' xmlns='http://my.netscape.com/rdf/simple/0.9/'>"
        f"<channel><title>T</title></channel>{item()}</rdf:RDF>"
    ),
    "rss-1.0": Case(
        f"<rdf:RDF xmlns:rdf='{RDF}' xmlns='http://purl.org/rss/1.0/'>"
        f"<channel rdf:about='x'><title>T</title></channel>{item()}</rdf:RDF>"
    ),
    "rdf-without-its-namespace": Case(
        f"<rdf:RDF xmlns:rdf='{RDF}'><channel><title>T</title></channel>{item()}</rdf:RDF>"
    ),
    "rss-0.91-with-letters-of-its-dtd": Case(
        "<!DOCTYPE rss PUBLIC '-//Netscape Communications//DTD RSS 0.91//EN' "
        "'http://my.netscape.com/publish/formats/rss-0.91.dtd'><rss version='0.91'><channel><title>T</title>"
        + item(title="Caf&eacute;&nbsp;&ndash; x")
        + "</channel></rss>",
        title="Café – x",
    ),
    "cdf": Case(f"<CHANNEL><TITLE>T</TITLE><ITEM HREF='{PAGE}'><TITLE>A</TITLE></ITEM></CHANNEL>"),
    "upper-case": Case(f"<RSS><CHANNEL><ITEM><TITLE>A</TITLE><LINK>{PAGE}</LINK></ITEM></CHANNEL></RSS>"),
    "item-without-channel": Case(f"<rss version='2.0'>{item()}</rss>"),
    "item-behind-the-channel": Case(f"<rss version='2.0'><channel><title>T</title></channel>{item()}</rss>"),
    "channel-without-rss": Case(f"<channel><title>T</title>{item()}</channel>"),
    "unknown-version": Case(rss(item(), root="rss version='9.9'")),
    "atom-0.3": Case(
        "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>T</title><entry><title>A</title>"
        f"<link rel='alternate' href='{PAGE}'/><issued>2003-01-01T00:00:00Z</issued></entry></feed>",
        kind="atom",
    ),
    "atom-without-namespace": Case(
        f"<feed><title>T</title><entry><title>A</title><id>1</id><link href='{PAGE}'/></entry></feed>", kind="atom"
    ),
    "atom-with-a-wrong-namespace": Case(
        atom(f"<title>A</title><link href='{PAGE}'/>").replace("2005/Atom", "2005/atom"), kind="atom"
    ),
    "atom-with-a-prefix": Case(
        f"<a:feed xmlns:a='{ATOM}'><a:entry><a:title>A</a:title><a:link href='/a'/></a:entry></a:feed>",
        kind="atom",
    ),
    "lone-atom-entry": Case(f"<entry xmlns='{ATOM}'><title>A</title><link href='{PAGE}'/></entry>", kind="atom"),
    # titles and texts
    "letters-escaped-once-more": Case(rss(item(title="Caf&amp;eacute; &amp;amp; Cie")), title="Café & Cie"),
    "undeclared-letters": Case(rss(item(title="Caf&eacute; &ndash; x")), title="Café – x"),
    "bare-ampersands": Case(rss(item(title="A & B", link=PAGE + "?x=1&y=2")), "A & B", PAGE + "?x=1&y=2"),
    "cdata": Case(rss(item(title="<![CDATA[A &amp; B <i>c</i>]]>", link=f"<![CDATA[ {PAGE} ]]>")), "A & B c"),
    "markup-in-a-title": Case(rss(item(title="A <b>bold</b> move")), "A bold move"),
    "xhtml-title": Case(
        atom(
            "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>A <b>b</b> &lt;c&gt;</div></title>"
            f"<link href='{PAGE}'/>"
        ),
        "A b <c>",
        kind="atom",
    ),
    "markup-escaped-twice": Case(
        rss(item("<description>&amp;lt;p&amp;gt;Hallo &amp;lt;b&amp;gt;du&amp;lt;/b&amp;gt;</description>")),
        summary="Hallo du",
    ),
    "prose-about-markup": Case(
        rss(item("<description>Use &amp;lt;p&amp;gt; for paragraphs</description>")),
        summary="Use <p> for paragraphs",
    ),
    "windows-quote-by-number": Case(rss(item("<description>isn&amp;#x92;t</description>")), summary="isn’t"),
    "forbidden-characters": Case(rss(item(title="A &#128512; &#0; &#xFFFE; &#x1F;")), "A 😀"),
    "no-title": Case(
        rss(f"<item><link>{PAGE}</link><description>Only this</description></item>"), "", summary="Only this"
    ),
    # links and ids
    "relative-link": Case(rss(item(link="/a"))),
    "xml-base": Case(
        rss("<item xml:base='https://o.example/q/'><title>A</title><link>b</link></item>"), url="https://o.example/q/b"
    ),
    "nested-xml-base": Case(
        atom("<title>A</title><link xml:base='e/' href='x'/>", "xml:base='https://o.example/b/'"),
        url="https://o.example/b/e/x",
        kind="atom",
    ),
    "guid-that-is-the-link": Case(rss(f"<item><title>A</title><guid>{PAGE}</guid></item>")),
    "guid-that-is-no-link": Case(
        rss(f"<item><title>A</title><guid isPermaLink='false'>{PAGE}</guid></item>"), url=None
    ),
    "guid-that-says-it-is-one": Case(rss("<item><title>A</title><guid isPermaLink='true'>x1</guid></item>"), url=None),
    "atom-link-in-rss": Case(
        rss(f"<item><title>A</title><a:link href='{PAGE}'/></item>", namespaces=f"xmlns:a='{ATOM}'")
    ),
    "empty-link-before-the-link": Case(rss(f"<item><title>A</title><link/><link>{PAGE}</link></item>")),
    "the-page-among-other-links": Case(
        atom(
            "<title>A</title><link rel='replies' href='/c' xmlns:thr='http://purl.org/syndication/thread/1.0' "
            "thr:count='3'/><link rel='enclosure' href='/e.mp3'/><link rel='edit' href='/edit'/><link href='/a'/>"
        ),
        kind="atom",
    ),
    "content-elsewhere": Case(atom(f"<title>A</title><id>1</id><content type='text/html' src='{PAGE}'/>"), kind="atom"),
    "link-of-a-script": Case(rss(item(link="javascript:alert(1)")), url=None),
    "link-of-mail": Case(rss(item(link="mailto:a@news.example")), url=None),
    "behind-feedburner": Case(
        rss(
            item(f"<f:origLink>{PAGE}</f:origLink>", link="https://feeds.feedburner.com/~r/x/~3/abc/"),
            namespaces="xmlns:f='http://rssnamespace.org/feedburner/ext/1.0'",
        )
    ),
    # extensions
    "itunes": Case(
        rss(
            item("<i:title>I</i:title><i:summary>S</i:summary><i:explicit>maybe</i:explicit>"),
            namespaces="xmlns:i='http://www.itunes.com/dtds/podcast-1.0.dtd'",
        ),
        summary="S",
    ),
    "georss": Case(
        rss(
            item("<g:point>north of here</g:point><geo:lat>x</geo:lat>"),
            namespaces="xmlns:g='http://www.georss.org/georss' xmlns:geo='http://www.w3.org/2003/01/geo/wgs84_pos#'",
        )
    ),
    "titles-of-media": Case(
        rss(
            item("<m:group><m:content url='x'><m:title>inner</m:title></m:content></m:group>"),
            namespaces="xmlns:m='http://search.yahoo.com/mrss/'",
        )
    ),
    "undeclared-prefix": Case(rss(item("<foo:bar>x</foo:bar>"))),
    "image-and-text-input": Case(
        rss(item(), channel="<image><title>I</title><link>x</link></image><textInput><title>J</title></textInput>")
    ),
    # around and inside the document
    "white-space-before": Case("\n\n  " + rss(item())),
    "a-warning-before": Case("<br />\n<b>Warning</b>: x in y.php on line 3<br />\n" + rss(item())),
    "a-script-behind": Case(rss(item()) + "<!-- 0.3 s --><script>x</script>"),
    "cut-off": Case(rss(item())[:-20]),
}


def only(feed: str | bytes) -> FeedEntry:
    (entry,) = parse_feed(feed if isinstance(feed, bytes) else feed.encode(), url=URL).entries
    return entry


@pytest.mark.parametrize("name", CASES)
def test_a_defect_costs_no_news(name: str) -> None:
    case = CASES[name]
    entry = only(case.feed)
    assert (entry.title, entry.url, entry.summary) == (case.title, case.url, case.summary)
    assert parse_feed(case.feed.encode(), url=URL).kind == case.kind
    assert entry.guid


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "iso-8859-1", "cp1252", "cp037"]
)
def test_letters_come_through_in_every_encoding(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    feed = rss(item(title="Café Müller")).replace("version='1.0'?", f"version='1.0' encoding='{declared}'?")
    assert only(feed.encode(encoding)).title == "Café Müller"


def test_an_entry_that_says_nothing_is_none() -> None:
    feed = parse_feed(rss("<item/><item></item><item><title></title></item>" + item()).encode(), url=URL)
    assert [entry.title for entry in feed.entries] == ["A"]


def test_the_author_is_a_name_where_there_is_one() -> None:
    assert only(rss(item("<author>a@news.example (Anna Beispiel)</author>"))).author == "Anna Beispiel"
    assert only(rss(item("<author>Anna Beispiel</author>"))).author == "Anna Beispiel"


@pytest.mark.parametrize(
    "body",
    [
        "<opml version='1.0'><body><outline text='x' xmlUrl='https://news.example/f'/></body></opml>",
        "<svg xmlns='http://www.w3.org/2000/svg'><title>x</title></svg>",
        "<OpenSearchDescription xmlns='http://a9.com/-/spec/opensearch/1.1/'><ShortName>x</ShortName></OpenSearchDescription>",
        "<kml xmlns='http://www.opengis.net/kml/2.2'><Document><name>x</name></Document></kml>",
        "title: x\nlink: y\n",
    ],
)
def test_other_documents_are_no_feeds(body: str) -> None:
    with pytest.raises(FeedUnreadable) as caught:
        parse_feed(body.encode(), url=URL)
    assert caught.value.reason == "not-a-feed"


DATES = [
    ("Sat, 07 Sep 2002 00:00:01 GMT", "2002-09-07T00:00:01"),
    ("07 Sep 02 00:00 GMT", "2002-09-07T00:00:00"),
    ("Sat, 7 Sept 2002 9:42:31 EST", "2002-09-07T14:42:31"),
    ("Foo, 07 Sep 2002 10:00:00 +0200", "2002-09-07T08:00:00"),
    ("Sat, 07 Sep 2002 10:00:00 +02:00 (CEST)", "2002-09-07T08:00:00"),
    ("Sat, 07 Sep 2002 10:00:00 CEST", "2002-09-07T08:00:00"),
    ("Sa, 07 Dez 2002 10:00:00 +0100", "2002-12-07T09:00:00"),
    ("Mo, 03 Mär 2003 10:00:00 MEZ", "2003-03-03T09:00:00"),
    ("30. Juni 2020, 10:15 Uhr", "2020-06-30T10:15:00"),
    ("07.09.2002 10:30", "2002-09-07T10:30:00"),
    ("sam., 07 sept. 2002 10:00:00 +0200", "2002-09-07T08:00:00"),
    ("mer., 02 juil. 2003 10:00:00 +0200", "2003-07-02T08:00:00"),
    ("1er août 2002 à 10h30", "2002-08-01T10:30:00"),
    ("31 Dec 1999 23:59:60 -0330", "2000-01-01T03:29:59"),
    ("20020907T100000Z", "2002-09-07T10:00:00"),
    ("1031356801", "2002-09-07T00:00:01"),
    ("2002-09-07", "2002-09-07T00:00:00"),
    ("2002-09-07T10:00:00+02:00", "2002-09-07T08:00:00"),
    ("Sat, 31 Feb 2002 00:00:01 GMT", None),
    ("Sat, 07 Sep 2002 24:00:01 GMT", None),
    ("Sat, 07 Sep 3002 00:00:01 GMT", None),
    ("Thu, 01 Jan 1970 00:00:00 GMT", None),
    ("0000-00-00T00:00:00Z", None),
    ("yesterday", None),
]


@pytest.mark.parametrize(("said", "meant"), DATES)
def test_a_date_is_read_as_it_was_meant(said: str, meant: str | None) -> None:
    entry = only(rss(item(f"<pubDate>{said}</pubDate>")))
    assert entry.published == (None if meant is None else datetime.fromisoformat(meant).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "month", ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"]
)
def test_months_in_french_are_told_apart(month: str) -> None:
    months = ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"]
    found = read_date(f"5 {month} 2020")
    assert found is not None
    assert found.month == months.index(month) + 1
