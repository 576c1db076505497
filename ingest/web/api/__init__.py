"""The consumers' interface under /v1: JSON with provenance, described by OpenAPI."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
