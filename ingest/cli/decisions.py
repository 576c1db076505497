"""`ingest decide`: say that two articles are, or are not, copies of one text; list what was said, and undo it."""

from __future__ import annotations

import getpass
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.errors import BadInput
from ingest.settings import load
from ingest.store.duplicates import decisions
from ingest.store.engine import Database, connect
from ingest.store.texts import documents
from ingest.types import Decision, Link

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

One = Annotated[str, typer.Argument(metavar="ID|URL", help="An article.")]
Other = Annotated[str, typer.Argument(metavar="ID|URL", help="Another one.")]
Why = Annotated[str, typer.Option(help="The reason, for those who come after.")]
Who = Annotated[str | None, typer.Option(help="Who decides; by default the user at the keyboard.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of words.")]


@app.command()
def same(one: One, other: Other, why: Why = "", who: Who = None, as_json: AsJson = False) -> None:
    """Two articles are copies of one text: they stand in one cluster from now on, whatever the texts say.

    Example: ingest decide same 3f0c… 3f1d… --why "same agency report, cut in half"
    """
    _decide(Link.MUST, one, other, why, who, as_json)


@app.command()
def apart(one: One, other: Other, why: Why = "", who: Who = None, as_json: AsJson = False) -> None:
    """Two articles are no copies of one text: they never stand in one cluster; one they share is split now.

    Example: ingest decide apart 3f0c… 3f1d… --why "two different trials"
    """
    _decide(Link.CANNOT, one, other, why, who, as_json)


@app.command()
def undo(
    decision: Annotated[int, typer.Argument(metavar="NUMBER", help="As `ingest decide list` shows it.")],
    who: Who = None,
    as_json: AsJson = False,
) -> None:
    """Undo a decision: the clusters are again what the texts and the other decisions make of them.

    Example: ingest decide undo 12
    """
    from ingest.pipeline.decisions import undo as undo_decision

    with _database().writing() as connection:
        _show([undo_decision(connection, decision, who=who or getpass.getuser())], as_json)


@app.command()
def represent(one: One) -> None:
    """Make an article the one that stands for its cluster.

    Example: ingest decide represent 3f0c…
    """
    from ingest.pipeline.decisions import choose

    database = _database()
    with database.writing() as connection:
        article = _article(database, one)
        print(f"{article} stands for cluster {choose(connection, article)}")


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 50, as_json: AsJson = False
) -> None:
    """List the decisions, those undone included.

    Example: ingest decide list
    """
    with _database().reading() as connection:
        _show(decisions.standing(connection, limit), as_json)


def _decide(link: Link, one: str, other: str, why: str, who: str | None, as_json: bool) -> None:
    from ingest.pipeline.decisions import decide

    database = _database()
    a, b = _article(database, one), _article(database, other)
    with database.writing() as connection:
        _show([decide(connection, link, a, b, who=who or getpass.getuser(), why=why)], as_json)


def _article(database: Database, which: str) -> str:
    with database.reading() as connection:
        found = documents.find(connection, which)
    if found is None:
        raise BadInput("decide", "the id or address of an article", repr(which))
    return found


def _show(found: list[Decision], as_json: bool) -> None:
    if as_json:
        for decision in found:
            print(json.dumps(_plain(decision), ensure_ascii=False))
        return
    console = Console()
    if not found:
        console.print("Nothing was decided yet.")
        return
    table = Table("number", "decision", "article", "article", "who", "when", "why", "undone", header_style="bold")
    for one in found:
        undone = f"{one.undone:%Y-%m-%d %H:%M}" if one.undone else ""
        when = f"{one.when:%Y-%m-%d %H:%M}"
        table.add_row(str(one.id), str(one.link), one.a, one.b, one.who, when, one.why, undone)
    console.print(table)


def _plain(decision: Decision) -> dict[str, object]:
    return {
        "number": decision.id,
        "decision": str(decision.link),
        "a": decision.a,
        "b": decision.b,
        "who": decision.who,
        "when": decision.when.isoformat(),
        "why": decision.why,
        "undone": decision.undone.isoformat() if decision.undone else None,
    }


def _database() -> Database:
    return connect(load().sqlalchemy_url)
