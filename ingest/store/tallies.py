"""Counts that all processes share and that outlive them: each a row that only grows."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.schema import tallies


def tally(connection: Connection, counts: Mapping[str, int]) -> None:
    """Add these to the totals of their names."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(tallies)
    added = insert.on_conflict_do_update(
        index_elements=["name"], set_={"total": tallies.c.total + insert.excluded["total"]}
    )
    # in one order everywhere: two writers cannot deadlock
    connection.execute(added, [{"name": name, "total": count} for name, count in sorted(counts.items())])


def totals(connection: Connection) -> dict[str, int]:
    """Every total by its name; a name that was never counted is absent."""
    return {row.name: row.total for row in connection.execute(select(tallies.c.name, tallies.c.total))}
