"""Which texts of the index changed, one after another, so that a process can keep its copy of the index true.

Whoever changes a text in the index notes its number in the same transaction, and does so alone: stamps ascend in the
order of commits. What a text now is stands in its own row, or it has none any more. Only the latest stamps are kept; a
process that was away longer reads the index anew.
"""

from __future__ import annotations

from collections.abc import Collection
from weakref import WeakSet

from sqlalchemy import Connection, RootTransaction, bindparam, delete, func, insert, select

from ingest.store.schema import index_log

KEPT = 20_000
"""Stamps that are kept at least: as many as come in some hours on a busy day."""


def note(connection: Connection, numbers: Collection[int]) -> tuple[int, int]:
    """Say that these texts entered the index, left it, or changed in it; returns the highest stamp before and after."""
    before = last(connection)
    if not numbers:
        return before, before
    if (transaction := connection.get_transaction()) is not None:
        _noting.add(transaction)
    rows = [{"stamp": stamp, "number": number} for stamp, number in enumerate(sorted(set(numbers)), before + 1)]
    connection.execute(_NOTE, rows)
    if (after := before + len(rows)) // KEPT > before // KEPT:
        connection.execute(_FORGET, {"stamp": after - KEPT})
    return before, after


def is_noted(connection: Connection) -> bool:
    """Whether a connection's transaction has noted anything: it may still be rolled back."""
    return connection.get_transaction() in _noting


def last(connection: Connection) -> int:
    """The highest stamp; 0 where there is none."""
    return connection.execute(_LAST).scalar() or 0


def since(connection: Connection, stamp: int) -> tuple[int, set[int]] | None:
    """The highest stamp, and the texts noted after another one; None where some of these are forgotten."""
    rows = connection.execute(_SINCE, {"stamp": stamp}).all()  # with the stamp itself, to see that nothing lies between
    if not rows:
        return (0, set()) if stamp == 0 else None
    if (stamp and rows[0][0] != stamp) or (not stamp and rows[0][0] != 1):
        return None
    return rows[-1][0], {row[1] for row in rows if row[0] > stamp}


_noting: WeakSet[RootTransaction] = WeakSet()
_NOTE = insert(index_log)
_LAST = select(func.max(index_log.c.stamp))
_SINCE = (
    select(index_log.c.stamp, index_log.c.number)
    .where(index_log.c.stamp >= bindparam("stamp"))
    .order_by(index_log.c.stamp)
)
_FORGET = delete(index_log).where(index_log.c.stamp <= bindparam("stamp"))
