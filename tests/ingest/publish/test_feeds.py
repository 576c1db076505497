"""Feeds out, read by other parsers."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.parsers import expat

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.publish.feeds import Channel, Item, atom, json_feed, rss

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHANNEL = Channel("Newsfold", "https://news.example/out/articles.atom", "https://news.example/articles")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
RFC822 = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
NAUGHTY = (
    "]]>",
    "a \x00 b \x08 c \x1f",
    "<script>alert(1)</script> & &amp; &#0;",
    "\ud800 lone \udfff",
    "\ufffe\uffff",
    "‮ right to left",
    "👩‍👩‍👧 emoji",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;",
)


def item(text: str, **more: str | None) -> Item:
    values = {"url": "https://example.org/1", "title": text, "source": text, "author": None} | more
    return Item(
        id="a", page="https://news.example/articles/a", text=text, lang="fr", published=NOW, updated=NOW, **values
    )  # type: ignore[arg-type]


def strict(content: bytes) -> None:
    expat.ParserCreate().Parse(content, True)


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_text_makes_no_broken_feed(text: str) -> None:
    for write in (atom, rss):
        content = write(CHANNEL, [item(text)])
        strict(content)
        parsed = feedparser.parse(io.BytesIO(content))
        assert not parsed.bozo
        assert len(parsed.entries) == 1
    assert len(json.loads(json_feed(CHANNEL, [item(text)]))["items"]) == 1


@given(st.text(), st.text())
def test_every_text_makes_a_feed_that_parses(title: str, text: str) -> None:
    for write in (atom, rss):
        strict(write(CHANNEL, [item(text, title=title)]))
    json.loads(json_feed(CHANNEL, [item(text, title=title)]))


def web(address: str | None) -> bool:
    return urlsplit(address or "").scheme in ("http", "https") and bool(urlsplit(address or "").netloc)


def validate_atom(content: bytes) -> None:
    """What the W3C validator asks of Atom (RFC 4287): what must be there, once, and in its form."""
    a = "{http://www.w3.org/2005/Atom}"
    feed = ElementTree.fromstring(content)
    assert feed.tag == f"{a}feed"
    entries = feed.findall(f"{a}entry")
    for one in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(one.findall(a + name)) == 1, name
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", one.findtext(f"{a}id") or "")
        for name in ("updated", "published"):
            assert all(DATE.fullmatch(each.text or "") for each in one.findall(a + name))
        assert all(web(link.get("href")) for link in one.findall(f"{a}link"))
        rels = [(link.get("rel"), link.get("type")) for link in one.findall(f"{a}link")]
        assert len(rels) == len(set(rels)), "one alternate of a type"
    assert [link.get("rel") for link in feed.findall(f"{a}link")].count("self") == 1
    ids = [entry.findtext(f"{a}id") for entry in entries]
    assert len(ids) == len(set(ids))
    for entry in entries:
        assert entry.findtext(f"{a}author/{a}name"), "an author with a name"
        assert len(entry.findall(f"{a}content")) == len(entry.findall(f"{a}summary")) == 1
        assert entry.find(f"{a}content").get("type") == "html"  # type: ignore[union-attr]
        fragment_is_closed(entry.findtext(f"{a}content") or "")


def validate_rss(content: bytes) -> None:
    """What the W3C validator asks of RSS 2.0."""
    root = ElementTree.fromstring(content)
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    channel = root[0]
    for name in ("title", "link", "description"):
        assert len(channel.findall(name)) == 1
        assert (channel.findtext(name) or "").strip()
    own = [e for e in channel.findall("{http://www.w3.org/2005/Atom}link") if e.get("rel") == "self"]
    assert len(own) == 1
    assert own[0].get("type") == "application/rss+xml"
    dates = [e.text or "" for name in ("lastBuildDate", ".//pubDate") for e in channel.findall(name)]
    assert all(RFC822.fullmatch(date) and parsedate_to_datetime(date) for date in dates)
    guids = channel.findall("item/guid")
    assert len({guid.text for guid in guids}) == len(guids) == len(channel.findall("item"))
    assert all(guid.get("isPermaLink") == "false" for guid in guids)
    known = {"title", "link", "guid", "pubDate", "category", "description"}
    spaces = ("{http://purl.org/rss/1.0/modules/content/}encoded", "{http://purl.org/dc/elements/1.1/}creator")
    for one in channel.findall("item"):
        assert {child.tag for child in one} <= known | set(spaces)
        assert len([child.tag for child in one]) == len({child.tag for child in one})
        assert web(one.findtext("link"))
        fragment_is_closed(one.findtext(spaces[0]) or "")
        assert "<" not in (one.findtext("description") or ""), "text, escaped once"


def validate_json_feed(content: bytes) -> None:
    """What https://www.jsonfeed.org/version/1.1/ asks."""
    feed = json.loads(content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert isinstance(feed["title"], str)
    assert web(feed["home_page_url"]) and web(feed["feed_url"])
    ids = [one["id"] for one in feed["items"]]
    assert len(ids) == len(set(ids)) and all(isinstance(id_, str) for id_ in ids)
    for one in feed["items"]:
        assert web(one["url"])
        assert isinstance(one["content_text"], str) and isinstance(one["title"], str)
        assert DATE.fullmatch(one["date_published"]) and DATE.fullmatch(one["date_modified"])
        assert all(isinstance(author["name"], str) and author["name"] for author in one["authors"])
        assert all(isinstance(tag, str) for tag in one["tags"])


def fragment_is_closed(markup: str) -> None:
    """The HTML is well-formed, and holds nothing but paragraphs."""
    parsed = ElementTree.fromstring(f"<div>{markup}</div>")
    assert {element.tag for element in parsed.iter()} <= {"div", "p"}


VALIDATORS = ((atom, validate_atom), (rss, validate_rss), (json_feed, validate_json_feed))


@pytest.mark.parametrize(("write", "validate"), VALIDATORS)
def test_feed_keeps_the_rules_whatever_the_text(write: Any, validate: Any) -> None:
    naughty = [replace(item(text, author=text or None), id=f"a{n}") for n, text in enumerate((*NAUGHTY, "", " \n "))]
    bare = [replace(item("b", url=None, source=None), id="b", published=None)]
    for items in ([], naughty, bare):
        validate(write(CHANNEL, items))
        validate(write(replace(CHANNEL, hub="https://hub.example/"), items))


@given(st.text(), st.text())
def test_every_text_makes_a_feed_that_keeps_the_rules(title: str, text: str) -> None:
    for write, validate in VALIDATORS:
        validate(write(CHANNEL, [item(text, title=title)]))


def test_hub_is_named_where_there_is_one() -> None:
    there = replace(CHANNEL, hub="https://hub.example/")
    for write in (atom, rss):
        links = feedparser.parse(io.BytesIO(write(there, []))).feed.links
        assert [link.href for link in links if link.rel == "hub"] == ["https://hub.example/"]
    assert json.loads(json_feed(there, []))["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]
    assert b"hub" not in atom(CHANNEL, []) + rss(CHANNEL, [])


def test_each_choice_of_articles_is_a_feed_of_its_own() -> None:
    names = ("articles", "articles?feed=a", "articles?feed=b")
    ids = {feedparser.parse(io.BytesIO(atom(replace(CHANNEL, name=name), []))).feed.id for name in names}
    assert len(ids) == 3


def test_entry_says_what_where_and_when() -> None:
    parsed = feedparser.parse(io.BytesIO(atom(CHANNEL, [item("The dam\nwas repaired.", author="A. Writer")])))
    entry = parsed.entries[0]
    assert (entry.link, entry.author) == ("https://example.org/1", "A. Writer")
    assert entry.updated == "2026-03-02T12:00:00Z"
    assert entry.content[0].value == "<p>The dam</p><p>was repaired.</p>"
    assert entry.id.startswith("urn:uuid:")


def test_ids_stay_the_same_under_another_address() -> None:
    elsewhere = Channel("Newsfold", "https://other.example/feed", "https://other.example/")
    ids = [
        [feed.feed.id, feed.entries[0].id]
        for feed in (feedparser.parse(io.BytesIO(atom(channel, [item("a")]))) for channel in (CHANNEL, elsewhere))
    ]
    assert ids[0] == ids[1]


def test_empty_feed_is_valid() -> None:
    for write in (atom, rss):
        strict(write(CHANNEL, []))
    assert json.loads(json_feed(CHANNEL, []))["items"] == []
