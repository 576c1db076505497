"""The description of the interface: every answer has an example, and every example keeps its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from ingest.publish.article import FullArticle
from ingest.publish.schemas import PUBLISHED
from ingest.web.api import examples


@pytest.fixture
def described(client: TestClient) -> dict[str, Any]:
    answer = client.get("/v1/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def contents(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body of every answer."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                for media, content in answer.get("content", {}).items():
                    yield f"{method} {path} {status} {media}", content


def test_every_answer_has_an_example_that_keeps_its_schema(described: dict[str, Any]) -> None:
    seen = 0
    for where, content in contents(described):
        assert "example" in content, f"{where}: no example"
        schema = content.get("schema") or {}
        checked = Draft202012Validator({**schema, "components": described["components"]})
        assert [error.message for error in checked.iter_errors(content["example"])] == [], where
        seen += 1
    assert seen > 80


def test_message_of_a_webhook_keeps_its_schema(described: dict[str, Any]) -> None:
    body = described["webhooks"]["changes"]["post"]["requestBody"]["content"]["application/json"]
    checked = Draft202012Validator({**body["schema"], "components": described["components"]})
    assert [error.message for error in checked.iter_errors(body["example"])] == []


def test_no_example_is_of_a_route_that_is_gone(described: dict[str, Any]) -> None:
    there = {(method, path) for path, operations in described["paths"].items() for method in operations}
    assert set(examples.ANSWERS) <= there
    assert {(method, path) for method, path, _ in examples.TEXTS} <= there


def test_example_of_an_article_has_every_field_and_true_offsets() -> None:
    article = FullArticle.model_validate(examples.ARTICLE)
    assert set(examples.ARTICLE) == set(FullArticle.model_fields)
    for sentence in article.sentences:
        assert article.original.text[sentence.source_start : sentence.source_end] == sentence.source
        assert article.text[sentence.start : sentence.end] == sentence.target


def test_every_published_schema_is_served(client: TestClient) -> None:
    for name in PUBLISHED:
        assert client.get(f"/v1/schemas/{name}").status_code == 200, name


def test_reference_shows_every_operation_and_needs_no_script(client: TestClient, described: dict[str, Any]) -> None:
    page = client.get("/reference")
    assert page.status_code == 200
    for path, operations in described["paths"].items():
        for method in operations:
            assert f"<code>{method.upper()} {path}</code>" in page.text
    assert "cdn" not in page.text
    assert "1m7zs34k6jmtrkd148ya" in page.text
