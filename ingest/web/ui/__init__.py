"""The operators' console: pages rendered on the server, complete without JavaScript."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from ingest.store.operators.people import Role
from ingest.web.auth import person
from ingest.web.ui import (
    access,
    articles,
    clusters,
    compare,
    decisions,
    documents,
    feed_lists,
    feeds,
    log,
    models,
    overview,
    sessions,
    sites,
    webhooks,
)

PARTS = (
    overview,
    articles,
    clusters,
    compare,
    decisions,
    documents,
    feed_lists,
    feeds,
    sites,
    models,
    access,
    webhooks,
    log,
)
"""The pages that nobody sees without logging in."""

router = APIRouter(include_in_schema=False)
router.include_router(sessions.router)
for part in PARTS:
    router.include_router(part.router, dependencies=[Depends(person(Role.READER))])
