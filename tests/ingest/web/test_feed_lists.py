"""A look at a feed before it is followed; lists of feeds in and out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from ingest.errors import FeedUnreadable
from ingest.feeds import parse_feed
from ingest.feeds.preview import Preview
from ingest.settings import Settings
from ingest.store.engine import Database
from ingest.store.sources import feeds
from ingest.web.app import create_app
from ingest.web.handed import Handed

from .test_acts import acts, csrf

URL = "https://example.org/rss"
RSS = b"""<rss version="2.0"><channel><title>The &lt;b&gt;Valley&lt;/b&gt; Post</title><link>https://example.org/</link>
<item><title>Dam repaired</title><link>https://example.org/1</link><guid>1</guid></item></channel></rss>"""
OPML = b"""<opml version="2.0"><body><outline text="News"><outline type="rss" text="One" xmlUrl="https://one.example/rss"/>
</outline><outline type="rss" text="Two" xmlUrl="https://two.example/rss"/><outline type="rss" text="Bad"
xmlUrl="gopher://three.example/"/></body></opml>"""


def scout(url: str) -> Preview:
    """Knows one feed."""
    if url != URL:
        raise FeedUnreadable(f"{url}: a web page, and it announces no feed", reason="html")
    return Preview(URL, parse_feed(RSS, url=URL, charset=None), 3600)


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    app = create_app(settings, database=database, handed=Handed(scout=scout))
    with TestClient(app, base_url="http://localhost") as made:
        yield made


def test_feed_is_looked_at_before_it_is_followed(client: TestClient, database: Database) -> None:
    token = {"csrf": csrf(client)}
    seen = client.post("/feeds/preview", data=token | {"url": "example.org/rss", "tags": "fr"})
    assert seen.status_code == 200
    assert "Dam repaired" in seen.text
    assert "every 60 min" in seen.text
    with database.reading() as connection:
        assert feeds.every(connection) == []
    client.post("/feeds", data=token | {"url": URL, "tags": "fr"})
    assert "followed already" in client.post("/feeds/preview", data=token | {"url": URL}).text


def test_what_is_no_feed_is_told_with_the_reason(client: TestClient) -> None:
    token = {"csrf": csrf(client)}
    answer = client.post("/feeds/preview", data=token | {"url": "https://example.org/about"})
    assert answer.status_code == 422
    assert "it announces no feed" in answer.text
    assert "expected" in client.post("/feeds/preview", data=token | {"url": "ftp://example.org"}).text


def test_list_is_imported_and_exported_without_loss(client: TestClient, database: Database) -> None:
    token = {"csrf": csrf(client)}
    done = client.post("/feeds/import", data=token, files={"file": ("reader.opml", OPML, "text/x-opml")})
    assert "2 new feeds" in done.text
    assert "gopher" in done.text
    with database.reading() as connection:
        before = [(row["url"], row["title"], row["tags"]) for row in feeds.every(connection)]
    assert before == [("https://one.example/rss", "One", ["News"]), ("https://two.example/rss", "Two", [])]
    for path in ("/feeds.opml", "/feeds.toml"):
        written = client.get(path)
        assert written.headers["content-disposition"].startswith("attachment")
        with database.writing() as connection:
            for row in feeds.every(connection):
                feeds.remove(connection, row["id"])
        client.post("/feeds/import", data=token, files={"file": ("again", written.content, "text/plain")})
        with database.reading() as connection:
            after = [(row["url"], row["title"], row["tags"]) for row in feeds.every(connection)]
        assert sorted(after) == sorted(before)
    assert acts(database)[0] == ("import-feeds", "feeds")


def test_file_that_is_no_list_is_refused_with_the_reason(client: TestClient) -> None:
    files = {"file": ("cat.jpg", b"\xff\xd8\xff", "image/jpeg")}
    answer = client.post("/feeds/import", data={"csrf": csrf(client)}, files=files)
    assert answer.status_code == 422
    assert "OPML or TOML" in answer.text
    assert client.post("/feeds/import", files=files).status_code == 403
