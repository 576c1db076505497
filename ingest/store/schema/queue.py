"""Tables of work: how each attempt ended, what is counted, who does what alone.

What waits for which stage is a column of `documents`: one row, one state.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from ingest.store.schema.columns import BigId, Utc, identifier, metadata

outcomes = Table(  # the trail: exactly one row per unit, stage and attempt
    "outcomes",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    identifier("document_id", nullable=False),
    Column("stage", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("outcome", String(16), nullable=False),  # done, rejected, waiting, retry, quarantined, lost-lease, removed
    Column("reason", String(64)),
    Column("detail", Text),
    Column("ms", Integer),
    Column("worker", Text),
    Column("at", Utc, nullable=False),
    Index("ix_outcomes_document", "document_id", "id"),
    Index("ix_outcomes_at", "at", "stage", "outcome"),
    sqlite_autoincrement=True,  # metrics follow the trail by number, also after it was pruned
)

tallies = Table(  # what is counted by all processes together and belongs to no unit
    "tallies",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("total", BigInteger, nullable=False),
)

leases = Table(  # named work that only one process does at a time
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", Text),
    Column("until", Utc, nullable=False),
    Column("done_at", Utc),  # when the work last ended well
)
