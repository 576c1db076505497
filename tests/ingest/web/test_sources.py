"""/v1/feeds and /v1/search: paged, conditional, and clear about what is wrong."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator, FormatChecker

from ingest.store.engine import Database
from ingest.store.sources import feeds

from .conftest import GERMAN, Newsroom


@pytest.fixture
def ids(database: Database) -> list[str]:
    """Five feeds, the second of them paused."""
    with database.writing() as connection:
        made = [
            feeds.add(connection, f"https://example.org/{n}.xml", title=f"Feed {n}", tags=["dams"])[0] for n in range(5)
        ]
        feeds.pause(connection, made[1])
    return made


def test_feeds_come_page_by_page_each_once(client: TestClient, ids: list[str]) -> None:
    url, seen = "/v1/feeds?limit=2", []
    while url:
        page = client.get(url).json()
        assert len(page["items"]) <= 2
        seen += [feed["id"] for feed in page["items"]]
        url = page["next"]
    assert sorted(seen) == sorted(ids)
    assert [feed["id"] for feed in client.get("/v1/feeds?state=paused").json()["items"]] == [ids[1]]


def test_one_feed_fits_its_schema_and_is_not_sent_twice(client: TestClient, ids: list[str]) -> None:
    answer = client.get(f"/v1/feeds/{ids[1]}")
    schema = client.get("/v1/schemas/feed").json()
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json())
    assert (answer.json()["state"], answer.json()["next_poll"], answer.json()["tags"]) == ("paused", None, ["dams"])
    same = client.get(f"/v1/feeds/{ids[1]}", headers={"if-none-match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert client.get("/v1/feeds/nothing").status_code == 404
    assert client.get("/v1/feeds?cursor=nonsense").status_code == 422


def test_search_finds_one_article_per_cluster_in_either_language(client: TestClient, newsroom: Newsroom) -> None:
    french, german = newsroom.article(), newsroom.article(GERMAN, lang="de")
    newsroom.cluster(french, german)
    found = client.get("/v1/search?q=lunaise")
    assert [item["id"] for item in found.json()["items"]] == [french]
    both = client.get("/v1/search?q=lunaise&canonical=false").json()["items"]
    assert {item["id"] for item in both} == {french, german}
    assert [i["id"] for i in client.get("/v1/search?q=staudamm&canonical=false").json()["items"]] == [german]
    assert client.get("/v1/search?q=zebra").json()["items"] == []
    assert client.get("/v1/search?q=lunaise", headers={"if-none-match": found.headers["etag"]}).status_code == 304


def test_search_pages_lead_to_each_other(client: TestClient, newsroom: Newsroom) -> None:
    made = [newsroom.article() for _ in range(3)]
    first = client.get("/v1/search?q=dam&limit=2").json()
    second = client.get(first["next"]).json()
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["", "?q=", "?q=-dam", "?q=%3F%21"])
def test_search_without_a_word_says_so(client: TestClient, query: str) -> None:
    answer = client.get(f"/v1/search{query}")
    assert answer.status_code == 422
    assert "q" in answer.json()["detail"]
