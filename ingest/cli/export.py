"""`ingest export`, `ingest dump` and `ingest import`: articles as files, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from ingest.errors import BadInput
from ingest.pipeline import export as exporting
from ingest.publish.files import writing
from ingest.publish.record import Record
from ingest.settings import load
from ingest.store.consumers import following
from ingest.store.engine import connect
from ingest.store.texts import listing
from ingest.store.texts.listing import Choice


def export(
    out: Annotated[
        Path | None,
        typer.Argument(help="A file: .jsonl, .jsonl.zst or .parquet. Left out: JSON lines to standard output."),
    ] = None,
    lang: Annotated[str | None, typer.Option(help="Only articles in this language.")] = None,
    source: Annotated[str | None, typer.Option(help="Only articles of this source.")] = None,
    words: Annotated[str | None, typer.Option("--search", help="Only articles with these words.")] = None,
    canonical: Annotated[bool, typer.Option("--canonical", help="One article per cluster.")] = False,
    slim: Annotated[bool, typer.Option("--slim", help="Summaries instead of whole articles; not in Parquet.")] = False,
    removed: Annotated[
        bool, typer.Option("--removed", help="With the pieces that were left out of each page.")
    ] = False,
    since: Annotated[
        int | None, typer.Option(help="Only what changed after this number of the change sequence.")
    ] = None,
) -> None:
    """Write articles as JSON lines or Parquet, the newest first, each as /v1/articles gives it.

    The number to give as --since next time is printed to standard error. With --since the articles come in the order
    of changes, and after them a line {"id": …, "deleted": true} for each that was taken down.

    Example: ingest export articles.jsonl.zst --canonical
    """
    if slim and out is not None and out.suffix == ".parquet":
        raise BadInput("export --slim", "a file of JSON lines", str(out))
    database = connect(load().sqlalchemy_url)
    choice = Choice(lang=lang, source=source, canonical=canonical, words=words)
    with database.reading() as connection:
        newest = following.newest(connection)
        if since is not None and since > newest:
            raise BadInput("export --since", f"a number up to {newest}, the newest change", str(since))
        count = 0
        with writing(out) as file:
            for group in exporting.records(connection, choice, since=since, removed=removed):
                file.write(_slim(connection, group) if slim else group)
                count += len(group)
    database.close()
    print(f"{count} records; next time: --since {newest}", file=sys.stderr)


def dump(
    folder: Annotated[Path, typer.Argument(help="Folder of dumps; each gets a folder of its day in it.")],
    day: Annotated[str | None, typer.Option(help="Name of the dump's folder; left out: today in UTC.")] = None,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Only what changed since the newest dump in the folder.")
    ] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="Parquet instead of packed JSON lines.")] = False,
) -> None:
    """Write all articles into a folder of the day, with a manifest and checksums; it is there whole or not at all.

    `sha256sum -c SHA256SUMS` checks it, `ingest import` reads it back. With INGEST_DUMP_DIR set
    the service does this once a day.

    Example: ingest dump /srv/dumps
    """
    database = connect(load().sqlalchemy_url)
    made = exporting.dump(
        database, folder, suffix=".parquet" if parquet else ".jsonl.zst", incremental=incremental, day=_plain(day)
    )
    database.close()
    print(f"{made.folder}: {made.records} records, changes {made.since} to {made.cursor}")


def import_(
    sources: Annotated[
        list[Path], typer.Argument(exists=True, help="Files of `ingest export`, folders of `ingest dump`.")
    ],
) -> None:
    """Read articles back, under the ids, revisions and times they had; twice is the same as once.

    What is newer here stays, what was taken down here stays down. Stopped half way, or by a damaged line, the same
    command goes on where it was. New articles find imported ones as duplicates after `ingest reindex`.

    Example: ingest import /srv/dumps/2026-03-02
    """
    from ingest.pipeline.load import load as take_back

    database = connect(load().sqlalchemy_url)
    for source in sources:
        endings = take_back(database, source, who="command line")
        print(f"{source}: " + (", ".join(f"{count} {ending}" for ending, count in sorted(endings.items())) or "empty"))
    database.close()


def _plain(day: str | None) -> str | None:
    if day is not None and (not day or day.startswith(".") or "/" in day):
        raise BadInput("dump --day", "a plain name, as 2026-03-02", repr(day))
    return day


def _slim(connection: Connection, group: list[Record]) -> list[Record]:
    from ingest.web.api.articles import add_similarity, summary

    tombstones = [record for record in group if record.get("deleted")]
    rows = listing.listed(connection, [record["id"] for record in group])
    shown = add_similarity(connection, tuple(rows[r["id"]] for r in group if r["id"] in rows))
    return [summary(*row).model_dump() for row in shown] + tombstones
