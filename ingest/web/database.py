"""The connection a view reads from, and the rest of what belongs to the application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy import Connection

from ingest.settings import Settings
from ingest.store.engine import Database


def database(request: Request) -> Database:
    """The database this application serves."""
    return cast(Database, request.app.state.database)


def settings(request: Request) -> Settings:
    """The settings this application was made with."""
    return cast(Settings, request.app.state.settings)


def reading(request: Request) -> Iterator[Connection]:
    """A connection that sees one state of the database while the view runs."""
    with database(request).reading() as connection:
        yield connection


Reading = Annotated[Connection, Depends(reading, scope="function")]
TheDatabase = Annotated[Database, Depends(database)]
TheSettings = Annotated[Settings, Depends(settings)]
