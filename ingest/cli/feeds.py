"""`ingest feeds`: which feeds are polled, how each is doing, and lists of them in and out."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import RowMapping

from ingest.cli.feed_lists import export, import_, opened
from ingest.cli.feed_look import checked, look_at, span
from ingest.errors import BadInput, IngestError
from ingest.feeds.opml import tidy_tags
from ingest.settings import Settings, load
from ingest.store.sources import feeds, polls
from ingest.urls import is_web

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]
Names = Annotated[list[str], typer.Argument(metavar="ID|URL", help="Feeds, by id or address.")]


@app.command()
def add(
    urls: Annotated[list[str], typer.Argument(metavar="URL", help="A feed, or a page that has one.")],
    tag: Annotated[list[str] | None, typer.Option("--tag", "-t", help="A tag; may be given again.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of its entries where the feed does not say.")] = None,
    ignore_robots: Annotated[
        bool, typer.Option("--ignore-robots", help="Fetch its pages whatever robots.txt says.")
    ] = False,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Do not look at it first.")] = False,
) -> None:
    """Poll a feed from now on: RSS, Atom, JSON Feed or a news sitemap; a page's own feed is found by itself.

    Example: ingest feeds add https://www.tagesschau.de/index~rss2.xml --tag news/de
    """
    settings = load()
    database = opened(settings)
    failed = False
    for url in urls:
        try:
            address, title, note = (url, "", "") if unchecked else look_at(url, settings)
            with database.writing() as connection:
                feed_id, new = feeds.add(
                    connection,
                    address,
                    title=title,
                    tags=tidy_tags(tag or ()),
                    language=language,
                    obey_robots=not ignore_robots,
                )
        except IngestError as error:
            failed = True
            print(f"ingest: {error}", file=sys.stderr)
            continue
        print(f"{feed_id}  {address}  {title}".rstrip() + (note or ("" if new else "  (already there)")))
    raise typer.Exit(1 if failed else 0)


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only active, paused or gone ones.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", "-t", help="Only those with this tag.")] = None,
    failing: Annotated[bool, typer.Option("--failing", help="Only those whose last poll failed.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the feeds: how often each is asked, when next, how it answered, how much it saved with 304.

    Example: ingest feeds list --failing
    """
    with opened(load()).reading() as connection:
        rows = feeds.every(connection, state=state, tag=tag, failing=failing)
    if as_json:
        for row in rows:
            print(json.dumps(_described(row), ensure_ascii=False))
        return
    console = Console()
    if not rows:
        console.print("No feeds. `ingest feeds add URL` or `ingest feeds import FILE` brings some.")
        return
    table = Table(header_style="bold")
    table.add_column("id", no_wrap=True)  # to be copied
    for heading in ("feed", "state", "every", "next", "last", "304", "new", "tags"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        due = _in(row["next_poll_at"]) if row["state"] == feeds.ACTIVE else ""
        last = str(row["last_status"] or "") + (f" [red]{row['failures']}×[/red]" if row["failures"] else "")
        name = row["title"] or row["url"]
        shown = [
            row["id"],
            name,
            row["state"],
            span(row["interval_s"]),
            due,
            last,
            _share(row),
            str(row["new_entries"]),
        ]
        table.add_row(*shown, " ".join(row["tags"]))
    console.print(table)


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="ID|URL")], as_json: AsJson = False) -> None:
    """Show one feed and its last polls: what was asked, what came back, and when it is asked next.

    Example: ingest feeds show https://www.tagesschau.de/index~rss2.xml
    """
    with opened(load()).reading() as connection:
        row = feeds.find(connection, name)
        history = polls.history(connection, row["id"], 20)
    if as_json:
        told = [{**poll, "at": poll["at"].isoformat()} for poll in (dict(one) for one in history)]
        print(json.dumps(_described(row) | {"history": told}, ensure_ascii=False))
        return
    console = Console()
    for key, value in _described(row).items():
        if value not in (None, "", []):
            console.print(f"[bold]{key:>14}[/bold]  {value}", highlight=False)
    table = Table(
        "polled", "outcome", "status", "entries", "new", "bytes", "ms", "next in", "said", header_style="bold"
    )
    for poll in history:
        numbers = [str(poll[key]) for key in ("entries", "fresh", "size", "ms")]
        status, said = str(poll["status"] or ""), poll["detail"]
        table.add_row(f"{poll['at']:%m-%d %H:%M:%S}", poll["outcome"], status, *numbers, span(poll["next_s"]), said)
    console.print(table)


