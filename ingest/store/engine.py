"""Connections to the database: one engine that writes, one that only reads, and the database's own clock.

SQLite runs in WAL mode; a write transaction begins with BEGIN IMMEDIATE, because a deferred one that reads first and
writes later fails at once when another writer came between, whatever the busy timeout (7,571 "database is locked" in
6 s with six writers; with BEGIN IMMEDIATE none). Writers take turns (`_take_turn`). Writes are flushed to disk before a
commit returns. Engines belong to the process that made them: make them after a fork.

Versions of SQLite before 3.51.3 can, very rarely, corrupt a WAL database with two writers (the WAL-reset bug); where
Python's own is older the one in `pysqlite3` is used.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
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

if sys.platform != "win32":
    import fcntl

FIXED_SQLITE = (3, 51, 3)
BUSY_TIMEOUT_MS = 30_000

TURN_WITHIN_S = 120.0
"""How long a writer waits for its turn on SQLite before it fails. Transactions take milliseconds, so this is only
ever reached where one hangs."""

TURN_ASKED_MS = 1
"""How often the one whose turn it is next asks whether the one before it has finished."""

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
        return Database(_sqlite(url, _take_turn), _sqlite(url, _begin, "query_only=ON"))
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


def _sqlite(url: str, begin: Callable[[Connection], None], *pragmas: str) -> Engine:
    engine = create_engine(url, module=sqlite_driver(), connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",  # a commit survives a power cut
            "foreign_keys=ON",
            "secure_delete=ON",  # a takedown leaves no trace in free pages
            "journal_size_limit=67108864",
            "cache_size=-65536",
            "wal_autocheckpoint=4000",  # 16 MB: pages that every commit writes are copied back a quarter as often
            *pragmas,
        ):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "begin", begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _take_turn(connection: Connection) -> None:
    """Begin writing when those that asked before have had their turn; OperationalError where TURN_WITHIN_S is over.

    SQLite's own wait sleeps ever longer, up to 100 ms, and loses each time to a writer that has just finished and
    begins again: with six threads that placed 200 articles in 8 s, one waited 6.5 s of these, and on a busy machine it
    failed. Here only the next one waits for SQLite; the others, and one that has just finished, stand behind it.
    """
    driver = sqlite_driver()
    raw = connection.connection.cursor()
    try:
        raw.execute(f"PRAGMA busy_timeout={TURN_ASKED_MS}")
        with _next_in_turn(f"{connection.engine.url.database}-turn"):
            until = time.monotonic() + TURN_WITHIN_S
            while time.monotonic() < until:
                try:
                    raw.execute("BEGIN IMMEDIATE")
                except driver.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != driver.SQLITE_BUSY:
                        raise
                else:
                    return
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        raw.close()
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # the error, told as any other


@contextmanager
def _next_in_turn(path: str) -> Iterator[None]:
    """Hold the lock of a file that all writers of a database share; the system drops it where a process dies."""
    if sys.platform == "win32":
        yield
        return
    place = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(place, fcntl.LOCK_UN)  # said, because a process forked meanwhile would go on holding it
        os.close(place)


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
