"""The schema's history, and how a database gets to its head: from inside the package, one process at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from ingest.errors import Misconfigured
from ingest.store.engine import Database, serialise


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the database to the newest schema; returns the revision before (None: it was empty) and after.

    One transaction: a migration that fails, or whose process is killed, leaves the database as it was. Others that try
    at the same time wait for it: on SQLite for the write transaction, on PostgreSQL for an advisory lock.
    """
    with database.writing() as connection:
        serialise(connection, "migrations")
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        before = revision(connection)
        newest = head()
        if before != newest:
            if before is not None and before not in known():
                raise Misconfigured(
                    f"the database is at revision {before}, which this version (newest: {newest}) does not know: "
                    "it was made by a newer version of the program"
                )
            config = configuration()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return before, newest


def revision(connection: Connection) -> str | None:
    """The revision a database is at; None where it has no tables of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(connection: Connection) -> bool:
    """Whether the database has the schema this program expects."""
    return inspect(connection).has_table("alembic_version") and revision(connection) == head()


def head() -> str:
    """The newest revision this program knows."""
    newest = ScriptDirectory.from_config(configuration()).get_current_head()
    assert newest is not None, "the package has migrations"
    return newest


def known() -> frozenset[str]:
    """Every revision this program knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions())


def configuration() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
