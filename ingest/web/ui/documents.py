"""The pages of what is no article: waiting, rejected, quarantined, still on its way."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from ingest.store.operators import audit
from ingest.store.queue import aside, standing
from ingest.types import State
from ingest.web.auth import Operator
from ingest.web.database import Reading, TheDatabase
from ingest.web.ui.render import page, query

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


@router.post("/documents/retry")
def retry_all(database: TheDatabase, who: Operator, reason: Annotated[str, Form(max_length=64)]) -> Response:
    """Let every quarantined document of one reason run again."""
    with database.writing() as connection:
        count = aside.replay(connection, reason=reason)
        audit.note(connection, who.name, "retry", f"reason:{reason}", documents=count)
    return RedirectResponse("/documents" + query(state=State.QUARANTINED), status_code=303)


@router.post("/documents/{document_id}/retry")
def retry_one(
    database: TheDatabase, who: Operator, document_id: str, back: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Let one quarantined document run again; `back`: the reason whose list to return to."""
    with database.writing() as connection:
        if aside.replay(connection, [document_id]):
            audit.note(connection, who.name, "retry", f"document:{document_id}")
    if not back:
        return RedirectResponse(f"/articles/{document_id}", status_code=303)
    return RedirectResponse("/documents" + query(state=State.QUARANTINED, reason=back), status_code=303)
