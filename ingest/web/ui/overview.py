"""The first page."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

router = APIRouter()


@router.get("/")
def overview() -> RedirectResponse:
    """The newest articles come first."""
    return RedirectResponse("/articles", status_code=303)
