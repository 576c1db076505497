"""Lists of feeds, there and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadInput
from ingest.feeds.opml import Listed, read_list, read_opml, read_toml, tidy_tags, write_opml, write_toml

OPML = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="1.0"><head><title>Abos</title></head><body>
  <outline text="Nachrichten">
    <outline text="Frankreich">
      <outline type="rss" text="Le Monde" xmlUrl="https://www.lemonde.fr/rss/une.xml" htmlUrl="https://www.lemonde.fr/"/>
    </outline>
    <outline title="Tagesschau" text="x" XMLURL="HTTPS://www.Tagesschau.de/index~rss2.xml" category="/wichtig,de"/>
    <outline text="kaputt" xmlUrl="ftp://example.org/"/>
  </outline>
  <outline text="S\xfcddeutsche" xmlUrl="https://rss.sueddeutsche.de/rss/Alles?feed=rss"/>
  <outline text="Noch einmal"><outline xmlUrl="https://www.lemonde.fr/rss/une.xml"/></outline>
</body></opml>"""


def test_folders_are_tags_and_an_address_is_listed_once() -> None:
    found = read_list(OPML, "abos.opml")
    assert [(feed.url, feed.title, feed.tags) for feed in found.feeds] == [
        ("https://www.lemonde.fr/rss/une.xml", "Le Monde", ("Nachrichten/Frankreich", "Noch einmal")),
        ("https://www.tagesschau.de/index~rss2.xml", "Tagesschau", ("Nachrichten", "wichtig", "de")),
        ("https://rss.sueddeutsche.de/rss/Alles?feed=rss", "Süddeutsche", ()),
    ]
    assert len(found.problems) == 1 and "ftp://example.org/" in found.problems[0]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf", "Cn", "Co")), max_size=20)
FEEDS = st.lists(
    st.builds(
        Listed,
        url=st.integers(0, 99).map(lambda n: f"https://e{n}.org/feed?feed=rss"),
        title=TEXT.map(lambda text: " ".join(text.split())),
        site_url=st.none() | st.just("https://e.org/"),
        language=st.none() | st.sampled_from(["fr", "de", "en"]),
        tags=st.lists(TEXT | st.just("a/b"), max_size=3).map(tidy_tags),
        paused=st.booleans(),
        obey_robots=st.booleans(),
        note=TEXT.map(lambda text: " ".join(text.split())),
    ),
    max_size=8,
    unique_by=lambda feed: feed.url,
)


def normal(feeds: object) -> dict[str, Listed]:
    import unicodedata
    from dataclasses import replace

    def nfc(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    assert isinstance(feeds, list | tuple)
    return {
        feed.url: replace(feed, title=nfc(feed.title), note=nfc(feed.note), tags=tidy_tags(feed.tags)) for feed in feeds
    }


@given(FEEDS)
def test_what_is_written_is_read_back(feeds: list[Listed]) -> None:
    assert normal(read_opml(write_opml(feeds), "x").feeds) == normal(feeds)
    if feeds:
        assert normal(read_toml(write_toml(feeds), "x").feeds) == normal(feeds)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body/></html>",
        b"<opml><body>",
        b"just text",
        b"feed = 3",
        b"<!DOCTYPE opml [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><opml><body><outline text='&x;'/></body></opml>",
    ],
)
def test_what_is_no_list_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(BadInput, match=r"abos\.opml"):
        read_list(body, "abos.opml")


def test_a_bad_table_is_named_and_the_others_are_read() -> None:
    toml = b'[[feed]]\nurl="https://e.org/1"\n[[feed]]\nurll="x"\n[[feed]]\nurl=3\n[[feed]]\nurl="https://e.org/4"\ntags=["a"]'
    found = read_toml(toml, "feeds.toml")
    assert [feed.url for feed in found.feeds] == ["https://e.org/1", "https://e.org/4"]
    assert [problem.split(": ")[1] for problem in found.problems] == ["feed 2", "feed 3"]


def test_thousands_of_feeds_and_deep_folders_are_read() -> None:
    outlines = "".join(f'<outline text="{n}" xmlUrl="https://e{n}.org/f"/>' for n in range(5_000))
    assert len(read_opml(f"<opml><body>{outlines}</body></opml>".encode(), "x").feeds) == 5_000
    deep = '<outline text="a">' * 200 + '<outline xmlUrl="https://e.org/f"/>' + "</outline>" * 200
    assert "deeper" in read_opml(f"<opml><body>{deep}</body></opml>".encode(), "x").problems[0]


def test_the_sample_feeds_are_in_three_languages() -> None:
    found = read_list((Path(__file__).parents[3] / "seeds" / "feeds.toml").read_bytes(), "feeds.toml")
    assert found.problems == ()
    assert {feed.language for feed in found.feeds} == {"fr", "de", "en"}
    assert all(feed.note and feed.title and feed.tags for feed in found.feeds)
