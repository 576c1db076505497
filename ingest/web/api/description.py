"""The OpenAPI description of the interface, and the promises that belong to all of it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ingest.web.problems import Problem

ABOUT = """\
Articles in cleaned English with their originals, aligned by sentence, and the clusters they belong to.

* **Ids** are stable and opaque. A merged cluster's id leads to the cluster it lives on in (308); an article that was
  taken down answers 410.
* **Lists** are paged: follow `next` until it is null. A page has at most 200 items.
* **Answers** carry a strong `ETag`; send it back in `If-None-Match` and get 304 when nothing changed.
* **Errors** are `application/problem+json` (RFC 9457); `detail` says what to do.
* **Times** are UTC. **Offsets** count code points of the text they belong to; the end is exclusive.
* Within `/v1` fields are only ever added.
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of the interface, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, summary=app.summary, description=ABOUT, routes=app.routes
        )
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        made.setdefault("components", {}).setdefault("schemas", {})["Problem"] = schema
        app.openapi_schema = made
    return app.openapi_schema
