"""Backups of PostgreSQL, made by this version and by one before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect

from ingest.errors import BadInput
from ingest.settings import Settings
from ingest.store import backup, engine, migrations
from ingest.store.schema import metadata
from tests.databases import empty_database

pytestmark = pytest.mark.postgresql


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with empty_database("postgresql", tmp_path) as url:
        yield Settings(database_url=url, data_dir=tmp_path)


def migrate(settings: Settings, revision: str) -> None:
    database = engine.connect(settings.sqlalchemy_url)
    with database.writing() as connection:
        configuration = migrations.configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, revision)
    database.close()


def found(settings: Settings) -> tuple[str | None, set[str]]:
    """The revision of a database, and its tables."""
    database = engine.connect(settings.sqlalchemy_url)
    with database.reading() as connection:
        at, tables = migrations.revision(connection), set(inspect(connection).get_table_names())
    database.close()
    return at, tables


@pytest.mark.parametrize("revision", ["0008", "head"])
def test_a_backup_of_whatever_version_is_restored_over_this_one(settings: Settings, revision: str) -> None:
    migrate(settings, revision)
    made = backup.backup(settings)
    migrate(settings, "head")
    restored = backup.restore(settings, made.path)
    assert restored.copy.revision == made.revision
    at, tables = found(settings)
    assert at == migrations.head()
    assert tables - {"alembic_version"} == set(metadata.tables)


def test_a_backup_of_before_that_is_cut_off_changes_nothing(settings: Settings) -> None:
    migrate(settings, "0008")
    made = backup.backup(settings)
    migrate(settings, "head")
    made.path.write_bytes(made.path.read_bytes()[:-200])  # the list of what is in it stands before that
    before = found(settings)
    with pytest.raises(BadInput, match="pg_restore"):
        backup.restore(settings, made.path)
    assert found(settings) == before


def test_a_backup_of_before_changes_nothing_where_a_table_of_now_cannot_go(settings: Settings) -> None:
    migrate(settings, "0008")
    made = backup.backup(settings)
    migrate(settings, "head")
    database = engine.connect(settings.sqlalchemy_url)
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE VIEW ours AS SELECT number FROM embeddings")
    database.close()
    before = found(settings)
    with pytest.raises(BadInput, match="view ours depends on"):
        backup.restore(settings, made.path)
    assert found(settings) == before
