"""The consumers' interface under /v1: JSON with provenance, described by OpenAPI."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from ingest.store.consumers.tokens import Scope
from ingest.web.api import articles, changes, clusters, documents, feeds, schemas, search, webhooks
from ingest.web.auth import program
from ingest.web.problems import described
from ingest.web.rates import within_rate

router = APIRouter(prefix="/v1", dependencies=[Depends(within_rate)], responses=described(429))
for part in (articles, clusters, feeds, changes, search, schemas):
    router.include_router(part.router, dependencies=[Depends(program(Scope.READ))])
router.include_router(documents.router)  # the routes of these two name their scopes themselves
router.include_router(webhooks.router)
