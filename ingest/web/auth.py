"""Who asks, and whether they may.

People come with a session cookie, programs with a bearer token. Every router says what it needs as one dependency, so
a route without it does not exist. What changes something must come by POST from a page of ours: the browser's own word
for where a request comes from (Sec-Fetch-Site, Origin) is checked, and a token that only our pages know.
"""

from __future__ import annotations

import binascii
import hmac
import secrets
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, HTTPException, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ingest.store.consumers import tokens
from ingest.store.consumers.tokens import Scope
from ingest.store.operators import people
from ingest.store.operators.people import Role
from ingest.web.database import database, settings

COOKIE = "newsfold_session"
FIELD = "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BEARER = HTTPBearer(auto_error=False, description="A token made with `ingest tokens add`.")


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks."""

    name: str  # as the audit log writes it
    role: Role
    csrf: str  # what their forms carry
    secret: str | None = None  # of their session; None: console open to this machine


class LogInFirst(Exception):
    """Nobody is logged in: the page to go to comes first."""

    def __init__(self, where: str) -> None:
        self.where = where


def new_key() -> bytes:
    """A key of this process for the forms of a console without log-in."""
    return secrets.token_bytes(32)


def who_asks(request: Request) -> Who | None:
    """The person behind a request; None: nobody is logged in."""
    if settings(request).open_console:
        csrf = hmac.new(request.app.state.key, b"csrf", sha256).hexdigest()
        return Who("local", Role.ADMIN, csrf)
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        return None
    with database(request).reading() as connection:
        found = people.whose_session(connection, secret)
    if found is None:
        return None
    person, stale = found
    if stale:
        with database(request).writing() as connection:
            people.touch(connection, secret)
    return Who(person.name, person.role, sha256(b"csrf:" + secret.encode()).hexdigest(), secret)


def person(role: Role) -> Callable[[Request], Awaitable[Who]]:
    """A dependency: the person who asks, who must have that role; their forms are checked."""

    async def allowed(request: Request) -> Who:
        who = await run_in_threadpool(who_asks, request)
        if who is None:
            raise LogInFirst(log_in_address(request))
        if not who.role.covers(role):
            raise HTTPException(403, f"This needs the role {role}; you have the role {who.role}.")
        if request.method not in SAFE:
            form = await request.form()
            given = str(form.get(FIELD, "")) or request.headers.get("x-csrf-token", "")
            check_origin(request)
            if not hmac.compare_digest(given.encode(), who.csrf.encode()):
                raise HTTPException(403, "The page was too old to act from. Go back, reload it, and try again.")
        request.state.who = who
        return who

    return allowed


def check_origin(request: Request) -> None:
    """403 where the browser says that the request was made by a page of somebody else."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = request.headers.get("host", "")
    foreign = site is not None and site not in ("same-origin", "none")
    if foreign or (origin is not None and urlsplit(origin).netloc != ours):
        raise HTTPException(403, "Requests that change something are taken from pages of this console only.")


def log_in_address(request: Request) -> str:
    """Where to log in, and to come back from there to the page that was asked for."""
    if request.method not in SAFE or request.url.path == "/":
        return "/login"
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/login?to={quote(asked, safe='')}"


def program(scope: Scope) -> Callable[..., str]:
    """A dependency: the name of the program that asks, whose token must have that scope.

    A person who is logged in may read with their cookie, so that links from the console to JSON work.
    """

    def allowed(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)] = None
    ) -> str:
        secret = given.credentials if given is not None else basic_password(request)
        if secret is None:
            who = who_asks(request)
            if who is None:
                raise unauthorized("Send a token: `Authorization: Bearer nf_…`; `ingest tokens add` makes one.")
            if request.method not in SAFE and not settings(request).open_console:
                raise unauthorized("What changes something needs a token: `Authorization: Bearer nf_…`.")
            if request.method not in SAFE:
                check_origin(request)
            if scope is Scope.ADMIN and who.role is not Role.ADMIN:
                raise HTTPException(403, "This needs the role admin.")
            return who.name
        with database(request).reading() as connection:
            found = tokens.whose_token(connection, secret)
        if found is None:
            raise unauthorized("The token is unknown, revoked or expired.")
        token, stale = found
        if not token.may(scope):
            has = ", ".join(sorted(token.scopes))
            raise HTTPException(403, f"This needs a token with the scope {scope}; this one has {has}.")
        if stale:
            with database(request).writing() as connection:
                tokens.touch(connection, token.id)
        return f"token:{token.id}"

    return allowed


def basic_password(request: Request) -> str | None:
    """The password of basic authentication: feed readers and Prometheus know no other way to send a token."""
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return b64decode(coded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def unauthorized(detail: str) -> HTTPException:
    """401 with what to send."""
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})


Reader = Annotated[Who, Depends(person(Role.READER))]
Operator = Annotated[Who, Depends(person(Role.OPERATOR))]
Admin = Annotated[Who, Depends(person(Role.ADMIN))]
