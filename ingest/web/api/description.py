"""The OpenAPI description of the interface, and the promises that belong to all of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ingest.publish.message import Message
from ingest.web.api.examples import ANSWERS, CHANGES, PROBLEMS, TEXTS
from ingest.web.problems import MEDIA_TYPE, Problem

ABOUT = """\
Articles in cleaned English with their originals, aligned by sentence, and the clusters they belong to.

* **Ids** are stable and opaque. A merged cluster's id leads to the cluster it lives on in (308); an article that was
  taken down answers 410.
* **Lists** are paged: follow `next` until it is null. A page has at most 200 items.
* **Answers** carry a strong `ETag`; send it back in `If-None-Match` and get 304 when nothing changed. They are packed
  with zstd or gzip where `Accept-Encoding` says so.
* **Errors** are `application/problem+json` (RFC 9457); `detail` says what to do.
* **Rates** are limited; `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` say what is left, 429 comes with
  `Retry-After`.
* **Times** are UTC. **Offsets** count code points of the text they belong to; the end is exclusive.
* Within `/v1` fields are only ever added.
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of the interface, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, summary=app.summary, description=ABOUT, routes=app.routes
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        told = Message.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        for name, schema in told.pop("$defs").items():
            schemas.setdefault(name, schema)
        schemas["Message"] = told
        made["webhooks"] = {"changes": {"post": _webhook()}}
        for path, operations in made["paths"].items():
            for method, operation in operations.items():
                _illustrate(method, path, operation["responses"])
        app.openapi_schema = made
    return app.openapi_schema


def _illustrate(method: str, path: str, responses: dict[str, Any]) -> None:
    """Put an example beside the schema of every answer."""
    for status, answer in responses.items():
        for media, content in answer.get("content", {}).items():
            if media == MEDIA_TYPE:
                content["example"] = _problem(int(status))
            elif (method, path, media) in TEXTS:
                content["example"] = TEXTS[method, path, media]
            elif (method, path) in ANSWERS:
                content["example"] = ANSWERS[method, path]


def _problem(status: int) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": PROBLEMS[status], "errors": None}


def _webhook() -> dict[str, Any]:
    """What a subscriber is sent."""
    body = {"type": "changes", "timestamp": CHANGES["items"][-1]["at"], "data": CHANGES}
    headers = {
        "webhook-id": "The same for a message that is sent again.",
        "webhook-timestamp": "Seconds since 1970 when it was sent.",
        "webhook-signature": "`v1,` and the base 64 of HMAC-SHA256 over `id.timestamp.body`; one for each secret.",
    }
    return {
        "summary": "Changes told to a webhook",
        "description": "As https://www.standardwebhooks.com says. Any 2xx within 20 seconds means: taken.",
        "operationId": "changes_told",
        "tags": ["webhooks"],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": about, "schema": {"type": "string"}}
            for name, about in headers.items()
        ],
        "requestBody": {
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Message"}, "example": body}}
        },
        "responses": {"2XX": {"description": "Taken"}, "410": {"description": "Gone for good: tell me no more"}},
    }
