"""`ingest export`: articles as JSON lines, for files that other programs read."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Annotated, Any, cast

import typer
from sqlalchemy import Connection

from ingest.errors import BadInput
from ingest.publish.record import article_record, to_json
from ingest.settings import load
from ingest.store import following, listing, outgoing
from ingest.store.engine import connect
from ingest.store.listing import Choice


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
        for ids in _groups(connection, choice, since):
            lines = [to_json(record) for record in _records(connection, ids, slim)]
            write.write(b"".join(line + b"\n" for line in lines))
            count += len(lines)
    database.close()
    print(f"{count} articles; next time: --since {newest}", file=sys.stderr)


def _groups(connection: Connection, choice: Choice, since: int | None) -> Iterator[list[str]]:
    """Ids of the articles in groups that fit into memory."""
    if since is None:
        place = None
        while places := listing.article_ids(connection, choice, place, outgoing.AT_ONCE):
            place = places[-1]
            yield [id_ for _, id_ in places]
        return
    told: set[str] = set()
    while found := following.changes_since(connection, since, outgoing.AT_ONCE):
        since = found[-1].seq
        ids = list(dict.fromkeys(c.article for c in found if c.article and c.article not in told))
        told |= set(ids)
        chosen = listing.listed(connection, ids, choice)
        yield [id_ for id_ in ids if id_ in chosen]


def _records(connection: Connection, ids: list[str], slim: bool) -> list[Any]:
    if not slim:
        return [article_record(row) for row in outgoing.whole(connection, ids)]
    from ingest.web.api.articles import add_similarity, summary

    rows = listing.listed(connection, ids)
    return [summary(*row) for row in add_similarity(connection, tuple(rows[id_] for id_ in ids if id_ in rows))]


def _opened(out: Path | None) -> IO[bytes]:
    if out is None:
        return cast(IO[bytes], io.FileIO(sys.stdout.fileno(), "wb", closefd=False))
    if out.suffix == ".zst":
        import zstandard

        return cast(IO[bytes], zstandard.open(out, "wb"))
    return out.open("wb")
