"""What operators do, and that it is written down."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from lxml import html

from ingest.store.engine import Database
from ingest.store.operators import audit
from ingest.store.queue import standing
from ingest.store.sources import feeds
from ingest.types import State

from .conftest import GERMAN, Newsroom


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', client.get("/feeds").text)
    assert found is not None
    return found[1]


def acts(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        return [(act.act, act.subject) for act in audit.recent(connection).rows][::-1]


def test_feed_is_added_paused_resumed_polled_and_forgotten(client: TestClient, database: Database) -> None:
    token = {"csrf": csrf(client)}
    added = client.post("/feeds", data=token | {"url": "https://example.org/rss", "tags": "fr, politics"})
    assert added.status_code == 200
    feed_id = str(added.url).rsplit("/", 1)[1]
    for act, state in (("pause", "paused"), ("resume", "active"), ("poll", "active")):
        assert client.post(f"/feeds/{feed_id}/{act}", data=token).status_code == 200
        with database.reading() as connection:
            feed = feeds.load(connection, feed_id)
            assert feed is not None
            assert (feed["state"], feed["tags"]) == (state, ["fr", "politics"])
    assert client.post(f"/feeds/{feed_id}/remove", data=token).status_code == 200
    assert client.get(f"/feeds/{feed_id}").status_code == 404
    names = ["add-feed", "pause-feed", "resume-feed", "poll-feed", "remove-feed"]
    assert acts(database) == [(name, f"feed:{feed_id}") for name in names]


def test_what_is_no_address_of_a_feed_is_refused_with_the_reason(client: TestClient, database: Database) -> None:
    answer = client.post("/feeds", data={"csrf": csrf(client), "url": "ftp://example.org/rss"})
    assert answer.status_code == 422
    assert "http" in html.fromstring(answer.text).text_content()
    assert acts(database) == []


def test_quarantined_documents_run_again_one_or_all_of_a_reason(
    client: TestClient, database: Database, newsroom: Newsroom
) -> None:
    ids = [newsroom.ended(State.QUARANTINED, "crash", "worker died") for _ in range(3)]
    other = newsroom.ended(State.QUARANTINED, "page-gone", "410")
    token = {"csrf": csrf(client)}
    assert "Retry all of this reason" in client.get("/documents?state=quarantined&reason=crash").text
    client.post(f"/documents/{ids[0]}/retry", data=token | {"back": "crash"})
    client.post("/documents/retry", data=token | {"reason": "crash"})
    with database.reading() as connection:
        states = [standing.document(connection, id_) for id_ in [*ids, other]]
    assert [s.state for s in states if s] == [State.PENDING] * 3 + [State.QUARANTINED]
    assert acts(database) == [("retry", f"document:{ids[0]}"), ("retry", "reason:crash")]
    assert "reason:crash" in client.get("/audit").text


@pytest.mark.parametrize("path", ["/feeds", "/feeds/x/pause", "/documents/retry", "/documents/x/retry"])
def test_no_act_without_the_token_of_our_own_page(client: TestClient, database: Database, path: str) -> None:
    data = {"url": "https://example.org/rss", "reason": "crash"}
    assert client.post(path, data=data).status_code == 403
    token = {"csrf": csrf(client)}
    foreign = {"origin": "https://evil.example"}
    assert client.post(path, data=data | token, headers=foreign).status_code == 403
    assert acts(database) == []


def test_compared_articles_call_out_numbers_that_differ(client: TestClient, newsroom: Newsroom) -> None:
    french = newsroom.article()
    changed = tuple((source, target.replace("3.4", "3.9")) for source, target in GERMAN)
    german = newsroom.article(changed, lang="de")
    page = html.fromstring(client.get(f"/compare?a={french}&b={german}").text)
    differs = [node.text_content() for node in page.xpath("//*[@class='passage differences']//*[@class='differs']")]
    assert differs == ["3.4", "3.9"]
    assert "The Lunaise dam will be repaired before winter." in [n.text_content() for n in page.xpath("//mark")]
    assert client.get(f"/compare?a={french}&b=nothing").status_code == 404


def test_overview_shows_what_happened_and_what_needs_a_look(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.cluster(newsroom.article(), newsroom.article(GERMAN, lang="de"))
    newsroom.ended(State.QUARANTINED, "crash", "worker died")
    newsroom.ended(State.WAITING, "no-model", 'no model for "es"')
    for span in ("day", "week"):
        page = html.fromstring(client.get(f"/?span={span}").text)
        assert len(page.xpath("//figure[@class='plot']/svg")) == 4
        assert "1 document quarantined" in page.text_content()


def test_metrics_are_prometheus_text(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'newsfold_documents{stage="cluster",state="done"} 1.0' in answer.text
