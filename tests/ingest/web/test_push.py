"""Texts that are pushed to us."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from ingest.store.engine import Database
from ingest.store.schema import documents

TEXT = {"id": "a-1", "text": "Le barrage sera réparé.", "title": "Barrage", "published": "2026-03-02T12:00:00+01:00"}


def count(database: Database) -> int | None:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(documents))


def test_pushed_text_is_kept_and_has_a_status(client: TestClient) -> None:
    answer = client.post("/v1/documents", json=TEXT)
    assert answer.status_code == 202
    received = answer.json()
    assert (received["new"], received["changed"], received["revision"]) == (True, True, 1)
    status = client.get(received["status_url"]).json()
    assert (status["state"], status["stage"], status["given_id"]) == ("pending", "extract", "a-1")


def test_same_push_twice_is_one_document(client: TestClient, database: Database) -> None:
    first = client.post("/v1/documents", json=TEXT).json()
    again = client.post("/v1/documents", json=TEXT).json()
    assert (again["id"], again["new"], again["changed"]) == (first["id"], False, False)
    changed = client.post("/v1/documents", json=TEXT | {"text": "Le barrage est réparé."}).json()
    assert (changed["id"], changed["revision"]) == (first["id"], 2)
    assert count(database) == 1


def test_same_key_answers_the_same_and_another_body_conflicts(client: TestClient) -> None:
    key = {"idempotency-key": "k-1"}
    first = client.post("/v1/documents", json=TEXT, headers=key)
    assert client.post("/v1/documents", json=TEXT, headers=key).json() == first.json()
    assert client.post("/v1/documents", json=TEXT | {"title": "Autre"}, headers=key).status_code == 409


def test_batch_is_taken_whole_or_not_at_all(client: TestClient, database: Database) -> None:
    good = [{"text": f"Texte {n}."} for n in range(3)]
    assert len(client.post("/v1/documents/batch", json={"documents": good}).json()["items"]) == 3
    answer = client.post("/v1/documents/batch", json={"documents": [{"text": "Bon."}, {"title": "no text"}]})
    assert answer.status_code == 422
    assert "documents.1" in answer.json()["detail"]
    assert count(database) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"text": "a", "html": "<p>a"},
        {"text": "a", "tittle": "typo"},
        {"text": "a", "published": "2026-03-02T12:00:00"},
        {"url": "file:///etc/passwd"},
        {"url": "http://"},
    ],
)
def test_wrong_push_says_what_is_wrong(client: TestClient, database: Database, wrong: dict[str, str]) -> None:
    answer = client.post("/v1/documents", json=wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert count(database) == 0


def test_body_over_the_limit_is_413(client: TestClient) -> None:
    assert client.post("/v1/documents", content=b"x" * 6_000_000).status_code == 413
    chunks = (b"x" * 1_000_000 for _ in range(7))
    answer = client.post("/v1/documents", content=chunks, headers={"content-type": "application/json"})
    assert answer.status_code == 413
