"""Whether the process lives (/healthz), whether it is of use (/readyz), and what it counts (/metrics)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ingest.settings import Settings
from ingest.store import migrations
from ingest.store.consumers.tokens import Scope
from ingest.store.metrics import StoreMetrics
from ingest.store.queue import leases, reconciler
from ingest.web.auth import program
from ingest.web.database import TheDatabase, TheSettings
from ingest.web.problems import described

MISSED = 3
"""Runs of the reconciler that may be missed before we say so."""

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The process answers")
def healthz() -> dict[str, str]:
    """200 as long as the process answers at all; nothing else is looked at, so a sick database restarts nobody."""
    return {"status": "ok"}


@router.get("/readyz", summary="Everything a request needs is there", responses={503: {"description": "Not ready"}})
def readyz(database: TheDatabase, settings: TheSettings) -> JSONResponse:
    """200 when the database answers, has our tables, and the reconciler ran lately; else 503 with what is missing."""
    checks: dict[str, str] = {}
    try:
        with database.reading() as connection:
            checks["database"] = "ok"
            checks["schema"] = schema_check(connection)
            if checks["schema"] == "ok":
                checks["reconciler"] = reconciler_check(connection, settings)
    except SQLAlchemyError as error:
        checks["database"] = f"not reachable: {type(error).__name__}"
    if settings.broker_url is not None:
        checks["broker"] = broker_check(settings)
    ready = all(answer == "ok" or answer.startswith("ok") for answer in checks.values())
    body: dict[str, Any] = {"status": "ready" if ready else "not ready", "checks": checks}
    return JSONResponse(body, status_code=200 if ready else 503)


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=PlainTextResponse,
    responses=described(401, 403),
    dependencies=[Depends(program(Scope.READ))],
)
def metrics(request: Request) -> Response:
    """Counts in Prometheus' text format; no address, title or id is ever a label."""
    found: StoreMetrics = request.app.state.metrics
    return Response(found.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def schema_check(connection: Connection) -> str:
    """ok, or at which revision the database is."""
    if migrations.is_current(connection):
        return "ok"
    return (
        f"at revision {migrations.revision(connection) or 'none'}, expected {migrations.head()}; run `ingest migrate`"
    )


def reconciler_check(connection: Connection, settings: Settings) -> str:
    """ok, or how long ago stuck work was last looked for."""
    age = leases.age_s(connection, reconciler.RECONCILER)
    if age is None:
        return "ok: has not run yet"
    if age <= max(MISSED * settings.reconcile_s, 10):
        return "ok"
    return f"last ran {age:.0f} s ago, expected every {settings.reconcile_s:g} s"


def broker_check(settings: Settings) -> str:
    """ok, or that the broker does not answer a PING; work goes on without it, only slower."""
    import redis

    assert settings.broker_url is not None
    try:
        client = redis.Redis.from_url(
            settings.broker_url.get_secret_value(), socket_connect_timeout=1, socket_timeout=1
        )
        try:
            client.ping()
        finally:
            client.close()
    except (redis.RedisError, ValueError, OSError) as error:
        return f"does not answer: {type(error).__name__}"
    return "ok"
