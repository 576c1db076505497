"""Named work that one process does at a time: reconciling, migrating, pruning.

A lease is a row: whoever moves `until` forward on the database's clock has it. Two that try at the same moment are
told apart by the database, whatever their own clocks say.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.engine import db_now
from ingest.store.schema import leases


def take(connection: Connection, name: str, owner: str, seconds: float) -> bool:
    """Whether `owner` has the lease of that name from now on; one that has it already renews it."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(leases).values(name=name, owner=None, until=db_now(-1)).on_conflict_do_nothing())
    taken = connection.execute(
        update(leases)
        .where(leases.c.name == name, or_(leases.c.until < db_now(), leases.c.owner == owner))
        .values(owner=owner, until=db_now(seconds))
    )
    return taken.rowcount == 1


def done(connection: Connection, name: str, owner: str) -> None:
    """Give the lease back and note that the work ended well."""
    connection.execute(
        update(leases)
        .where(leases.c.name == name, leases.c.owner == owner)
        .values(owner=None, until=db_now(), done_at=db_now())
    )


def last_done(connection: Connection, name: str) -> datetime | None:
    """When the work last ended well; None: never."""
    return connection.scalar(select(leases.c.done_at).where(leases.c.name == name))


def age_s(connection: Connection, name: str) -> float | None:
    """Seconds on the database's clock since the work last ended well; None: never."""
    row = connection.execute(select(leases.c.done_at, db_now()).where(leases.c.name == name)).first()
    return None if row is None or row[0] is None else float((row[1] - row[0]).total_seconds())
