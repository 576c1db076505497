"""`ingest reindex`: move the archive to this version's way of signing texts, while serving."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Console
from rich.progress import Progress

from ingest.settings import load
from ingest.store.duplicates import signatures
from ingest.store.engine import connect


def reindex() -> None:
    """Sign and cluster the archive anew where another version signed it, while serving; may be stopped and run again.

    Example: ingest reindex
    """
    from ingest.dedup.minhash import SCHEME
    from ingest.pipeline.reindex import reindex as reindex_texts

    settings = load()
    database = connect(settings.sqlalchemy_url)
    try:
        with database.reading() as connection:
            waiting = signatures.count_other_schemes(connection, SCHEME)
        done = 0
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("signing", total=waiting)
            for count in reindex_texts(database, window=timedelta(days=settings.window_days)):
                done += count
                progress.advance(task, count)
        print(f"{done:,} texts signed anew, scheme {SCHEME}")
    finally:
        database.close()
