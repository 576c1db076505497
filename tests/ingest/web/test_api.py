"""What programs are told."""

from __future__ import annotations

import io

import feedparser
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator, FormatChecker

from ingest.types import Block, BlockKind, State

from .conftest import GERMAN, Newsroom


def test_article_is_aligned_by_sentence_on_both_sides(client: TestClient, newsroom: Newsroom) -> None:
    article = client.get(f"/v1/articles/{newsroom.article()}").json()
    assert article["schema_version"] == "1.0"
    for sentence in article["sentences"]:
        original = article["original"]["text"]
        assert original[sentence["source_start"] : sentence["source_end"]] == sentence["source"]
        assert article["text"][sentence["start"] : sentence["end"]] == sentence["target"]
        assert sentence["model"] == "fr-de-en@1"


def test_removed_pieces_come_only_when_asked_for(client: TestClient, newsroom: Newsroom) -> None:
    wall = Block("Abonnez-vous !", BlockKind.BOILERPLATE, kept=False, rule="subscribe")
    url = f"/v1/articles/{newsroom.article(removed=(wall,))}"
    assert client.get(url).json()["extraction"] == {"method": "lines/1", "removed_count": 1, "removed": None}
    removed = client.get(url + "?include=removed").json()["extraction"]["removed"]
    assert [(block["text"], block["rule"]) for block in removed] == [("Abonnez-vous !", "subscribe")]


def test_copy_names_the_article_to_read_instead(client: TestClient, newsroom: Newsroom) -> None:
    french, german = newsroom.article(), newsroom.article(GERMAN, lang="de")
    cluster = newsroom.cluster(french, german, exact=0.62)
    copy = client.get(f"/v1/articles/{german}").json()["duplicate"]
    assert copy == {
        "cluster_id": cluster,
        "size": 2,
        "canonical_id": french,
        "is_canonical": False,
        "kind": "translated",
        "similarity": 0.62,
    }
    assert [a["id"] for a in client.get("/v1/articles?canonical=true").json()["items"]] == [french]
    shown = client.get(f"/v1/clusters/{cluster}").json()
    assert [m["id"] for m in shown["members"]] == [french, german]
    assert shown["matches"][0]["rule"] == "stems"


def test_next_leads_through_every_article_once(client: TestClient, newsroom: Newsroom) -> None:
    made = [newsroom.article() for _ in range(7)]
    seen: list[str] = []
    url = "/v1/articles?limit=3&lang=fr"
    while url:
        page = client.get(url).json()
        seen += [item["id"] for item in page["items"]]
        url = page["next"]
    assert seen == made[::-1]


def test_filters_narrow(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    german = newsroom.article(GERMAN, lang="de", source="Der Bote")
    for query in ("lang=de", "source=Der+Bote", "since=2026-03-02T12:02:00Z"):
        assert [a["id"] for a in client.get(f"/v1/articles?{query}").json()["items"]] == [german]
    assert client.get("/v1/articles?since=2026-03-02T12:02:00").status_code == 422


def test_unchanged_answer_is_304(client: TestClient, newsroom: Newsroom) -> None:
    for url in (f"/v1/articles/{newsroom.article()}", "/v1/articles", "/v1/clusters"):
        first = client.get(url)
        again = client.get(url, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    newsroom.article()
    before = first.headers["etag"]
    assert client.get("/v1/articles", headers={"if-none-match": before}).status_code == 200


def test_errors_are_problems_that_say_what_to_do(client: TestClient, newsroom: Newsroom) -> None:
    rejected = newsroom.ended(State.REJECTED, "no-text", "The page holds no text.")
    for url, status in (
        ("/v1/articles/nothing", 404),
        (f"/v1/articles/{rejected}", 404),
        (f"/v1/articles/{newsroom.ended(State.REMOVED, 'takedown', '')}", 410),
        ("/v1/articles?cursor=nonsense", 422),
        ("/v1/articles?limit=9999", 422),
        ("/v1/nowhere", 404),
    ):
        answer = client.get(url)
        assert answer.headers["content-type"] == "application/problem+json", url
        assert answer.status_code == answer.json()["status"] == status
        assert answer.json()["detail"]


def test_description_covers_every_route_and_its_errors(client: TestClient) -> None:
    described = client.get("/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert "Problem" in described["components"]["schemas"]
    for path, item in described["paths"].items():
        for method, route in item.items():
            if path.startswith("/v1/"):
                assert {"401", "403", "422", "429"} <= set(route["responses"]), (method, path)
                assert route["summary"]
                assert route["description"]


def test_answers_fit_the_published_schemas(client: TestClient, newsroom: Newsroom) -> None:
    french, german = newsroom.article(), newsroom.article(GERMAN, lang="de")
    cluster = newsroom.cluster(french, german)
    newsroom.related(french, newsroom.article())
    answers = {
        "article": client.get(f"/v1/articles/{french}?include=removed").json(),
        "article-summary": client.get("/v1/articles").json()["items"][0],
        "cluster": client.get(f"/v1/clusters/{cluster}").json(),
        "cluster-summary": client.get("/v1/clusters").json()["items"][0],
        "change": client.get("/v1/changes?include=articles").json()["items"][0],
    }
    for name, answer in answers.items():
        schema = client.get(f"/v1/schemas/{name}").json()
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer)


def test_feeds_out_are_canonical_and_conditional(client: TestClient, newsroom: Newsroom) -> None:
    french, german = newsroom.article(), newsroom.article(GERMAN, lang="de")
    newsroom.cluster(french, german)
    for form in ("atom", "rss"):
        answer = client.get(f"/out/articles.{form}")
        parsed = feedparser.parse(io.BytesIO(answer.content))
        assert [entry.title for entry in parsed.entries] == ["The dam of Lunaise"]
        again = client.get(f"/out/articles.{form}", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
    assert [item["title"] for item in client.get("/out/articles.json?q=dam").json()["items"]] == ["The dam of Lunaise"]
    assert client.get("/out/articles.atom?q=zeppelin").status_code == 200


def test_search_finds_words_of_the_original(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    german = newsroom.article(GERMAN, lang="de")
    assert [a["id"] for a in client.get("/v1/articles?q=staudamm").json()["items"]] == [german]


def test_every_refusal_is_a_problem_that_says_what_to_do(client: TestClient) -> None:
    big = {"content": b" " * 6_000_000, "headers": {"content-type": "application/json"}}
    for answer, status, what in (
        (client.get("/v1/nothing"), 404, "openapi.json"),
        (client.delete("/v1/articles"), 405, "takes GET, not DELETE"),
        (client.post("/v1/documents", **big), 413, "5,000,000 bytes"),  # type: ignore[arg-type]
        (client.get("/v1/articles", headers={"host": "elsewhere.example"}), 400, "public_url"),
        (client.get("/v1/articles?limit=0"), 422, "limit"),
        (client.get("/v1/articles/nothing"), 404, "no article nothing"),
        (client.get("/v1/changes?since=9"), 409, "Begin again with 0"),
        (client.get("/out/articles.xml"), 422, "atom"),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), what
        assert answer.json()["status"] == status
        assert what in answer.json()["detail"]


def test_every_answer_tells_what_is_left_of_the_rate(client: TestClient) -> None:
    first, second = client.get("/v1/articles"), client.get("/out/articles.atom")
    for answer in (first, second):
        assert {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} <= set(answer.headers)
    assert int(second.headers["ratelimit-remaining"]) == int(first.headers["ratelimit-remaining"]) - 1
