"""The audit log: who did what, and when."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from ingest.store.operators import audit
from ingest.web.database import Reading
from ingest.web.ui.render import page

PLACES = {
    "cluster": "/clusters/",
    "article": "/articles/",
    "document": "/articles/",
    "feed": "/feeds/",
    "site": "/sites/",
}
"""Where a subject's page is."""

router = APIRouter()


@router.get("/audit")
def audit_log(
    request: Request,
    connection: Reading,
    subject: Annotated[str, Query(max_length=300)] = "",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """What people did, the latest first."""
    found = audit.recent(connection, subject=subject or None, cursor=cursor)
    links = {}
    for act in found.rows:
        kind, _, name = act.subject.partition(":")
        links[act.id] = PLACES[kind] + quote(name, safe="") if kind in PLACES else None
    values = {"found": found, "links": links, "subject": subject, "cursor": cursor}
    return page(request, "audit.html", values)
