"""Copies of the database that are made while it is in use, and checked before they count.

SQLite is copied by itself (`VACUUM INTO`: one consistent state, without free pages), PostgreSQL by its own `pg_dump`.
What was taken down since a backup was made stays down when it is restored: tombstones are carried over.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, func, insert, make_url, select

from ingest.errors import BadInput, Misconfigured
from ingest.settings import Settings
from ingest.store import engine, migrations
from ingest.store.schema import aliases, articles, documents, metadata
from ingest.types import State


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup that was checked."""

    path: Path
    size: int  # bytes
    revision: str  # of the schema
    documents: int
    articles: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    copy: Copy
    aside: Path | None  # where the database before was put
    revived: tuple[str, ...]  # documents taken down since the backup, which are there again: take them down


def backup(settings: Settings, target: Path | None = None) -> Copy:
    """Copy the database to a file, by default in the data folder's `backups`, and check the copy."""
    url = make_url(settings.sqlalchemy_url)
    is_sqlite = url.get_backend_name() == "sqlite"
    if target is None:
        name = f"newsfold-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{'sqlite' if is_sqlite else 'dump'}"
        target = settings.data_dir / "backups" / name
    if target.exists():
        raise BadInput("backup", "a file that is not there yet", str(target))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        partial.touch(mode=0o600)
        copy = _copy_sqlite(url, partial) if is_sqlite else _dump(settings, url, partial)
        _flush(partial)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    return Copy(target, target.stat().st_size, copy.revision, copy.documents, copy.articles)


def restore(settings: Settings, source: Path) -> Restored:
    """Put a backup in the place of the database; the service must not run. One by an older version is migrated."""
    if not source.is_file():
        raise BadInput("restore", "a backup file", str(source))
    url = make_url(settings.sqlalchemy_url)
    tombs = _tombstones(settings)
    if url.get_backend_name() == "sqlite":
        copy, aside = _replace_sqlite(Path(str(url.database)), source)
    else:
        copy, aside = _undump(settings, url, source), None
    database = engine.connect(settings.sqlalchemy_url)
    try:
        migrations.upgrade(database)
        revived = _carry_over(database, tombs)
    finally:
        database.close()
    return Restored(copy, aside, revived)


