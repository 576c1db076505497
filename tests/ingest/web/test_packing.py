"""Answers are packed as the asker prefers, and known again under the tag they were sent with."""

from __future__ import annotations

import gzip
import json

import pytest
import zstandard
from fastapi.testclient import TestClient

from ingest.web.packing import preferred

from .conftest import Newsroom


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("gzip;q=0, zstd;q=0", "identity"),
        ("zstd;q=0, *", "gzip"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("*;q=0", "identity"),
        ("GZIP ; q=0.3", "gzip"),
        ("zstd;q=nonsense, br", "identity"),
        ("x-gzip", "gzip"),
    ],
)
def test_highest_weight_wins(accepted: str, coding: str) -> None:
    assert preferred(accepted) == coding


def raw(client: TestClient, coding: str, **headers: str) -> tuple[dict[str, str], int, bytes]:
    with client.stream("GET", "/v1/articles?fields=full", headers={"accept-encoding": coding, **headers}) as answer:
        return dict(answer.headers), answer.status_code, b"".join(answer.iter_raw())


def test_packed_answer_says_so_and_holds_the_same(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    plain, packed, older = raw(client, "identity"), raw(client, "zstd"), raw(client, "gzip")
    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed[2]) == plain[2] == gzip.decompress(older[2])
    assert [answer[0].get("content-encoding") for answer in (plain, packed, older)] == [None, "zstd", "gzip"]
    assert all("accept-encoding" in answer[0]["vary"].lower() for answer in (plain, packed, older))
    assert int(packed[0]["content-length"]) == len(packed[2]) < len(plain[2])
    assert json.loads(plain[2])["items"]


@pytest.mark.parametrize("coding", ["identity", "zstd", "gzip"])
def test_known_answer_is_not_sent_again_however_it_was_packed(
    client: TestClient, newsroom: Newsroom, coding: str
) -> None:
    id_ = newsroom.article()
    headers, _, _ = raw(client, coding)
    again = raw(client, coding, **{"if-none-match": f'"other", {headers["etag"]}'})
    assert (again[1], again[2], again[0]["etag"]) == (304, b"", headers["etag"])
    newsroom.article()
    assert raw(client, coding, **{"if-none-match": headers["etag"]})[1] == 200
    assert id_


def test_each_packing_has_a_tag_of_its_own(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    assert len({raw(client, coding)[0]["etag"] for coding in ("identity", "zstd", "gzip")}) == 3


def test_small_answers_and_events_are_not_packed(client: TestClient) -> None:
    answer = client.get("/v1/changes", headers={"accept-encoding": "zstd"})
    assert "content-encoding" not in answer.headers
