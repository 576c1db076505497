"""Connections to the database: one engine that writes, one that only reads, and the database's own clock.

SQLite runs in WAL mode; a write transaction begins with BEGIN IMMEDIATE, because a deferred one that reads first and
writes later fails at once when another writer came between, whatever the busy timeout (7,571 "database is locked" in
6 s with six writers; with BEGIN IMMEDIATE none). Writes are flushed to disk before a commit returns. Engines belong to
the process that made them: make them after a fork.

Versions of SQLite before 3.51.3 can, very rarely, corrupt a WAL database with two writers (the WAL-reset bug); where
Python's own is older the one in `pysqlite3` is used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal

from ingest.errors import Misconfigured
from ingest.store.schema import Utc

FIXED_SQLITE = (3, 51, 3)
BUSY_TIMEOUT_MS = 30_000
POSTGRESQL_OPTIONS = "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"


@dataclass(frozen=True, slots=True)
class Database:
    """Where everything is kept: `writing()` and `reading()` give a connection in a transaction."""

    writer: Engine
    reader: Engine

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a write transaction; keep it short: nothing slow happens inside."""
        with self.writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database and cannot write."""
        with self.reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.writer.dispose()
        self.reader.dispose()


def connect(url: str) -> Database:
    """The database at an SQLAlchemy URL; opens no connection yet. Makes the folder of an SQLite file."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise Misconfigured("database_url: expected a file for SQLite, since several processes share it; got none")
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        return Database(_sqlite(url, "BEGIN IMMEDIATE"), _sqlite(url, "BEGIN", "query_only=ON"))
    if backend == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        options: dict[str, Any] = {
            "pool_pre_ping": True,
            "pool_recycle": 1800,
            "connect_args": {"options": POSTGRESQL_OPTIONS, "connect_timeout": 5},
        }
        # READ COMMITTED, PostgreSQL's default, would show each statement another state
        reader = create_engine(parsed, isolation_level="REPEATABLE READ", **options)
        return Database(create_engine(parsed, **options), reader.execution_options(postgresql_readonly=True))
    raise Misconfigured(f"database_url: expected sqlite:///… or postgresql://…, got {backend}")


def sqlite_driver() -> ModuleType:
    """The DB-API module for SQLite: Python's own where it is sound, else pysqlite3's where that is installed."""
    if sqlite3.sqlite_version_info >= FIXED_SQLITE:
        return sqlite3
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    return dbapi2  # type: ignore[no-any-return]


def _sqlite(url: str, begin: str, *pragmas: str) -> Engine:
    engine = create_engine(url, module=sqlite_driver(), connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; see _begin
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",  # a commit survives a power cut
            "foreign_keys=ON",
            "secure_delete=ON",  # a takedown leaves no trace in free pages
            "journal_size_limit=67108864",
            "cache_size=-65536",
            *pragmas,
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class db_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """The database's clock, moved by whole or broken seconds: `db_now(300)` is five minutes from now.

    Leases are compared on one clock, the database's: workers' clocks differ.
    """

    name = "db_now"
    type = Utc()
    _traverse_internals = [*FunctionElement._traverse_internals, ("offset_s", InternalTraversal.dp_plain_obj)]  # noqa: RUF012
    inherit_cache = True  # the offset is part of the key: statements with the clock are compiled once

    def __init__(self, offset_s: float = 0.0) -> None:
        super().__init__()
        self.offset_s = float(offset_s)


@compiles(db_now, "sqlite")
def _sqlite_now(element: db_now, _compiler: Any, **_kw: Any) -> str:
    # six digits, as SQLAlchemy writes its own, so that text comparison orders them
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '{element.offset_s:+.3f} seconds')"


@compiles(db_now, "postgresql")
def _postgresql_now(element: db_now, _compiler: Any, **_kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {element.offset_s:.3f}))"


def serialise(connection: Connection, name: str) -> None:
    """Hold a lock of that name until the transaction ends; on SQLite a write transaction is alone already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"newsfold:{name}",))
