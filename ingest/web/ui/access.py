"""Who and what may ask: people of the console and tokens of programs, for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from ingest.store.consumers import tokens
from ingest.store.consumers.tokens import Scope
from ingest.store.operators import audit, people
from ingest.store.operators.people import Role
from ingest.web.auth import Admin
from ingest.web.database import TheDatabase
from ingest.web.ui.render import page

DAYS = (30, 90, 365)
"""Days a token may live, as the form offers them; else until it is revoked."""

router = APIRouter()

Name = Annotated[str, Form(max_length=64)]


@router.get("/access")
def access(request: Request, database: TheDatabase, _who: Admin) -> Response:
    """People and tokens."""
    with database.reading() as connection:
        return _page(request, connection)


@router.post("/access/people")
def add_person(
    request: Request, database: TheDatabase, who: Admin, name: Name, role: Annotated[Role, Form()]
) -> Response:
    """Add a person; the page shows their password this one time."""
    with database.writing() as connection:
        password = people.add(connection, name.strip(), role)
        audit.note(connection, who.name, "add-person", f"person:{name.strip()}", role=str(role))
    return _told(request, database, {"what": "password", "name": name.strip(), "secret": password})


@router.post("/access/people/{name}/password")
def reset_password(request: Request, database: TheDatabase, who: Admin, name: str) -> Response:
    """Give a person another password, shown this one time; they are logged out everywhere."""
    with database.writing() as connection:
        password = people.set_password(connection, name)
        audit.note(connection, who.name, "set-password", f"person:{name}")
    return _told(request, database, {"what": "password", "name": name, "secret": password})


@router.post("/access/people/{name}/role")
def set_role(database: TheDatabase, who: Admin, name: str, role: Annotated[Role, Form()]) -> Response:
    """Give a person another role, from their next request on."""
    with database.writing() as connection:
        if role is not Role.ADMIN:
            _keep_an_admin(connection, who.name, name)
        people.set_role(connection, name, role)
        audit.note(connection, who.name, "set-role", f"person:{name}", role=str(role))
    return RedirectResponse("/access", status_code=303)


@router.post("/access/people/{name}/disable")
def disable(database: TheDatabase, who: Admin, name: str) -> Response:
    """Let a person in no more."""
    with database.writing() as connection:
        _keep_an_admin(connection, who.name, name)
        people.disable(connection, name)
        audit.note(connection, who.name, "disable-person", f"person:{name}")
    return RedirectResponse("/access", status_code=303)


@router.post("/access/people/{name}/enable")
def enable(database: TheDatabase, who: Admin, name: str) -> Response:
    """Let a disabled person in again."""
    with database.writing() as connection:
        people.disable(connection, name, disabled=False)
        audit.note(connection, who.name, "enable-person", f"person:{name}")
    return RedirectResponse("/access", status_code=303)


@router.post("/access/tokens")
def add_token(
    request: Request,
    database: TheDatabase,
    who: Admin,
    name: Annotated[str, Form(max_length=200)],
    scopes: Annotated[list[Scope] | None, Form()] = None,
    days: Annotated[int, Form(ge=0, le=3650)] = 365,
) -> Response:
    """Make a token, shown this one time; `days` until it expires, 0: never."""
    with database.writing() as connection:
        token, secret = tokens.make(connection, name, scopes or [], who=who.name, days=days or None)
        audit.note(connection, who.name, "add-token", f"token:{token.id}", name=token.name)
    return _told(request, database, {"what": "token", "name": token.name, "secret": secret})


@router.post("/access/tokens/{token_id}/revoke")
def revoke_token(database: TheDatabase, who: Admin, token_id: str) -> Response:
    """Let a token in no more."""
    with database.writing() as connection:
        tokens.revoke(connection, token_id)
        audit.note(connection, who.name, "revoke-token", f"token:{token_id}")
    return RedirectResponse("/access", status_code=303)


def _keep_an_admin(connection: Connection, who: str, name: str) -> None:
    """409 where an administrator would shut themself out: then nobody may be left who could let them in again."""
    if who == name:
        raise HTTPException(409, "You cannot take the console away from yourself: let another administrator do it.")


def _told(request: Request, database: TheDatabase, news: Mapping[str, str]) -> Response:
    with database.reading() as connection:
        return _page(request, connection, news)


def _page(request: Request, connection: Connection, news: Mapping[str, str] | None = None) -> Response:
    now = datetime.now(UTC)
    values = {
        "people": people.everybody(connection),
        "tokens": tokens.all_tokens(connection),
        "roles": tuple(Role),
        "scopes": tuple(Scope),
        "days": DAYS,
        "news": news,
        "expired": {t.id for t in tokens.all_tokens(connection) if t.expires is not None and t.expires < now},
    }
    return page(request, "access.html", values)
