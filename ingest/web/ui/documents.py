"""The page of what is no article: waiting, rejected, quarantined, still on its way."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from ingest.store import standing
from ingest.types import State
from ingest.web.database import Reading
from ingest.web.ui.render import page

SHOWN = (State.QUARANTINED, State.REJECTED, State.WAITING, State.RETRY, State.PENDING, State.RUNNING, State.REMOVED)

router = APIRouter()


@router.get("/documents")
def list_documents(
    request: Request,
    connection: Reading,
    state: State = State.REJECTED,
    reason: Annotated[str, Query(max_length=64)] = "",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Documents in one state, with the reason of each."""
    values = {
        "state": state,
        "reason": reason,
        "states": standing.count_states(connection),
        "shown": SHOWN,
        "reasons": standing.count_reasons(connection, state),
        "found": standing.list_documents(connection, state, reason=reason or None, cursor=cursor),
        "cursor": cursor,
    }
    return page(request, "documents.html", values)
