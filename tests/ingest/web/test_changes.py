"""Following the sequence of changes."""

from __future__ import annotations

import threading
import time

from fastapi.testclient import TestClient

from ingest.pipeline import decisions
from ingest.store.consumers import following
from ingest.store.engine import Database
from tests.ingest.dedup.news import text

from .conftest import Newsroom


def test_following_brings_every_change_once_and_in_order(client: TestClient, newsroom: Newsroom) -> None:
    made = [newsroom.article() for _ in range(5)]
    since, seen = 0, []
    while True:
        answer = client.get(f"/v1/changes?since={since}&limit=2").json()
        if not answer["items"]:
            break
        seen += [item["article_id"] for item in answer["items"]]
        since = answer["since"]
    assert seen == made
    assert since == answer["newest"]


def test_change_brings_its_article_when_asked(client: TestClient, newsroom: Newsroom) -> None:
    id_ = newsroom.article()
    item = client.get("/v1/changes?include=articles").json()["items"][0]
    assert (item["kind"], item["article"]["id"], item["article"]["revision"]) == ("upsert", id_, item["revision"])
    assert client.get("/v1/changes").json()["items"][0]["article"] is None


def test_waiting_ends_with_the_next_change(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    writer = threading.Timer(0.3, newsroom.article)
    writer.start()
    begun = time.monotonic()
    answer = client.get("/v1/changes?since=1&wait=20").json()
    writer.join()
    assert len(answer["items"]) == 1
    assert time.monotonic() - begun < 15


def test_waiting_in_vain_ends_in_an_empty_answer_that_keeps_the_place(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.article()
    assert client.get("/v1/changes?since=1&wait=0.1").json() == {"items": [], "since": 1, "newest": 1}


def test_place_beyond_the_end_is_a_conflict_not_a_silence(client: TestClient) -> None:
    answer = client.get("/v1/changes?since=77")
    assert answer.status_code == 409
    assert "backup" in answer.json()["detail"]


def test_choosing_another_article_to_read_is_a_change_of_the_cluster(database: Database, newsroom: Newsroom) -> None:
    one, other = newsroom.clustered(text(1)), newsroom.clustered(text(1))
    with database.writing() as connection:
        before = following.newest(connection)
        cluster_id = decisions.choose(connection, max(one, other))
        told = following.changes_since(connection, before, 10)
    assert ("cluster", cluster_id) in [(change.kind, change.cluster) for change in told]
