"""Logging in and out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from ingest.store.operators import audit, people
from ingest.web.auth import COOKIE, Reader, check_origin, who_asks
from ingest.web.database import TheDatabase, TheSettings
from ingest.web.ui.render import page

router = APIRouter()


@router.get("/login")
def log_in_page(request: Request, to: str = "/") -> Response:
    """The form; straight on for who is logged in already."""
    if who_asks(request) is not None:
        return RedirectResponse(local(to), status_code=303)
    return page(request, "login.html", {"to": local(to), "name": "", "wrong": ""})


@router.post("/login")
def log_in(
    request: Request,
    database: TheDatabase,
    settings: TheSettings,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=1024)],
    to: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Open a session under a new secret, or say that name and password don't fit, but not which of them."""
    check_origin(request)
    with database.reading() as connection:
        found = people.find(connection, name)
    if pause := people.locked_for_s(found, datetime.now(UTC)):
        wrong = f"Too many wrong passwords. Try again in {pause} seconds."
        return page(request, "login.html", {"to": local(to), "name": name, "wrong": wrong}, status_code=429)
    if not people.verify(found, password) or found is None or found.disabled is not None:
        with database.writing() as connection:
            people.note_failure(connection, name)
        wrong = "Name and password do not fit."
        return page(request, "login.html", {"to": local(to), "name": name, "wrong": wrong}, status_code=401)
    with database.writing() as connection:
        secret = people.open_session(connection, found.name)
        audit.note(connection, found.name, "log-in", f"person:{found.name}")
    answer = RedirectResponse(local(to), status_code=303)
    secure = request.url.scheme == "https" or (settings.public_url or "").startswith("https:")
    lifetime = int(people.LIFETIME.total_seconds())
    answer.set_cookie(COOKIE, secret, max_age=lifetime, httponly=True, samesite="lax", secure=secure, path="/")
    return answer


@router.post("/logout")
def log_out(database: TheDatabase, who: Reader) -> Response:
    """End this session."""
    if who.secret is not None:
        with database.writing() as connection:
            people.close_session(connection, who.secret)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def local(to: str) -> str:
    """The address where it is a path of ours; the first page else, so that nobody is sent elsewhere."""
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if plain and "\\" not in to else "/"
