"""The migrated database is the one the code describes, whoever migrates, however often, dying wherever."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from ingest.errors import Misconfigured
from ingest.store import engine, migrations
from ingest.store.schema import is_ours, metadata
from tests.databases import KINDS, empty_database


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[engine.Database]:
    database = engine.connect(url)
    yield database
    database.close()


def tables(database: engine.Database) -> dict[str, tuple[str, ...]]:
    """What SQLite says each table and index is, comparable: the parts of its statement in any order."""
    with database.reading() as connection:
        rows = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'")
        ).all()
    return {name: tuple(sorted(filter(None, map(_part, re.split(r"\n|, ", sql))))) for name, sql in rows}


def _part(part: str) -> str:
    return re.sub(r"DEFAULT \((\w+)\)", r"DEFAULT \1", part.strip("\t ,)"))  # Alembic puts defaults in parentheses


def test_migrated_database_equals_the_metadata(database: engine.Database) -> None:
    migrations.upgrade(database)
    with database.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
        assert compare_metadata(context, metadata) == []


def test_migrated_sqlite_equals_the_metadata_to_the_letter(tmp_path: Path) -> None:
    migrated = engine.connect(f"sqlite:///{tmp_path / 'migrated.sqlite'}")
    migrations.upgrade(migrated)
    made = engine.connect(f"sqlite:///{tmp_path / 'made.sqlite'}")
    with made.writing() as connection:
        metadata.create_all(connection)
    found, expected = tables(migrated), tables(made)
    migrated.close()
    made.close()
    assert found == expected


def test_copies_that_decisions_part_know_from_whom_after_the_upgrade(database: engine.Database) -> None:
    with database.writing() as connection:
        config = migrations.configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        at = "2026-03-02 12:00:00"
        for n, leader in enumerate("aaaddf", 1):  # a leads b and c, d leads e, and f says the same apart from time
            connection.execute(
                text(
                    "INSERT INTO members (article_id, cluster_id, leader, words, joined_at) VALUES (:a, 'x', :l, 9, :t)"
                ),
                {"a": "abcdef"[n - 1], "l": leader, "t": f"2026-03-02 12:00:0{n}"},
            )
        for one in "bc":  # parted, b before c
            connection.execute(text("UPDATE members SET leader = article_id WHERE article_id = :a"), {"a": one})
        for pair in ("ab", "ac", "bc", "ad", "af"):
            connection.execute(
                text(
                    "INSERT INTO matches (a, b, estimated, exact, score, rule, kind, passages, at) "
                    "VALUES (:a, :b, 1, 1, 100, 'same-text-apart', 'exact', '[]', :t)"
                ),
                {"a": pair[0], "b": pair[1], "t": at},
            )
        for pair, undone in (("ab", None), ("ac", None), ("ad", None), ("af", at)):
            connection.execute(
                text(
                    "INSERT INTO decisions (link, a, b, who, at, undone_at) VALUES ('cannot-link', :a, :b, 'x', :t, :u)"
                ),
                {"a": pair[0], "b": pair[1], "t": at, "u": undone},
            )
        command.upgrade(config, "head")
        parted = {row[0]: row[1] for row in connection.execute(text("SELECT article_id, parted_from FROM members"))}
    assert parted == {"a": None, "b": "a", "c": "a", "d": None, "e": None, "f": None}


def test_where_a_taken_down_article_stood_before_decisions_is_forgotten_by_the_upgrade(
    database: engine.Database,
) -> None:
    with database.writing() as connection:
        config = migrations.configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0013")
        connection.execute(
            text(
                "INSERT INTO members (article_id, cluster_id, leader, words, joined_at)"
                " VALUES ('here', 'c', 'here', 9, '2026-11-01 00:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO places_before (decision_id, article_id, cluster_id, chosen)"
                " VALUES (1, 'here', 'c', false), (1, 'gone', 'c', false)"
            )
        )
    migrations.upgrade(database)
    with database.reading() as connection:
        assert connection.scalars(text("SELECT article_id FROM places_before")).all() == ["here"]


def test_second_upgrade_changes_nothing(database: engine.Database) -> None:
    assert migrations.upgrade(database) == (None, migrations.head())
    assert migrations.upgrade(database) == (migrations.head(), migrations.head())
    with database.reading() as connection:
        assert migrations.is_current(connection)


def test_empty_database_is_not_current(database: engine.Database) -> None:
    with database.writing() as connection:
        assert not migrations.is_current(connection)


def test_database_of_a_newer_version_is_refused_by_name(database: engine.Database) -> None:
    migrations.upgrade(database)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match=r"revision 9999.*newer version"):
        migrations.upgrade(database)


def test_migration_that_breaks_off_leaves_the_database_as_it_was(
    database: engine.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = command.upgrade

    def upgrade_then_break(*args: object) -> None:
        upgrade(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "upgrade", upgrade_then_break)  # a real migration cannot be told to break off
    with pytest.raises(KeyboardInterrupt):
        migrations.upgrade(database)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []


def test_processes_that_migrate_at_once_wait_for_each_other(url: str) -> None:
    program = (
        "import sys; from ingest.store import engine, migrations; "
        "print(*migrations.upgrade(engine.connect(sys.argv[1])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    ended = [(process.communicate(timeout=60), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0, 0], ended
    assert sorted(out.split()[0] for (out, _), _ in ended) == sorted(["None", migrations.head()])
