"""The index of candidates: (key, number of a text), 73 rows a text, in the order of the keys.

The keys of a text lie all over the index, so each row that enters it or leaves it is another page to write: 300 kB a
text, a fifth of the time of placing one. On SQLite the keys of a text therefore stand side by side in one row first, in
`fresh_keys`, and become rows of the large table many texts at a time, together with those that leave, each page once.
Look-ups read both: of what came lately all, 300 bytes a text, a millisecond for two thousand.
PostgreSQL writes what changed, not pages, and there moving rows costs more than it saves.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

Row = tuple[int, int]

Keys = Mapping[int, Sequence[int]]
"""The keys of texts, signed, by the texts' numbers."""

Columns = tuple[NDArray[np.int64], NDArray[np.int64]]
_NO_ROWS: Columns = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

STRETCHES = 32
"""The order of the keys is gone through in so many stretches: rows of one leave and enter before the next is touched,
so that its pages are in memory once."""


FRESH_TEXTS = 4000
"""So many texts that came lately are brought in order even where none leave."""


def put(connection: Connection, texts: Keys) -> None:
    """Let texts be found under these keys; under none of them are they yet."""
    if connection.dialect.name == "postgresql":
        _all_at_once(connection, _COME, _rows(texts))
        return
    fresh = _fresh(connection, texts)
    _keep(connection, {number: fresh.get(number, b"") + _packed(keys) for number, keys in texts.items()})


def take(connection: Connection, texts: Keys) -> None:
    """Let texts be found under these keys no longer."""
    rows = _rows(texts)
    if connection.dialect.name == "postgresql":
        _all_at_once(connection, _LEAVE, rows)
        return
    _many(connection, _TAKE, rows)
    fresh = _fresh(connection, texts)
    if fresh:
        _forget(connection, fresh)
        _keep(connection, {number: left for number, keys in fresh.items() if (left := _without(keys, texts[number]))})


def turn_over(connection: Connection, leaving: Keys) -> None:
    """Let many texts be found no longer, and bring what came lately to where it stays."""
    if connection.dialect.name == "postgresql":
        _all_at_once(connection, _LEAVE, _rows(leaving))
        return
    fresh = _fresh(connection)
    old = {number: keys for number, keys in leaving.items() if number not in fresh}
    for number in leaving.keys() & fresh.keys():  # what came lately may stand in the large table, too, by other keys
        fresh[number] = _without(fresh[number], leaving[number])
        old[number] = leaving[number]
    out, into = _rows(old), _rows({number: np.frombuffer(keys, "<i4") for number, keys in fresh.items()})
    for going, coming in zip(_stretches(out), _stretches(into), strict=True):
        _many(connection, _TAKE, going)
        _many(connection, _PUT, coming)
    connection.exec_driver_sql("DELETE FROM fresh_keys")


def tidy(connection: Connection) -> None:
    """Bring what came lately to where it stays, once there is much of it."""
    if connection.exec_driver_sql("SELECT count(*) FROM fresh_keys").scalar_one() >= FRESH_TEXTS:
        turn_over(connection, {})


def under(connection: Connection, keys: Collection[int], per_key: int) -> list[Row]:
    """(key, number) of the texts under the keys, of each key and table the `per_key` newest.

    A stretch of the index of bounded length for each key: a key that ten thousand notices of one form share is not
    read whole.
    """
    if connection.dialect.name == "postgresql":
        return _fetched(connection, _NEWEST_OF_ARRAY, (list(keys), per_key))
    asked = json.dumps(sorted(keys)), per_key - 1
    return _fetched(connection, _NEWEST_OF_JSON, asked) + _fresh_under(_fresh(connection), keys, per_key)


