"""Sentences already translated, in SQL: looked up by many keys at once, bounded by age and by number of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.engine import Database, db_now
from ingest.store.schema import translation_memory as table
from ingest.store.tallies import tally
from ingest.types import Remembered

KEYS_AT_ONCE = 500
"""Keys in one statement: under SQLite's limit of variables everywhere, and few enough for a plan by index."""

TOUCH_AFTER_S = 86_400
"""A use is noted once a day: a look-up that finds only sentences used today writes nothing."""


ASKED, REMEMBERED = "translation-memory-asked", "translation-memory-remembered"
"""Sentences that were looked for, and those of them that were there: their ratio is the hit rate."""


class SqlTranslationMemory:
    """The translation memory of a database; each call is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look_up(self, keys: Sequence[str]) -> dict[str, Remembered]:
        """Those of the keys that are known; their use is noted."""
        found: dict[str, Remembered] = {}
        stale: list[str] = []
        with self._database.reading() as connection:
            for chunk in _chunks(keys):
                known, old = look_up(connection, chunk)
                found |= known
                stale += old
        if keys:
            with self._database.writing() as connection:
                touch(connection, stale)
                tally(connection, {ASKED: len(keys), REMEMBERED: len(found)})
        return found

    def store(self, entries: Mapping[str, Remembered]) -> None:
        """Remember these, in place of what was remembered under their keys."""
        with self._database.writing() as connection:
            store(connection, entries)


def look_up(connection: Connection, keys: Sequence[str]) -> tuple[dict[str, Remembered], list[str]]:
    """The known ones of up to KEYS_AT_ONCE keys, and those of them whose last use is to be noted anew."""
    wanted = [bytes.fromhex(key) for key in keys]
    is_stale = (table.c.used_at < db_now(-TOUCH_AFTER_S)).label("stale")
    rows = connection.execute(select(table, is_stale).where(table.c.key.in_(wanted))).mappings()
    found: dict[str, Remembered] = {}
    stale: list[str] = []
    for row in rows:
        key = bytes(row["key"]).hex()
        found[key] = Remembered(row["target"], tuple(row["flags"]), row["score"], row["model"], row["lang"])
        if row["stale"]:
            stale.append(key)
    return found, stale


def touch(connection: Connection, keys: Sequence[str]) -> None:
    """Note that these were used now."""
    for chunk in _chunks(keys):
        wanted = [bytes.fromhex(key) for key in chunk]
        connection.execute(update(table).where(table.c.key.in_(wanted)).values(used_at=db_now()))


def store(connection: Connection, entries: Mapping[str, Remembered]) -> None:
    """Remember these; an entry under a known key is replaced."""
    if not entries:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(
        key=bindparam("key"),
        model=bindparam("model"),
        lang=bindparam("lang"),
        target=bindparam("target"),
        flags=bindparam("flags"),
        score=bindparam("score"),
        used_at=db_now(),
    )
    replaced = {name: insert.excluded[name] for name in ("target", "flags", "score", "used_at")}
    rows = [
        {
            "key": bytes.fromhex(key),
            "model": entry.model,
            "lang": entry.lang,
            "target": entry.target,
            "flags": list(entry.flags),
            "score": entry.score,
        }
        for key, entry in sorted(entries.items())  # in one order everywhere: two writers cannot deadlock
    ]
    connection.execute(insert.on_conflict_do_update(index_elements=["key"], set_=replaced), rows)


def prune(connection: Connection, *, days: int, rows: int) -> int:
    """Forget sentences unused for `days`, and the longest unused beyond `rows`; returns how many went."""
    gone = connection.execute(delete(table).where(table.c.used_at < db_now(-86_400 * days))).rowcount
    held = connection.execute(select(func.count()).select_from(table)).scalar_one()
    if held > rows:
        oldest = select(table.c.key).order_by(table.c.used_at, table.c.key).limit(held - rows)
        gone += connection.execute(delete(table).where(table.c.key.in_(oldest))).rowcount
    return gone


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), KEYS_AT_ONCE):
        yield keys[start : start + KEYS_AT_ONCE]
