"""`ingest takedown`: remove an article for good."""

from __future__ import annotations

from typing import Annotated

import typer

from ingest.errors import BadInput
from ingest.settings import load
from ingest.store.engine import connect
from ingest.store.texts import documents


def takedown(
    which: Annotated[str, typer.Argument(metavar="ID|URL", help="The article.")],
    why: Annotated[str, typer.Option(help="The reason, for the log of acts; no word of the text.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an article for good: a tombstone stays, no trace of the text, and no feed brings it back.

    Example: ingest takedown https://example.org/news/17 --why "court order 4 O 12/26"
    """
    from ingest.pipeline.remove import take_down

    database = connect(load().sqlalchemy_url)
    try:
        with database.reading() as connection:
            document_id = documents.find(connection, which)
        if document_id is None:
            raise BadInput("takedown", "the id or address of a document", repr(which))
        if not yes:
            typer.confirm(f"Remove {document_id} for good?", abort=True)
        if take_down(database, document_id, who="command line", why=why):
            print(f"{document_id} is taken down; backups keep it until they are deleted")
        else:
            print(f"{document_id} was taken down before")
    finally:
        database.close()
