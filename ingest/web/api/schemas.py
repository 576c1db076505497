"""/v1/schemas: the JSON Schemas of the records."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from ingest.publish import schemas
from ingest.web.problems import described

router = APIRouter(prefix="/schemas", tags=["schemas"])


@router.get(
    "/{name}",
    response_class=Response,
    responses=described(401, 403, 422)
    | {200: {"content": {"application/schema+json": {"schema": {"type": "object"}}}}},
)
def one_schema(
    name: Literal[
        "article",
        "article-summary",
        "tombstone",
        "cluster",
        "cluster-summary",
        "change",
        "feed",
        "webhook",
        "webhook-message",
    ],
) -> JSONResponse:
    """The JSON Schema of one kind of record. Within /v1 it only ever gains properties."""
    made: dict[str, Any] = schemas.schema(name)
    return JSONResponse(made, media_type="application/schema+json")
