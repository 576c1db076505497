"""Records to arrivals; a bad one is named and stops nothing."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadInput
from ingest.intake import Arrival, BadRecord, LinkArrival, PageArrival, Refusal, arrival_from_fields
from ingest.intake.records import read_records

LIMIT = 1_000


def read(*lines: Any, mark: str = "") -> list[tuple[Arrival, str]]:
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    stream = io.BytesIO(body)
    stream.seek(int(mark.partition(":")[0] or 0))
    return list(read_records(stream.readline, "x.jsonl", LIMIT, mark=mark))


def test_a_record_with_text_is_a_page() -> None:
    fields = {"id": 7, "url": "https://e.org/a", "title": "T", "published": "2026-11-21T10:30:00+01:00", "text": "Été"}
    (arrival, _) = read(fields)[0]
    assert isinstance(arrival, PageArrival)
    page = arrival.page
    assert (arrival.given_id, page.url, page.title, page.body) == ("7", "https://e.org/a", "T", "Été".encode())
    assert (page.content_type, page.charset) == ("text/plain", "utf-8")
    assert page.published == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def test_a_record_with_html_is_an_html_page_and_one_with_an_address_only_a_link() -> None:
    (page, _), (link, _) = read({"html": "<p>x"}, {"url": "https://e.org/a"})
    assert isinstance(page, PageArrival) and page.page.content_type == "text/html"
    assert isinstance(link, LinkArrival) and link.url == "https://e.org/a"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{broken", "JSON object"),
        (b"[1]", "JSON object, got list"),
        (b"\xff\xfe", "JSON object"),
        (b"[" * 50_000, "JSON object"),
        ({}, "an empty object"),
        ({"titel": "x"}, "titel"),
        ({"text": 3}, '"text": expected a text, got int'),
        ({"text": "a", "html": "b"}, "both"),
        ({"id": [], "text": "x"}, '"id"'),
        ({"id": True, "text": "x"}, '"id"'),
        ({"url": "ftp://x", "text": "x"}, '"url"'),
        ({"published": "gestern", "text": "x"}, '"published"'),
        ({"published": 5, "text": "x"}, '"published"'),
        ({"lang": "französisch", "text": "x"}, '"lang"'),
        (b'{"text": "' + b"a" * 90_000 + b'"}', "at most"),
    ],
)
def test_a_bad_record_is_named_with_its_line_and_the_rest_goes_through(line: Any, said: str) -> None:
    first, bad, last = (arrival for arrival, _ in read({"text": "a"}, line, {"text": "b"}))
    assert isinstance(first, PageArrival) and isinstance(last, PageArrival)
    assert isinstance(bad, BadRecord)
    assert bad.problem.startswith("x.jsonl: line 2") and said in bad.problem


def test_a_text_that_is_too_large_is_refused_and_keeps_its_identity() -> None:
    refusals = [a for a, _ in read({"text": "a" * 1_001}, {"id": "k", "text": "a" * 1_001})]
    assert all(isinstance(a, Refusal) and a.rejection.reason == "too-large" for a in refusals)
    assert [a.key[:7] for a in refusals if isinstance(a, Refusal)] == ["sha256:", "id:k"]


def test_reading_goes_on_behind_a_mark() -> None:
    lines = [{"text": str(n)} for n in range(5)] + [b"{bad"]
    whole = read(*lines)
    rest = read(*lines, mark=whole[2][1])
    assert [arrival.name for arrival, _ in rest] == [arrival.name for arrival, _ in whole[3:]]
    assert rest[-1][1] == whole[-1][1]


def test_half_characters_and_zeros_do_not_get_in() -> None:
    (arrival, _) = read(b'{"id": "a\\u0000b", "text": "x\\ud800y\\u0000z"}')[0]
    assert isinstance(arrival, PageArrival)
    assert (arrival.given_id, arrival.page.body.decode()) == ("ab", "x\ufffdyz")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=2)))
def test_any_value_in_any_field_is_an_arrival_or_named(value: Any) -> None:
    for name in ("id", "url", "title", "published", "html", "author", "lang", "source"):
        try:
            arrival_from_fields({"text": "x"} | {name: value}, "here", LIMIT)
        except BadInput as error:
            assert str(error).startswith("here")  # noqa: PT017
