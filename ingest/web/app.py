"""The web application, put together: nothing is decided here.

The console (`ingest.web.ui`) speaks HTML, the consumers' interface (`ingest.web.api`) JSON. Both only read the store,
or write down what a person or a program wants; workers do it.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy import inspect

import ingest
from ingest.errors import Misconfigured
from ingest.settings import Settings
from ingest.store.engine import Database, connect
from ingest.store.metrics import StoreMetrics
from ingest.store.operators import people
from ingest.web import api, health, out, reference, ui
from ingest.web.api.description import describe
from ingest.web.auth import new_key
from ingest.web.handed import Handed
from ingest.web.headers import AllowedHosts, BodyLimit, SecurityHeaders
from ingest.web.judge import Judge
from ingest.web.packing import Packed
from ingest.web.problems import install_problems
from ingest.web.rates import Rates

STATIC = Path(__file__).parent / "static"


def create_app(
    settings: Settings, *, database: Database | None = None, judge: Judge | None = None, handed: Handed | None = None
) -> FastAPI:
    """The application for these settings.

    database: where the caller has one open already, and closes it. judge: who carries out what people decide about
    articles (`ingest.pipeline.decisions`); None: decisions are shown, not taken. handed: what else it can have done.
    """
    if settings.open_console and not is_loopback(settings.host):
        raise Misconfigured(
            f"open_console: expected a loopback address in `host`, got {settings.host!r}; "
            "unset open_console, or listen on 127.0.0.1"
        )
    opened = database if database is not None else connect(settings.sqlalchemy_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if not settings.open_console:
            welcome(opened)
        yield
        if database is None:
            opened.close()

    app = FastAPI(
        title="Newsfold",
        version=ingest.__version__,
        summary="Cleaned, translated and clustered news, with its provenance.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # both pages of FastAPI load scripts from elsewhere; ours is /reference
        redoc_url=None,
        lifespan=lifespan,
    )
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's own way to add to it
    app.state.settings = settings
    app.state.database = opened
    app.state.judge = judge
    app.state.handed = handed or Handed()
    app.state.key = new_key()
    app.state.metrics = StoreMetrics(opened)
    app.state.rates = Rates(settings.rate_per_minute)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(health.router)
    app.include_router(api.router)
    app.include_router(out.router)
    app.include_router(reference.router)
    app.include_router(ui.router)
    install_problems(app)
    app.add_middleware(Packed)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(BodyLimit, max_bytes=settings.max_page_bytes)
    app.add_middleware(AllowedHosts, names=allowed_hosts(settings))
    return app


def welcome(database: Database) -> None:
    """Where nobody can log in yet: make an administrator, and print the password this one time."""
    with database.writing() as connection:
        if not inspect(connection).has_table("users"):
            return  # not migrated yet: /readyz says so
        first = people.add_first(connection)
    if first is not None:
        name, password = first
        print(f"First start: log in as {name} with the password {password} (shown this once)", file=sys.stderr)  # noqa: T201


def is_loopback(host: str) -> bool:
    """Whether an address only this machine can reach."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def allowed_hosts(settings: Settings) -> frozenset[str] | None:
    """The Host names that are answered; None: any, where we listen to the world and nobody said our name."""
    loopback = frozenset({"localhost", "127.0.0.1", "::1"})
    if settings.public_url is not None:
        return loopback | {(urlsplit(settings.public_url).hostname or "").lower()}
    return loopback | {settings.host} if is_loopback(settings.host) else None
