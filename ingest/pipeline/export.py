"""Articles on their way into files, and dumps of a day: what a consumer sees, in one state of the database."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

import ingest
from ingest.errors import BadInput
from ingest.publish.article import SCHEMA_VERSION
from ingest.publish.files import writing
from ingest.publish.record import Record, article_record, removed_record
from ingest.settings import Settings
from ingest.store.consumers import changes, following
from ingest.store.engine import Database
from ingest.store.queue import leases
from ingest.store.texts import extractions, listing, outgoing
from ingest.store.texts.listing import Choice

FORMAT = "newsfold-dump/1"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"

LEASE = "dump"
LEASE_S = 6 * 3600.0
"""Seconds after which another process writes the dump of one that vanished; a million articles take four minutes."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Dump:
    """A folder of files that was written: what it holds, and the change to go on from."""

    folder: Path
    records: int
    since: int  # 0: everything
    cursor: int


def records(
    connection: Connection, choice: Choice, *, since: int | None = None, removed: bool = False
) -> Iterator[list[Record]]:
    """The articles of a choice in groups, the newest first; with `since`, in the order of changes, tombstones last.

    since: only what changed after that number of the sequence. removed: with the pieces left out of each page.
    """
    for ids in _ids(connection, choice, since):
        with _no_search_for_cycles():
            group = [article_record(row) for row in outgoing.whole(connection, ids)]
        yield with_removed(connection, group) if removed else group
    if since is not None:
        yield from _tombstones(connection, since)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Python's collector paused: a group is ten thousand dictionaries without a cycle among them.

    Looking through them again and again took a fifth of an export (20,000 articles, 5,400 -> 6,700 a second).
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def with_removed(connection: Connection, group: list[Record]) -> list[Record]:
    """The same articles with the pieces of their pages that were left out."""
    gone = extractions.removed_of(connection, [one["id"] for one in group])
    return [
        one | {"extraction": one["extraction"] | {"removed": [removed_record(block) for block in gone[one["id"]]]}}
        if one["id"] in gone and one["extraction"] is not None
        else one
        for one in group
    ]


def dump(
    database: Database, into: Path, *, suffix: str = ".jsonl.zst", incremental: bool = False, day: str | None = None
) -> Dump:
    """Write a folder named after the day, all of it or nothing: articles, manifest.json and SHA256SUMS.

    incremental: only what changed since the newest dump in there. BadInput where the day's folder is there already.
    """
    name = day or datetime.now(UTC).strftime("%Y-%m-%d")
    folder, beside = into / name, into / f".{name}.{os.getpid()}.part"
    if folder.exists():
        raise BadInput(f"dump {folder}", "a day that has no dump yet", "one that is there; remove it, or name another")
    since = newest_cursor(into) if incremental else 0
    beside.mkdir(parents=True)
    try:
        with database.reading() as connection:
            cursor = following.newest(connection)
            if since > cursor:
                raise BadInput(f"dump {into}", f"a newest dump up to change {cursor}", f"one up to {since}")
            count = 0
            with writing(beside / f"articles{suffix}") as out:
                for group in records(connection, Choice(), since=since if incremental else None, removed=True):
                    out.write(group)
                    count += len(group)
        _describe(beside, f"articles{suffix}", count, since, cursor)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Dump(folder, count, since, cursor)


def dump_in_turn(database: Database, settings: Settings, owner: str) -> Dump | None:
    """Today's dump of everything into `dump_dir`, and old ones gone; None where it is there or somebody writes it."""
    into, today = settings.dump_dir, datetime.now(UTC).strftime("%Y-%m-%d")
    if into is None or (into / today).exists():
        return None
    with database.writing() as connection:
        if not leases.take(connection, LEASE, owner, LEASE_S):
            return None
    into.mkdir(parents=True, exist_ok=True)
    for unfinished in into.glob(".*.part"):  # of a process that was killed: the lease says that nobody writes
        shutil.rmtree(unfinished)
    made = dump(database, into, day=today)
    _drop_old(into, settings.dump_days)
    with database.writing() as connection:
        leases.done(connection, LEASE, owner)
    return made


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of a dump whose files are as they were written; BadInput names the one that is not."""
    try:
        sums = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"dump {folder}", f"{SUMS} and {MANIFEST}", str(error)) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadInput(f"{folder / MANIFEST}", f"the format {FORMAT}", repr(manifest)[:80])
    for line in sums:
        expected, _, name = line.partition("  ")
        path = folder / Path(name).name
        found = _sha256(path) if path.is_file() else "no such file"
        if found != expected:
            raise BadInput(f"{path}", f"the checksum {expected[:16]}… of {SUMS}", found[:16])
    return manifest


def newest_cursor(into: Path) -> int:
    """The cursor of the newest dump in a folder of dumps; 0 where there is none."""
    found = [json.loads(path.read_text(encoding="utf-8"))["cursor"] for path in into.glob(f"[!.]*/{MANIFEST}")]
    return max(found, default=0)


def _drop_old(into: Path, days: int) -> None:
    """Remove dumps of days long past; what has another name, or no manifest of ours, is not ours to remove."""
    oldest = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d")
    for manifest in into.glob(f"[0-9]*/{MANIFEST}"):
        folder = manifest.parent
        if _DAY.fullmatch(folder.name) and folder.name <= oldest:
            shutil.rmtree(folder)


def _ids(connection: Connection, choice: Choice, since: int | None) -> Iterator[list[str]]:
    if since is None:
        place = None
        while places := listing.article_ids(connection, choice, place, outgoing.AT_ONCE):
            place = places[-1]
            yield [id_ for _, id_ in places]
        return
    told: set[str] = set()
    while found := following.changes_since(connection, since, outgoing.AT_ONCE):
        since = found[-1].seq
        ids = list(dict.fromkeys(c.article for c in found if c.article and c.article not in told))
        told |= set(ids)
        chosen = listing.listed(connection, ids, choice)
        yield [id_ for id_ in ids if id_ in chosen]


def _tombstones(connection: Connection, since: int) -> Iterator[list[Record]]:
    while found := following.changes_since(connection, since, outgoing.AT_ONCE):
        since = found[-1].seq
        yield [
            {"schema_version": SCHEMA_VERSION, "id": change.article, "deleted": True, "at": change.at}
            for change in found
            if change.kind == changes.DELETE
        ]


def _describe(folder: Path, name: str, count: int, since: int, cursor: int) -> None:
    path = folder / name
    about = {"name": name, "sha256": _sha256(path), "bytes": path.stat().st_size, "records": count}
    manifest = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "newsfold": ingest.__version__,
        "created": datetime.now(UTC).isoformat(),
        "since": since,
        "cursor": cursor,
        "files": [about],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    lines = [f"{_sha256(folder / each)}  {each}\n" for each in (name, MANIFEST)]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _sha256(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
