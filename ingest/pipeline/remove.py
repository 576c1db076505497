"""A takedown, from the wish to a database without a trace of the text."""

from __future__ import annotations

from ingest.pipeline.cluster import withdraw
from ingest.store.engine import Database
from ingest.store.texts import removal


def take_down(database: Database, document_id: str, *, who: str, why: str) -> bool:
    """Remove a document, leave a tombstone, clean the files; False where there is none or it is down already."""
    with database.writing() as connection:
        withdraw(connection, document_id)
        if not removal.take_down(connection, document_id, who=who, why=why):
            return False
    removal.scrub(database)
    return True
