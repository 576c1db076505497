"""/v1/changes: what is new, in one order, for programs that keep a copy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from ingest.publish.change import Changes
from ingest.publish.record import Record, change_record, to_json
from ingest.store.consumers import following
from ingest.store.engine import Database
from ingest.web.api.articles import load_full
from ingest.web.database import TheDatabase
from ingest.web.problems import described

MOST = 1000
LONGEST_WAIT_S = 30
LOOK_EVERY_S = 0.5
"""How soon a waiting consumer hears of a change; one index look-up each time."""

HEARTBEAT_S = 15

router = APIRouter(prefix="/changes", tags=["changes"])

Since = Annotated[
    int, Query(ge=0, le=2**62, description="The `since` of the answer before; 0 begins at the beginning.")
]
Include = Annotated[
    list[Literal["articles"]] | None, Query(description="`articles`: each change brings its article as it is now.")
]


@router.get("", response_model=Changes, responses=described(401, 403, 409, 422))
async def changes(
    request: Request,
    database: TheDatabase,
    since: Since = 0,
    limit: Annotated[int, Query(ge=1, le=MOST, description=f"Changes of one answer, at most {MOST:,}.")] = 200,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for the next change.")] = 0,
    include: Include = None,
) -> Response:
    """Every change after `since`, in order. Ask again with the answer's `since`; nothing is skipped.

    The end of the sequence is an empty answer; with `wait` it comes as soon as there is something, or when time is up.
    """
    until = time.monotonic() + wait
    while True:
        found = await run_in_threadpool(read, database, since, limit, bool(include))
        if found["items"] or time.monotonic() >= until or await request.is_disconnected():
            return Response(to_json(found), media_type="application/json")
        await asyncio.sleep(min(LOOK_EVERY_S, max(0.01, until - time.monotonic())))


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses=described(401, 403, 409, 422)
    | {200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(
    request: Request,
    database: TheDatabase,
    since: Since = 0,
    include: Include = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**62)] = None,
) -> StreamingResponse:
    """The same as server-sent events, one change each; `id` is its `seq`, so a browser resumes by itself."""
    start = max(since, last_event_id or 0)
    await run_in_threadpool(read, database, start, 1, False)  # says no before the stream begins

    async def events() -> AsyncIterator[str]:
        place, quiet_since = start, time.monotonic()
        while not await request.is_disconnected():
            found = await run_in_threadpool(read, database, place, 100, bool(include))
            for item in found["items"]:
                yield f"id: {item['seq']}\nevent: {item['kind']}\ndata: {to_json(item).decode()}\n\n"
                place, quiet_since = item["seq"], time.monotonic()
            if not found["items"]:
                if time.monotonic() - quiet_since > HEARTBEAT_S:
                    yield ": still here\n\n"
                    quiet_since = time.monotonic()
                await asyncio.sleep(LOOK_EVERY_S)

    return StreamingResponse(events(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def read(database: Database, since: int, limit: int, with_articles: bool) -> Record:
    """`Changes` after a number as a plain dictionary; 409 for a number that was never given."""
    with database.reading() as connection:
        newest = following.newest(connection)
        if since > newest:
            raise HTTPException(
                409,
                f"since: the sequence ends at {newest}. Was the database put back from a backup? Begin again with 0.",
            )
        found = following.changes_since(connection, since, limit)
        articles: dict[str, Record] = {}
        if with_articles:
            ids = list({c.article for c in found if c.article is not None})
            articles = {article["id"]: article for article in load_full(connection, ids)}
    items = [change_record(c, articles.get(c.article or "")) for c in found]
    return {"items": items, "since": found[-1].seq if found else since, "newest": newest}
