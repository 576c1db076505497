"""Files, folders and standard input to arrivals."""

from __future__ import annotations

import gzip
import io
import json
import resource
from pathlib import Path

import pytest

from ingest.errors import BadInput
from ingest.intake import BadRecord, PageArrival, Refusal
from ingest.intake.checkpoint import Checkpoint
from ingest.intake.files import check_path, holds_articles, is_records, read_file, read_records_file, read_stream, walk
from ingest.intake.warc import is_warc, read_warc

LIMIT = 100_000


def put(folder: Path, name: str, body: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return path


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("a.html", "Ein Text", "text/html"),
        ("a.txt", "<html><body>Über HTML</body></html>", "text/plain"),
        ("a", "<!DOCTYPE html><html>", "text/html"),
        ("a", "Ein Text", "text/plain"),
        ("a.bin", b"\x00\x01\x02", "text/plain"),
        ("empty.txt", "", "text/plain"),
    ],
)
def test_a_file_is_a_page_of_its_kind(tmp_path: Path, name: str, body: bytes | str, kind: str) -> None:
    arrival = read_file(put(tmp_path, name, body), LIMIT)
    assert isinstance(arrival, PageArrival)
    assert (arrival.page.content_type, arrival.page.url) == (kind, None)


def test_a_page_a_browser_saved_keeps_its_address(tmp_path: Path) -> None:
    body = "<!DOCTYPE html>\n<!-- saved from url=(0025)https://news.example/a -->\n<html></html>"
    arrival = read_file(put(tmp_path, "a.html", body), LIMIT)
    assert isinstance(arrival, PageArrival) and arrival.page.url == "https://news.example/a"


def test_a_huge_file_is_refused_without_being_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as stream:
        stream.truncate(300_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    arrival = read_file(path, LIMIT)
    assert isinstance(arrival, Refusal)
    assert (arrival.rejection.reason, arrival.key[:7]) == ("too-large", "sha256:")
    assert "300,000,000" in arrival.rejection.detail
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    arrival = read_file(tmp_path / "gone.txt", LIMIT)
    assert isinstance(arrival, BadRecord) and "gone.txt" in arrival.problem


def test_a_folder_is_walked_in_order_without_links_assets_and_hidden_files(tmp_path: Path) -> None:
    secret = put(tmp_path / "outside", "secret.txt", "geheim")
    folder = tmp_path / "in"
    for name in ("b.html", "a.txt", "sub/c.html", ".hidden", ".git/x", "a_files/logo.png", "style.css", "feeds.opml"):
        put(folder, name, "x")
    (folder / "link.txt").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path / "outside")
    assert [str(path.relative_to(folder)) for path in walk(folder)] == ["a.txt", "b.html", "sub/c.html"]


def test_json_lines_are_told_by_name_or_first_line(tmp_path: Path) -> None:
    assert is_records(put(tmp_path, "a.jsonl", "x"))
    assert is_records(put(tmp_path, "a.data", '{"text": "x"}\n'))
    assert not is_records(put(tmp_path, "b.data", '{"labels": []}\n'))
    assert not is_records(put(tmp_path, "a.txt", '{"text": "x"}\n'))
    assert not holds_articles(put(tmp_path, "labels.jsonl", '{"id": 1, "lines": []}\n'))
    assert holds_articles(put(tmp_path, "broken.jsonl", "not json\n"))


def test_packed_json_lines_are_read_and_a_broken_pack_is_named(tmp_path: Path) -> None:
    line = json.dumps({"text": "x"}).encode()
    ((arrival, _),) = read_records_file(put(tmp_path, "a.jsonl.gz", gzip.compress(line)), LIMIT)
    assert isinstance(arrival, PageArrival)
    ((bad, _),) = read_records_file(put(tmp_path, "b.jsonl.gz", b"no gzip"), LIMIT)
    assert isinstance(bad, BadRecord) and "b.jsonl.gz" in bad.problem


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        (b'{"text": "a"}\n{"text": "b"}', [PageArrival, PageArrival]),
        (b'{"text": "a"}', [PageArrival]),
        (b"Ein Text\nin zwei Zeilen", [PageArrival]),
        (b"{kein json", [PageArrival]),
        (b"", [PageArrival]),
        (b"x" * (LIMIT + 1), [Refusal]),
        (b"x\n" * LIMIT, [Refusal]),
    ],
)
def test_a_pipe_is_one_page_or_json_lines(body: bytes, kinds: list[type]) -> None:
    assert [type(arrival) for arrival, _ in read_stream(io.BytesIO(body), LIMIT)] == kinds


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="standard input"):
        check_path(tmp_path / "nothing")


