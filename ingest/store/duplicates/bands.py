"""The index of candidates: (key, number of a text), 73 rows a text, in the order of the keys.

The keys of a text lie all over the index, so each row that enters it or leaves it is another page to write: 300 kB a
text, a fifth of the time of placing one. On SQLite rows therefore stand in a small table first, `fresh_bands`, and move
into the large one many texts at a time, together with those that leave, each page once. Look-ups read both.
PostgreSQL writes what changed, not pages, and there moving rows costs more than it saves.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import cast

from sqlalchemy import Connection

Row = tuple[int, int]

STRETCHES = 32
"""The order of the keys is gone through in so many stretches: rows of one leave and enter before the next is touched,
so that its pages are in memory once."""


FRESH_ROWS = 300_000
"""So many rows that came lately, of four thousand texts, are brought in order even where none leave."""


def put(connection: Connection, rows: Collection[Row]) -> None:
    """Let texts be found."""
    if connection.dialect.name == "postgresql":
        _all_at_once(connection, _COME, sorted(rows))
    else:
        _many(connection, "INSERT INTO fresh_bands (hash, number) VALUES (?, ?)", sorted(rows))


def take(connection: Connection, rows: Collection[Row]) -> None:
    """Let a text be found no longer."""
    if connection.dialect.name == "postgresql":
        _all_at_once(connection, _LEAVE, rows)
        return
    for table in ("bands", "fresh_bands"):
        _many(connection, _TAKE.format(table), sorted(rows))


def turn_over(connection: Connection, leaving: Collection[Row]) -> None:
    """Let many texts be found no longer, and bring what came lately to where it stays."""
    if connection.dialect.name == "postgresql":
        _all_at_once(connection, _LEAVE, leaving)
        return
    lately = set(connection.exec_driver_sql("SELECT DISTINCT number FROM fresh_bands").scalars())
    _many(connection, _TAKE.format("fresh_bands"), [row for row in leaving if row[1] in lately])
    out = sorted(leaving)
    for low in range(-(2**31), 2**31, 2**32 // STRETCHES):
        high = low + 2**32 // STRETCHES
        _many(connection, _TAKE.format("bands"), out[bisect_left(out, (low, 0)) : bisect_left(out, (high, 0))])
        connection.exec_driver_sql(_MOVE, (low, high))
    connection.exec_driver_sql("DELETE FROM fresh_bands")


def tidy(connection: Connection) -> None:
    """Bring what came lately to where it stays, once there is much of it."""
    if connection.exec_driver_sql("SELECT count(*) FROM fresh_bands").scalar_one() >= FRESH_ROWS:
        turn_over(connection, ())


def under(connection: Connection, keys: Collection[int], per_key: int) -> list[Row]:
    """(key, number) of the texts under the keys, of each key and table the `per_key` newest.

    A stretch of the index of bounded length for each key: a key that ten thousand notices of one form share is not
    read whole.
    """
    if connection.dialect.name == "postgresql":
        return _fetched(connection, _NEWEST_OF_ARRAY, (list(keys), per_key))
    asked = json.dumps(sorted(keys)), per_key - 1
    return [row for query in _NEWEST_OF_JSON for row in _fetched(connection, query, asked)]


def _fetched(connection: Connection, query: str, values: tuple[object, ...]) -> list[Row]:
    found = connection.exec_driver_sql(query, values)
    rows = found.cursor.fetchall()  # hundreds a text: a third of the time of SQLAlchemy's rows
    found.close()
    return cast(list[Row], rows)


def _many(connection: Connection, statement: str, rows: Sequence[Row]) -> None:
    """Run a statement for each row, past SQLAlchemy, which would spend as long on each as the database does."""
    if rows:
        connection.exec_driver_sql(statement, list(rows))


def _all_at_once(connection: Connection, statement: str, rows: Collection[Row]) -> None:
    """Run a statement once for many rows: one by one they take PostgreSQL and its driver ten times as long."""
    if rows:
        connection.exec_driver_sql(statement, tuple(map(list, zip(*rows, strict=True))))


_TAKE = "DELETE FROM {} WHERE hash = ? AND number = ?"
_MOVE = (
    "INSERT INTO bands (hash, number) SELECT hash, number FROM fresh_bands WHERE hash >= ? AND hash < ? "
    "ORDER BY hash, number"
)
_COME = "INSERT INTO bands (hash, number) SELECT * FROM unnest(%s::int[], %s::bigint[])"
_LEAVE = (
    "DELETE FROM bands USING unnest(%s::int[], %s::bigint[]) AS k (hash, number) "
    "WHERE bands.hash = k.hash AND bands.number = k.number"
)
_NEWEST_OF_ARRAY = (
    "SELECT b.hash, b.number FROM unnest(%s::int[]) AS k (hash) CROSS JOIN LATERAL "
    "(SELECT hash, number FROM bands WHERE bands.hash = k.hash ORDER BY number DESC LIMIT %s) AS b"
)
_NEWEST_OF_JSON = tuple(  # SQLite has no lateral join: all from the hundredth newest on
    f"SELECT b.hash, b.number FROM json_each(?1) AS k CROSS JOIN {table} AS b ON b.hash = k.value AND b.number >= "  # noqa: S608
    f"coalesce((SELECT number FROM {table} WHERE hash = k.value ORDER BY number DESC LIMIT 1 OFFSET ?2), 0)"
    for table in ("bands", "fresh_bands")
)
