"""What a stranger's feed costs the web server is bounded, whatever is in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.errors import FeedUnreadable
from ingest.settings import Settings
from workers import scout

ITEM = b"<item><title>Dam %d repaired</title><link>https://example.org/%d</link></item>"
FEED = b'<rss version="2.0"><channel><title>The Valley Post</title>%s</channel></rss>'


class Sites(BaseHTTPRequestHandler):
    """A feed, one that is costly to read, a page, and what never ends."""

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(5)
        heavy = b"".join(
            ITEM % (n, n) + b"<description>" + b"&lt;p>word " * 900 + b"</description>" for n in range(480)
        )
        bodies = {"/feed": FEED % (ITEM % (1, 1)), "/heavy": FEED % heavy, "/page": b"<html><body>Hello</body></html>"}
        body = bodies.get(self.path, b"")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Sites) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def settings(site: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, allow_private_hosts=(site,), fetch_deadline_s=0.5)


def test_feed_is_read_in_another_process(site: str, settings: Settings) -> None:
    found = scout.look(f"http://{site}/feed", settings)
    assert found.feed.title == "The Valley Post"
    assert [entry.title for entry in found.feed.entries] == ["Dam 1 repaired"]


def test_what_is_no_feed_is_told_with_its_reason(site: str, settings: Settings) -> None:
    with pytest.raises(FeedUnreadable, match="announces no feed"):
        scout.look(f"http://{site}/page", settings)
    with pytest.raises(FeedUnreadable, match=r"within 0\.5 s"):
        scout.look(f"http://{site}/slow", settings)


def test_reading_ends_at_its_time(site: str, settings: Settings) -> None:
    began = time.monotonic()
    with pytest.raises(FeedUnreadable, match="more time or memory"):
        scout.look(f"http://{site}/heavy", settings, parsing_s=1)
    assert time.monotonic() - began < 30


def test_reading_ends_at_its_memory(site: str, settings: Settings) -> None:
    with pytest.raises(FeedUnreadable, match="more time or memory"):
        scout.look(f"http://{site}/heavy", settings, memory_bytes=200 << 20)


def test_third_reader_is_asked_to_come_back(site: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scout, "_places", threading.BoundedSemaphore(1))
    with scout._places, pytest.raises(FeedUnreadable, match="try again"):
        scout.look(f"http://{site}/feed", settings, wait_s=0.01)