def warc(*pages: tuple[str, str, bytes]) -> bytes:
    records = b""
    for url, head, body in pages:
        http = f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        about = (
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2026-11-21T09:30:00Z\r\n"
            f"WARC-Record-ID: <urn:uuid:{len(records):08d}-0000-0000-0000-000000000000>\r\nWARC-Target-URI: {url}\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        )
        records += about.encode() + http + b"\r\n\r\n"
    return records


PAGES = (
    ("https://news.example/a", "200 OK\r\nContent-Type: text/html; charset=utf-8", b"<p>A"),
    ("https://news.example/moved", "301 Moved\r\nLocation: /a", b""),
    ("https://news.example/logo.png", "200 OK\r\nContent-Type: image/png", b"\x89PNG"),
    ("https://news.example/huge", "200 OK\r\nContent-Type: text/html", b"x" * (LIMIT + 1)),
    ("https://news.example/b", "200 OK\r\nContent-Type: text/html", b"<p>B"),
)


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_the_pages_of_a_web_archive_arrive(tmp_path: Path, name: str) -> None:
    packed = b"".join(gzip.compress(warc(page)) for page in PAGES) if name.endswith("gz") else warc(*PAGES)
    path = put(tmp_path, name, packed)
    assert is_warc(path)
    found = list(read_warc(path, LIMIT))
    assert [type(arrival) for arrival, _ in found] == [PageArrival, Refusal, PageArrival]
    first = found[0][0]
    assert isinstance(first, PageArrival)
    assert (first.page.url, first.page.body, first.page.charset) == ("https://news.example/a", b"<p>A", "utf-8")
    assert first.page.fetched.isoformat() == "2026-11-21T09:30:00+00:00"
    rest = list(read_warc(path, LIMIT, mark=found[1][1]))
    assert [arrival.page.url for arrival, _ in rest if isinstance(arrival, PageArrival)] == ["https://news.example/b"]


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_web_archive_that_was_cut_short_says_so_and_its_half_page_stays_out(tmp_path: Path, name: str) -> None:
    pages = [(f"https://news.example/{n}", "200 OK\r\nContent-Type: text/html", b"<p>" + b"ab" * 9) for n in range(3)]
    records = [gzip.compress(warc(page)) if name.endswith("gz") else warc(page) for page in pages]
    whole = b"".join(records)
    for end in range(len(whole) - len(records[2]) + 1, len(whole) - 4):
        *before, last = [arrival for arrival, _ in read_warc(put(tmp_path, name, whole[:end]), LIMIT)]
        assert isinstance(last, BadRecord), end
        assert [a.page.url for a in before if isinstance(a, PageArrival)] == [url for url, _, _ in pages[:2]], end


def test_what_is_no_web_archive_is_named(tmp_path: Path) -> None:
    arrivals = list(read_warc(put(tmp_path, "x.warc", b"not a web archive at all\r\n" * 10), LIMIT))
    assert all(isinstance(arrival, BadRecord) for arrival, _ in arrivals)


def test_a_checkpoint_counts_only_for_the_same_file(tmp_path: Path) -> None:
    source = put(tmp_path, "a.jsonl", "x")
    checkpoint = Checkpoint.of(source, tmp_path / "imports")
    assert checkpoint.read() == ""
    checkpoint.write("10:2")
    assert Checkpoint.of(source, tmp_path / "imports").read() == "10:2"
    put(tmp_path, "a.jsonl", "another")
    assert Checkpoint.of(source, tmp_path / "imports").read() == ""
    checkpoint.clear()
    checkpoint.clear()
