"""Feeds out, read by other parsers."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from xml.parsers import expat

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.publish.feeds import Channel, Item, atom, json_feed, rss

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHANNEL = Channel("Newsfold", "https://news.example/out/articles.atom", "https://news.example/articles")
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
