"""The operators' console: pages rendered on the server, complete without JavaScript."""

from __future__ import annotations

from fastapi import APIRouter

from ingest.web.ui import articles, clusters, documents, overview

router = APIRouter(include_in_schema=False)
router.include_router(overview.router)
router.include_router(articles.router)
router.include_router(clusters.router)
router.include_router(documents.router)
