"""What all lists of the interface share: a page of items, its `next`, and answers that need not be sent twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel

from ingest.publish.record import to_json
from ingest.store.cursors import MOST, PAGE
from ingest.web.ui.render import query

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=MOST, description=f"Items of one page, at most {MOST}.")]
Cursor = Annotated[
    str | None, Query(max_length=300, description="The `next_cursor` of the page before; opaque, good for ever.")
]
DEFAULT = PAGE


class Page(BaseModel, Generic[Item]):
    """Some items of a list, and how to get those after them."""

    items: list[Item]
    next_cursor: str | None
    next: str | None
    """Address of the next page; null: this is the last."""


def page_of(request: Request, items: Sequence[Any], next_cursor: str | None) -> dict[str, Any]:
    """A `Page` as a plain dictionary; its `next` asks for what this request asked, from the cursor on."""
    following = None
    if next_cursor is not None:
        parts = {name: value for name, value in request.query_params.items() if name != "cursor"}
        following = request.url.path + query(**parts, cursor=next_cursor)
    return {"items": items, "next_cursor": next_cursor, "next": following}


def unless_known(
    request: Request,
    body: BaseModel | dict[str, Any] | bytes,
    *,
    media_type: str = "application/json",
    cache: str = "private, no-cache",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The body with a strong ETag; 304 without it where the asker has exactly that already (RFC 9110, 13.1.2)."""
    content = body if isinstance(body, bytes) else to_json(body)
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    given = {"ETag": tag, "Cache-Control": cache, **(headers or {})}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in known.split(",")]:
        return Response(status_code=304, headers=given)
    return Response(content, media_type=media_type, headers=given)