@app.command()
def pause(names: Names) -> None:
    """Stop polling feeds until they are resumed; what they brought stays.

    Example: ingest feeds pause https://example.org/feed
    """
    _each(names, lambda connection, row: feeds.pause(connection, row["id"]), "paused")


@app.command()
def resume(names: Names) -> None:
    """Poll feeds again, at once: paused ones, and ones that were gone and are back.

    Example: ingest feeds resume 1m7zr42f4wexjgx23j6w
    """
    _each(names, lambda connection, row: feeds.resume(connection, row["id"]), "active again")


@app.command()
def poll(names: Names) -> None:
    """Make feeds due at once, whatever their interval; the workers poll them in a moment.

    Example: ingest feeds poll https://example.org/feed
    """
    _each(names, lambda connection, row: feeds.poll_soon(connection, row["id"]), "due now")


@app.command()
def remove(names: Names) -> None:
    """Forget feeds, what they said and how they were polled; the articles they brought stay.

    Example: ingest feeds remove https://example.org/feed
    """
    _each(names, lambda connection, row: feeds.remove(connection, row["id"]), "removed")


@app.command()
def check(names: Annotated[list[str], typer.Argument(metavar="ID|URL")], as_json: AsJson = False) -> None:
    """Ask feeds once and say what came, without keeping anything: what is in them, how often they would be polled.

    Example: ingest feeds check https://www.lemonde.fr/rss/une.xml
    """
    settings = load()
    failed = False
    for name in names:
        try:
            address = name if is_web(name) else _address_of(name, settings)
            report = checked(address, settings)
        except IngestError as error:
            failed = True
            report = {"url": name, "problem": str(error)}
        if as_json:
            print(json.dumps(report, ensure_ascii=False))
            continue
        for key, value in report.items():
            print(f"{key:>14}  {value}")
        print()
    raise typer.Exit(1 if failed else 0)


app.command("import")(import_)
app.command()(export)


def _each(names: list[str], act: Any, word: str) -> None:
    database = opened(load())
    failed = False
    for name in names:
        try:
            with database.writing() as connection:
                row = feeds.find(connection, name)
                act(connection, row)
        except BadInput as error:
            failed = True
            print(f"ingest: {error}", file=sys.stderr)
            continue
        print(f"{row['id']}  {row['url']}  {word}")
    raise typer.Exit(1 if failed else 0)


def _described(row: RowMapping) -> dict[str, Any]:
    times = ("next_poll_at", "last_polled_at", "last_success_at", "created_at")
    plain = (
        "id",
        "url",
        "title",
        "site_url",
        "kind",
        "state",
        "tags",
        "language",
        "note",
        "full_content",
        "obey_robots",
    )
    counts = ("interval_s", "wanted_s", "polls", "not_modified", "new_entries", "failures", "last_status", "last_error")
    return {
        **{name: row[name] for name in (*plain, *counts)},
        **{name: row[name].isoformat() if row[name] else None for name in times},
    }


def _address_of(name: str, settings: Settings) -> str:
    with opened(settings).reading() as connection:
        return str(feeds.find(connection, name)["url"])


def _share(row: RowMapping) -> str:
    return f"{row['not_modified'] / row['polls']:.0%}" if row["polls"] else ""


def _in(moment: datetime) -> str:
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return "now" if seconds <= 0 else f"in {span(seconds)}"
