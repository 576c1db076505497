"""`ingest demo`: the five documents of `seeds/` through the real thing, then a page in a browser.

Broker, workers, schedule and web server run as `ingest up` runs them, on a database of its own that is made anew.
"""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingest.errors import Misconfigured
from ingest.settings import Settings, load_with_sources
from ingest.store.engine import Database, connect
from ingest.store.texts import articles, documents, extractions, listing
from ingest.types import TERMINAL, Page, State

if TYPE_CHECKING:
    from workers.embedded import Embedded

SEEDS = Path(__file__).parents[2] / "seeds"

PATIENCE_S = 600.0
"""Seconds until the demo gives up; on two busy cores it has taken up to a minute."""


def demo(
    exit_after: Annotated[
        bool, typer.Option("--exit", help="Stop after the table; status 0 only if all are done.")
    ] = False,
) -> None:
    """Take the five documents of seeds/ through everything, print what came out, and serve it until Ctrl-C.

    Example: ingest demo --exit
    """
    from workers.embedded import Embedded

    settings = _settings()
    paths = sorted(SEEDS.glob("0*.txt"))
    if not paths:
        raise Misconfigured(f"{SEEDS}: expected the five documents; `ingest demo` runs in a clone of the repository")
    console = Console()
    database = connect(settings.sqlalchemy_url)
    with Embedded(settings) as service:
        service.stop_on_signals()
        ids = _take_in(database, paths)
        _follow(service, database, ids, console)
        console.print(_table(database, ids))
        done = _states(database, ids).count(State.DONE) == len(ids)
        if not exit_after:
            console.print(f"\nLook at them here: [bold]{service.url}[/bold]   (Ctrl-C stops)")
            service.tend()
    database.close()
    sys.exit(0 if done else 1)


def _settings() -> Settings:
    """As configured, but for a database of the demo's own, made anew, and a console open to this machine."""
    settings, sources = load_with_sources()
    changed: dict[str, object] = {"open_console": True}
    if sources["log_level"] == "default":
        changed["log_level"] = "warning"  # what matters here is the table
    if sources["data_dir"] == "default":
        changed["data_dir"] = Path("var/demo").absolute()
    settings = settings.model_copy(update=changed)
    if sources["data_dir"] == "default" and sources["database_url"] == "default":
        from workers.embedded import running

        if owner := running(settings.data_dir):
            raise Misconfigured(f"a demo runs already: {owner.get('url')}")
        shutil.rmtree(settings.data_dir, ignore_errors=True)
    return settings


def _take_in(database: Database, paths: list[Path]) -> dict[str, str]:
    """The documents' ids by file name."""
    with database.writing() as connection:
        return {
            path.name: documents.admit_page(
                connection, Page(path.read_bytes(), "text/plain", None, None, datetime.now(UTC)), origin="file"
            ).document_id
            for path in paths
        }


def _states(database: Database, ids: dict[str, str]) -> list[State]:
    with database.reading() as connection:
        rows = [documents.load(connection, document_id) for document_id in ids.values()]
    return [State(row["state"]) for row in rows if row is not None]


def _follow(service: Embedded, database: Database, ids: dict[str, str], console: Console) -> None:
    """Show progress until every document has come to an end, a signal comes, or patience ends."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("extract, translate, cluster", total=len(ids))
        started = time.monotonic()

        def ended() -> bool:
            count = sum(state in TERMINAL for state in _states(database, ids))
            progress.update(task, completed=count)
            return count == len(ids) or time.monotonic() - started > PATIENCE_S

        service.tend(until=ended)


def _table(database: Database, ids: dict[str, str]) -> Table:
    table = Table(
        "document", "state", "languages", "sentences", "struck out", "related", "English title", header_style="bold"
    )
    names = {document_id: name[:3] for name, document_id in ids.items()}
    with database.reading() as connection:
        found = listing.listed(connection, list(ids.values()))
        for name, document_id in ids.items():
            row = documents.load(connection, document_id)
            extraction = extractions.load(connection, document_id)
            state = "?" if row is None else f"{row['state']} {row['reason'] or ''}".strip()
            if extraction is None or document_id not in found:
                table.add_row(name[:3], state, "", "", "", "", "")
                continue
            document, identified, _title_lang = extraction
            languages = sorted({span.lang for span in identified.spans})
            related = sorted(
                names[other.id] for other, _ in listing.related_to(connection, [document_id]) if other.id in names
            )
            article = articles.load(connection, document_id)
            sentences = 0 if article is None else len(article.sentences)
            struck = sum(not block.kept for block in document.blocks)
            table.add_row(
                name[:3],
                state,
                " ".join(languages),
                str(sentences),
                str(struck),
                " ".join(related),
                found[document_id].title or found[document_id].excerpt[:60] + " …",
            )
    return table