def _fresh_under(fresh: Mapping[int, bytes], keys: Collection[int], per_key: int) -> list[Row]:
    numbers = np.repeat(np.array(list(fresh), dtype=np.int64), [len(packed) // 4 for packed in fresh.values()])
    of, asked = np.frombuffer(b"".join(fresh.values()), dtype="<i4"), np.array(sorted(keys), dtype="<i4")
    marked = np.zeros(1 << 16, dtype=np.bool_)
    marked[asked & 0xFFFF] = True  # a look at half of each key is a tenth of the time of looking it up
    maybe = np.flatnonzero(marked[of & 0xFFFF])
    maybe = maybe[np.isin(of[maybe], asked)]
    maybe = maybe[np.lexsort((-numbers[maybe], of[maybe]))]
    found = of[maybe]
    place = np.arange(len(found)) - np.searchsorted(found, found)  # among those of its key
    newest = maybe[place < per_key]
    return list(dict.fromkeys(zip(of[newest].tolist(), numbers[newest].tolist(), strict=True)))


def _fresh(connection: Connection, numbers: Collection[int] | None = None) -> dict[int, bytes]:
    """The packed keys of texts that came lately, of all or of some, by number."""
    if numbers is None:
        return dict(_fetched(connection, "SELECT number, keys FROM fresh_keys", ()))
    return dict(_fetched(connection, f"SELECT number, keys FROM fresh_keys WHERE {_AMONG}", (_json(numbers),)))  # noqa: S608


def _keep(connection: Connection, fresh: Mapping[int, bytes]) -> None:
    if fresh:
        connection.exec_driver_sql("REPLACE INTO fresh_keys (number, keys) VALUES (?, ?)", list(fresh.items()))


def _forget(connection: Connection, numbers: Collection[int]) -> None:
    connection.exec_driver_sql(f"DELETE FROM fresh_keys WHERE {_AMONG}", (_json(numbers),))  # noqa: S608


def _json(numbers: Collection[int]) -> str:
    return json.dumps(sorted(numbers))


def _packed(keys: Sequence[int]) -> bytes:
    return np.array(keys, dtype="<i4").tobytes()


def _without(packed: bytes, keys: Sequence[int]) -> bytes:
    there = np.frombuffer(packed, dtype="<i4")
    return there[~np.isin(there, np.array(keys, dtype="<i4"))].tobytes()


def _rows(texts: Mapping[int, Sequence[int] | NDArray[np.int32]]) -> Columns:
    """(key, number) in the order of the index, each once, as two columns."""
    if not texts:
        return _NO_ROWS
    keys = np.concatenate([np.asarray(their, dtype=np.int64) for their in texts.values()])
    numbers = np.repeat(np.array(list(texts), dtype=np.int64), [len(their) for their in texts.values()])
    order = np.lexsort((numbers, keys))
    keys, numbers = keys[order], numbers[order]
    first = np.ones(len(keys), dtype=np.bool_)
    first[1:] = (keys[1:] != keys[:-1]) | (numbers[1:] != numbers[:-1])
    return keys[first], numbers[first]


def _stretches(rows: Columns) -> list[Columns]:
    """Rows that are in order, those of each stretch of the index."""
    keys, numbers = rows
    cuts = np.searchsorted(keys, np.arange(-(2**31), 2**31, 2**32 // STRETCHES)[1:])
    return list(zip(np.split(keys, cuts), np.split(numbers, cuts), strict=True))


def _fetched(connection: Connection, query: str, values: tuple[object, ...]) -> list[tuple[int, Any]]:
    found = connection.exec_driver_sql(query, values)
    rows = found.cursor.fetchall()  # hundreds a text: a third of the time of SQLAlchemy's rows
    found.close()
    return cast(list[tuple[int, Any]], rows)


def _many(connection: Connection, statement: str, rows: Columns) -> None:
    """Run a statement for each row, past SQLAlchemy, which would spend as long on each as the database does."""
    cursor: Any = connection.connection.cursor()
    try:
        cursor.executemany(statement, zip(*(column.tolist() for column in rows), strict=True))
    finally:
        cursor.close()


def _all_at_once(connection: Connection, statement: str, rows: Columns) -> None:
    """Run a statement once for many rows: one by one they take PostgreSQL and its driver ten times as long."""
    if len(rows[0]):
        connection.exec_driver_sql(statement, tuple(column.tolist() for column in rows))


_TAKE = "DELETE FROM bands WHERE hash = ? AND number = ?"
_PUT = "INSERT INTO bands (hash, number) VALUES (?, ?)"
_AMONG = "number IN (SELECT value FROM json_each(?))"
_COME = "INSERT INTO bands (hash, number) SELECT * FROM unnest(%s::int[], %s::bigint[])"
_LEAVE = (
    "DELETE FROM bands USING unnest(%s::int[], %s::bigint[]) AS k (hash, number) "
    "WHERE bands.hash = k.hash AND bands.number = k.number"
)
_NEWEST_OF_ARRAY = (
    "SELECT b.hash, b.number FROM unnest(%s::int[]) AS k (hash) CROSS JOIN LATERAL "
    "(SELECT hash, number FROM bands WHERE bands.hash = k.hash ORDER BY number DESC LIMIT %s) AS b"
)
_NEWEST_OF_JSON = (  # SQLite has no lateral join: all from the hundredth newest on
    "SELECT b.hash, b.number FROM json_each(?1) AS k CROSS JOIN bands AS b ON b.hash = k.value AND b.number >= "
    "coalesce((SELECT number FROM bands WHERE hash = k.value ORDER BY number DESC LIMIT 1 OFFSET ?2), 0)"
)