def check_sqlite(path: Path) -> Copy:
    """What an SQLite file holds; BadInput where it is damaged or none of ours. Changes nothing in it."""
    driver = engine.sqlite_driver()
    try:
        with closing(driver.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if found != "ok":
                raise BadInput(str(path), "an undamaged database", found[:200])
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            counts = [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _COUNTED]  # noqa: S608
    except driver.Error as error:
        raise BadInput(str(path), "a database of ours", str(error)) from None
    if revision not in migrations.known():
        raise BadInput(str(path), f"a database at revision {migrations.head()} or before", f"revision {revision}")
    return Copy(path, path.stat().st_size, revision, *counts)


_COUNTED = ("documents", "articles")


def _copy_sqlite(url: URL, target: Path) -> Copy:
    place = Path(str(url.database))
    if not place.is_file():
        raise BadInput("backup", "a database", f"{place}, which is not there")
    with closing(engine.sqlite_driver().connect(str(place), timeout=engine.BUSY_TIMEOUT_MS / 1000)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    return check_sqlite(target)


def _replace_sqlite(place: Path, source: Path) -> tuple[Copy, Path | None]:
    copy = check_sqlite(source)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = place.with_name(place.name + ".restoring")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    shutil.copyfile(source, partial)
    _flush(partial)
    aside = None
    if place.exists():
        aside = place.with_name(f"{place.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        for part in ("", "-wal", "-shm"):  # a log that was not folded in belongs to the file it was written for
            if Path(str(place) + part).exists():
                Path(str(place) + part).rename(str(aside) + part)
    partial.rename(place)
    return copy, aside


def _dump(settings: Settings, url: URL, target: Path) -> Copy:
    revision, counts = _holds(settings)
    _postgresql(url, "pg_dump", "--format=custom", "--no-owner", "--file", str(target))
    listed = _postgresql(url, "pg_restore", "--list", str(target), connect=False)
    missing = [name for name in _COUNTED if f" {name} " not in listed]
    if missing:
        raise BadInput(str(target), "a dump of our tables", f"one without {', '.join(missing)}")
    return Copy(target, target.stat().st_size, revision, *counts)


def _undump(settings: Settings, url: URL, source: Path) -> Copy:
    named = set(_TABLE.findall(_postgresql(url, "pg_restore", "--list", str(source), connect=False)))
    if missing := [name for name in _COUNTED if name not in named]:
        raise BadInput(str(source), "a dump of our tables", f"one without {', '.join(missing)}")
    clean = ("--clean", "--if-exists", "--no-owner")
    if newer := sorted(metadata.tables.keys() - named):
        _replay(url, f"DROP TABLE IF EXISTS {', '.join(newer)};", ("pg_restore", *clean, "--file", "-", str(source)))
    else:
        _postgresql(url, "pg_restore", *clean, "--single-transaction", "--exit-on-error", str(source))
    revision, counts = _holds(settings)
    return Copy(source, source.stat().st_size, revision, *counts)


_TABLE = re.compile(r"^\d+; \d+ \d+ TABLE \S+ (\S+) ", re.MULTILINE)
"""A table in the list of a dump: its schema and its name."""


def _replay(url: URL, first: str, dumped: Sequence[str]) -> None:
    """Run a statement and then what a program prints, all in one transaction or nothing of it.

    `pg_restore --clean` removes what the dump names: tables of a newer version would stay, and their migrations fail.
    """
    psql, environment = _command(url, "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", "-")
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            psql, bufsize=0, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as into,
    ):
        assert into.stdin is not None, "it was asked for"
        whole = False
        with contextlib.suppress(BrokenPipeError):  # it ended before: its status says so
            into.stdin.write(f"BEGIN;\n{first}\n".encode())
            whole = subprocess.run(dumped, stdout=into.stdin, stderr=said, check=False).returncode == 0
            if whole:  # without this line nothing was done
                into.stdin.write(b"\nCOMMIT;\n")
        into.stdin.close()
        if into.wait() != 0 or not whole:
            said.seek(0)
            raise BadInput(dumped[0], "that it ends well", said.read().decode(errors="replace").strip()[-500:])


def _holds(settings: Settings) -> tuple[str, list[int]]:
    database = engine.connect(settings.sqlalchemy_url)
    try:
        with database.reading() as connection:
            counts = (connection.scalar(select(func.count()).select_from(table)) for table in (documents, articles))
            return migrations.revision(connection) or "", [count or 0 for count in counts]
    finally:
        database.close()


def _postgresql(url: URL, program: str, *arguments: str, connect: bool = True) -> str:
    command, environment = _command(url, program, *arguments, connect=connect)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BadInput(program, "that it ends well", done.stderr.strip()[-500:])
    return done.stdout


def _command(url: URL, program: str, *arguments: str, connect: bool = True) -> tuple[list[str], dict[str, str]]:
    """A client program's command line and environment."""
    if shutil.which(program) is None:
        raise Misconfigured(f"{program} is not there: install PostgreSQL's client programs (postgresql-client)")
    command = [program, *arguments]
    if connect:  # the password goes by the environment: arguments can be read by everybody
        shown = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        command[1:1] = ["--dbname", shown]
    return command, os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})


def _tombstones(settings: Settings) -> list[tuple[dict[str, Any], Sequence[dict[str, Any]]]]:
    """What was taken down in the database as it is, with its other keys; nothing where there is no database."""
    database = engine.connect(settings.sqlalchemy_url)
    try:
        with database.writing() as connection:
            if migrations.revision(connection) is None:
                return []
            rows = connection.execute(select(documents).where(documents.c.state == State.REMOVED)).mappings().all()
            return [
                (
                    {name: value for name, value in row.items() if name != "number"},
                    [
                        dict(alias)
                        for alias in connection.execute(
                            select(aliases).where(aliases.c.document_id == row["id"])
                        ).mappings()
                    ],
                )
                for row in rows
            ]
    finally:
        database.close()


def _carry_over(
    database: engine.Database, tombs: Sequence[tuple[dict[str, Any], Sequence[dict[str, Any]]]]
) -> tuple[str, ...]:
    """Put tombstones back; returns the documents that the backup still has with their text."""
    revived = []
    with database.writing() as connection:
        for row, keys in tombs:
            state = connection.scalar(select(documents.c.state).where(documents.c.id == row["id"]))
            if state is None:
                connection.execute(insert(documents).values(**row))
                for alias in keys:
                    connection.execute(insert(aliases).values(**alias))
            elif state != State.REMOVED:
                revived.append(str(row["id"]))
    return tuple(revived)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
