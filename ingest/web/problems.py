"""How errors look: problem+json (RFC 9457) for programs, a page for people; both say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ingest.errors import BadInput
from ingest.web.auth import LogInFirst
from ingest.web.ui.render import page

MEDIA_TYPE = "application/problem+json"
PROGRAMS = ("/v1/", "/out/", "/healthz", "/readyz", "/metrics")
"""How the paths of the interface of programs begin."""


class Problem(BaseModel):
    """An error as RFC 9457 has it."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no article 06fq0z0d3sn8wm0v5k2c."])
    errors: list[dict[str, Any]] | None = Field(None, description="Where the request is wrong, one entry each.")


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """An error for a program."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail} | more
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that can end in these errors."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase} | ({"content": content} if status >= 400 else {})
        for status in statuses
    }


def install_problems(app: FastAPI) -> None:
    """Give the application its kinds of error."""

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if detail == HTTPStatus(error.status_code).phrase and is_for_programs(request):  # the framework's own words
            detail = advice(request, error.status_code, error.headers or {})
        return answer(request, error.status_code, detail, dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        wrong = [{"where": ".".join(str(part) for part in item["loc"]), "what": item["msg"]} for item in error.errors()]
        detail = "; ".join(f"{item['where']}: {item['what']}" for item in wrong)
        return answer(request, 422, detail, {}, errors=wrong)

    @app.exception_handler(LogInFirst)
    def _log_in(_request: Request, direction: LogInFirst) -> Response:
        return RedirectResponse(direction.where, status_code=303)

    @app.exception_handler(BadInput)
    def _bad(request: Request, error: BadInput) -> Response:
        return answer(request, 422, str(error), {})


def advice(request: Request, status: int, headers: Mapping[str, str]) -> str:
    """What to do about a request that no route takes."""
    if status == HTTPStatus.METHOD_NOT_ALLOWED and headers.get("Allow"):
        return f"{request.url.path[:80]} takes {headers['Allow']}, not {request.method}."
    if status == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {request.url.path[:80]}; see /v1/openapi.json, or /reference."
    return HTTPStatus(status).phrase


def refusal(path: str, status: int, detail: str) -> Response:
    """The answer to a request that no view sees, in the form the asker reads."""
    if path.startswith(PROGRAMS):
        return problem(status, detail)
    return PlainTextResponse(f"{detail}\n", status)


def answer(request: Request, status: int, detail: str, headers: dict[str, str], **more: Any) -> Response:
    """The error in the form the asker reads."""
    if is_for_programs(request):
        return problem(status, detail, headers, **more)
    title = HTTPStatus(status).phrase
    response = page(request, "error.html", {"status": status, "title": title, "detail": detail}, status_code=status)
    response.headers.update(headers)
    return response


def is_for_programs(request: Request) -> bool:
    """Whether the path belongs to the interface of programs."""
    return request.url.path.startswith(PROGRAMS)
