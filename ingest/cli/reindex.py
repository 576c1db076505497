"""`ingest reindex`: move the archive to this version's way of signing texts, and to the encoder, while serving."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from ingest.errors import Misconfigured
from ingest.settings import Settings, load
from ingest.store.duplicates import signatures
from ingest.store.engine import Database, connect

if TYPE_CHECKING:
    from ingest.dedup.embedding import Encoder


@dataclass(slots=True)
class Done:
    """What a run did so far."""

    scheme: str
    encoder: str | None  # None: none is named
    signed: int = 0
    encoded: int = 0
    stopped: bool = False

    def __str__(self) -> str:
        encoded = "" if self.encoder is None else f", {self.encoded:,} encoded by {self.encoder}"
        stopped = "; stopped, the same command goes on from here" if self.stopped else ""
        return f"{self.signed:,} texts signed anew, scheme {self.scheme}{encoded}{stopped}"


def reindex(as_json: Annotated[bool, typer.Option("--json", help="One JSON object at the end.")] = False) -> None:
    """Sign and cluster anew what another version signed, and encode what the encoder has not seen, while serving.

    Texts of the window that were clustered before related_encoder named an encoder, or by another one, get their
    vectors and are related by them. May be stopped and run again.

    Example: ingest reindex
    """
    from ingest.cli.encoder import the_encoder
    from ingest.dedup.minhash import SCHEME
    from models.manifest import ModelError

    settings = load()
    encoder = the_encoder(settings)
    done = Done(SCHEME, None if encoder is None else encoder.label)
    database = connect(settings.sqlalchemy_url)
    try:
        _sign(database, settings, done)
        if encoder is not None:
            _encode(database, settings, encoder, done)
    except KeyboardInterrupt:
        done.stopped = True
        _say(done, as_json)
        raise
    except ModelError as error:
        raise Misconfigured(f"related_encoder: {error}") from None
    finally:
        database.close()
    _say(done, as_json)


def _say(done: Done, as_json: bool) -> None:
    print(json.dumps(asdict(done)) if as_json else done)


def _sign(database: Database, settings: Settings, done: Done) -> None:
    from ingest.pipeline.reindex import reindex as reindex_texts

    with database.reading() as connection:
        waiting = signatures.count_other_schemes(connection, done.scheme)
    with _progress("signing", waiting) as advance:
        for count in reindex_texts(database, window=timedelta(days=settings.window_days)):
            done.signed += count
            advance(count)


def _encode(database: Database, settings: Settings, encoder: Encoder, done: Done) -> None:
    from ingest.pipeline.encode import encode, waiting

    numbers = waiting(database, encoder.label)
    with _progress("encoding", len(numbers)) as advance:
        for batch in encode(database, encoder, numbers, most_bytes=settings.index_memory_mb * 1_000_000):
            done.encoded += batch.encoded
            advance(batch.texts)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows on a terminal how far a run is; told how many more are done."""
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)
