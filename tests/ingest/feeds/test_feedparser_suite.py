"""Every file of feedparser's own tests parses or is rejected with a reason, quickly, and says what it is expected to.

The files are in feedparser's source distribution. `FEEDPARSER_SDIST` names a folder that holds it (or where it may be
kept): `pip download --no-deps --no-binary :all: feedparser -d $FEEDPARSER_SDIST` fetches it, this test does not.
"""

from __future__ import annotations

import ast
import codecs
import html
import os
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import BadInput, FeedUnreadable
from ingest.feeds import Feed, parse_feed
from ingest.feeds.plain import one_line, text_of
from ingest.urls import canonical_url

pytestmark = pytest.mark.slow

SECONDS = 2.0
URL = "http://127.0.0.1:8097/"  # where feedparser's own test server stands
FOLDERS = ("wellformed", "illformed", "encoding", "entities")
_EXPECTED = re.compile(
    r"(?:^|and )(feed|entries\[(\d+)\])\['(title|link)'\] == (u?'(?:[^'\\]|\\.)*')\s*(?:$|and )", re.M
)
_HEADER = re.compile(rb"(?i)^\s*Header:\s*Content-type:.*?charset=[\"']?([\w-]+)", re.M)
_EXPECT_LINE = re.compile(r"Expect:\s*(.*)")


@pytest.fixture(scope="module")
def suite() -> list[tuple[str, bytes]]:
    """Names and bytes of the files."""
    folder = os.environ.get("FEEDPARSER_SDIST")
    found = sorted(Path(folder).glob("feedparser-6*.tar.gz")) if folder else []
    if not found:
        pytest.skip("FEEDPARSER_SDIST names no folder with feedparser's source distribution")
    with tarfile.open(found[-1]) as archive:
        return list(_files(archive))


def _files(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        parts = member.name.split("/")
        if member.isfile() and parts[1] == "tests" and parts[2] in FOLDERS and not parts[-1].endswith(".py"):
            stream = archive.extractfile(member)
            assert stream is not None
            yield "/".join(parts[2:]), stream.read()


def _parse(body: bytes) -> Feed:
    header = _HEADER.search(body[:1_000])
    return parse_feed(body, url=URL, charset=header[1].decode() if header else None)


def test_every_file_parses_or_is_rejected_with_a_reason_in_time(suite: list[tuple[str, bytes]]) -> None:
    reasons: Counter[str] = Counter()
    slow = []
    for name, body in suite:
        started = time.process_time()
        try:
            _parse(body)
            reasons["parsed"] += 1
        except FeedUnreadable as error:
            reasons[error.reason] += 1
        if (took := time.process_time() - started) > SECONDS:
            slow.append((name, took))
    print(dict(reasons))
    assert slow == []
    assert sum(reasons.values()) == len(suite) > 1_800
    assert reasons["parsed"] > 0.95 * len(suite)


def test_titles_and_links_are_as_expected(suite: list[tuple[str, bytes]]) -> None:
    checked, wrong = 0, []
    for name, body in suite:
        text = body.decode("utf-8", "replace")
        if _is_not_for_us(text[:2_000]):
            continue
        line = _EXPECT_LINE.search(text[:2_000])
        for where, number, field, literal in _EXPECTED.findall(line[1] if line else ""):
            try:
                feed = _parse(body)
            except FeedUnreadable as error:
                if not name.startswith("wellformed/cdf/"):  # Microsoft's channels of 1997 hold no entries
                    wrong.append((name, field, literal, error.reason))
                continue
            expected = ast.literal_eval(literal.removeprefix("u"))
            checked += 1
            if where == "feed":
                got = feed.title if field == "title" else feed.site_url
            elif int(number) < len(feed.entries):
                entry = feed.entries[int(number)]
                got = entry.title if field == "title" else entry.url
            else:
                got = "" if field == "title" else None  # an entry that says nothing is none
            if not _fits(got, expected, field):
                wrong.append((name, field, expected, got))
    print(checked, "checked")
    assert wrong == []
    assert checked > 100


def _is_not_for_us(head: str) -> bool:
    """Whether a file needs a codec that Python lacks, or a base that HTTP no longer knows (Content-Location)."""
    codec = re.search(r"SkipUnless:.*lookup\('([^']+)'\)", head)
    if codec is not None:
        try:
            codecs.lookup(codec[1])
        except LookupError:
            return True
    return "Content-Location" in head


def _fits(got: str | None, expected: str, field: str) -> bool:
    """Whether a title is the expected one as a reader sees it, a link the expected one in its one spelling."""
    if field == "title":
        return got in (one_line(expected), text_of(expected), text_of(html.unescape(expected)))
    try:
        return got == canonical_url(expected, URL)
    except BadInput:
        return got is None
