"""`ingest export`: articles as JSON lines, for files that other programs read."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Annotated, cast

import typer
from sqlalchemy import Connection

from ingest.errors import BadInput
from ingest.settings import load
from ingest.store import following, listing
from ingest.store.engine import connect
from ingest.store.listing import Choice, Listed

AT_ONCE = 200


def export(
    out: Annotated[
        Path | None, typer.Argument(help="A file to write; `.zst` is compressed. Left out: standard output.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="Only articles in this language.")] = None,
    source: Annotated[str | None, typer.Option(help="Only articles of this source.")] = None,
    words: Annotated[str | None, typer.Option("--search", help="Only articles with these words.")] = None,
    canonical: Annotated[bool, typer.Option("--canonical", help="One article per cluster.")] = False,
    slim: Annotated[bool, typer.Option("--slim", help="Summaries instead of whole articles.")] = False,
    since: Annotated[
        int | None, typer.Option(help="Only what changed after this number of the change sequence.")
    ] = None,
) -> None:
    """Write articles as JSON lines, the newest first, each as /v1/articles gives it.

    The number to give as --since next time is printed to standard error; articles that were taken down since then
    are not in the output: follow /v1/changes where that matters.

    Example: ingest export articles.jsonl.zst --canonical
    """
    database = connect(load().sqlalchemy_url)
    choice = Choice(lang=lang, source=source, canonical=canonical, words=words)
    with ExitStack() as stack:
        connection = stack.enter_context(database.reading())
        write = stack.enter_context(_opened(out))
        newest = following.newest(connection)
        if since is not None and since > newest:
            raise BadInput("export --since", f"a number up to {newest}, the newest change", str(since))
        count = 0
        for rows in _rows(connection, choice, since):
            for line in _lines(connection, rows, slim):
                write.write(line + b"\n")
                count += 1
    database.close()
    print(f"{count} articles; next time: --since {newest}", file=sys.stderr)


def _rows(connection: Connection, choice: Choice, since: int | None) -> Iterator[tuple[Listed, ...]]:
    """The articles in groups that fit into memory."""
    if since is not None:
        place = since
        told: set[str] = set()
        while found := following.changes_since(connection, place, AT_ONCE):
            place = found[-1].seq
            ids = list(dict.fromkeys(c.article for c in found if c.article and c.article not in told))
            told |= set(ids)
            rows = listing.listed(connection, ids, choice)
            yield tuple(rows[id_] for id_ in ids if id_ in rows)
        return
    cursor: str | None = None
    while True:
        found_page = listing.list_articles(connection, choice, cursor=cursor, limit=AT_ONCE)
        yield found_page.rows
        cursor = found_page.next
        if cursor is None:
            return


def _lines(connection: Connection, rows: tuple[Listed, ...], slim: bool) -> Iterator[bytes]:
    from pydantic_core import to_json

    from ingest.web.api.articles import add_similarity, load_full, summary

    if slim:
        yield from (to_json(summary(*row)) for row in add_similarity(connection, rows))
    else:
        yield from (to_json(article) for article in load_full(connection, rows))


def _opened(out: Path | None) -> IO[bytes]:
    if out is None:
        return cast(IO[bytes], io.FileIO(sys.stdout.fileno(), "wb", closefd=False))
    if out.suffix == ".zst":
        import zstandard

        return cast(IO[bytes], zstandard.open(out, "wb"))
    return out.open("wb")
