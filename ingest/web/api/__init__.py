"""The consumers' interface under /v1: JSON with provenance, described by OpenAPI."""

from __future__ import annotations

from fastapi import APIRouter

from ingest.web.api import articles, clusters

router = APIRouter(prefix="/v1")
router.include_router(articles.router)
router.include_router(clusters.router)
