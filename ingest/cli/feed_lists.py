"""Lists of feeds in and out: OPML, whose folders are tags, and TOML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from ingest.errors import BadInput
from ingest.feeds.opml import FeedList, listed_of, read_list, tidy_tags, write_opml, write_toml
from ingest.settings import Settings, load
from ingest.store import migrations
from ingest.store.engine import Database, connect
from ingest.store.sources import feeds

TOGETHER = 500
"""Feeds that come in with one commit."""


def import_(
    path: Annotated[str, typer.Argument(metavar="FILE|-", help="OPML or TOML; - is standard input.")],
    tag: Annotated[list[str] | None, typer.Option("--tag", "-t", help="One more tag for all of them.")] = None,
) -> None:
    """Add every feed of an OPML or TOML file; folders become tags, those that are there already get the tags.

    Example: ingest feeds import subscriptions.opml
    """
    found = _read_list(path)
    database = opened(load())
    new = done = 0
    batches = [found.feeds[start : start + TOGETHER] for start in range(0, len(found.feeds), TOGETHER)]
    console = Console(stderr=True)
    try:
        for batch in track(batches, "feeds", console=console, transient=True, disable=not console.is_terminal):
            with database.writing() as connection:
                new += sum(feeds.add_listed(connection, listed, tags=tidy_tags(tag or ())) for listed in batch)
            done += len(batch)
    except KeyboardInterrupt:
        print(f"{done} of {len(found.feeds)} feeds are in; the same command brings the rest", file=sys.stderr)
        raise
    for problem in found.problems:
        print(problem, file=sys.stderr)
    known = len(found.feeds) - new
    print(f"{new} new, {known} there already" + (f", {len(found.problems)} bad" if found.problems else ""))
    raise typer.Exit(1 if found.problems else 0)


def export(
    path: Annotated[str, typer.Argument(metavar="FILE|-", help="- is standard output.")] = "-",
    toml: Annotated[
        bool, typer.Option("--toml", help="TOML instead of OPML; also for a FILE that ends in .toml.")
    ] = False,
    tag: Annotated[str | None, typer.Option("--tag", "-t", help="Only those with this tag.")] = None,
) -> None:
    """Write the feeds as OPML (tags become folders) or TOML; `import` reads both back without loss.

    Example: ingest feeds export feeds.toml
    """
    with opened(load()).reading() as connection:
        listed = [listed_of(row) for row in feeds.every(connection, tag=tag) if row["state"] != feeds.GONE]
    written = write_toml(listed) if toml or path.endswith(".toml") else write_opml(listed)
    if path == "-":
        sys.stdout.buffer.write(written)
    else:
        Path(path).write_bytes(written)
        print(f"{len(listed)} feeds in {path}")


def opened(settings: Settings) -> Database:
    """The database, brought to this version's tables."""
    database = connect(settings.sqlalchemy_url)
    migrations.upgrade(database)
    return database


def _read_list(path: str) -> FeedList:
    if path == "-":
        return read_list(sys.stdin.buffer.read(), "standard input")
    try:
        return read_list(Path(path).read_bytes(), path)
    except OSError as error:
        raise BadInput(path, "a readable OPML or TOML file", error.strerror or str(error)) from None
