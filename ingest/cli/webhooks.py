"""`ingest webhooks`: programs that are told of changes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ingest.errors import BadInput, Permanent
from ingest.publish.change import ChangeKind
from ingest.publish.record import to_json
from ingest.publish.signing import new_secret
from ingest.settings import load
from ingest.store.consumers import following, webhooks
from ingest.store.consumers.webhooks import MOST_AT_ONCE, Webhook
from ingest.store.engine import Database, connect
from ingest.store.operators import audit

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]
Id = Annotated[str, typer.Argument(help="As `ingest webhooks list` shows it.")]
WHO = "command line"


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where messages are sent.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    kind: Annotated[
        list[ChangeKind] | None, typer.Option(help="Only of such changes; several times for several.")
    ] = None,
    slim: Annotated[bool, typer.Option("--slim", help="Changes without their articles.")] = False,
    at_once: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE, help="Changes in one message, at most.")] = 100,
    since: Annotated[
        int | None, typer.Option(help="Begin after this change; 0: with the first. Left out: now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a program of changes, and print the secret its messages are signed with, this one time.

    Example: ingest webhooks add https://consumer.example/newsfold --kind upsert --kind delete
    """
    secret = new_secret()
    with _database().writing() as connection:
        made = webhooks.add(
            connection,
            url,
            secret,
            who=WHO,
            name=name,
            kinds=kind or (),
            with_articles=not slim,
            at_once=at_once,
            since=since,
        )
        audit.note(connection, WHO, "add-webhook", f"webhook:{made.id}", url=url)
    if as_json:
        print(to_json({"id": made.id, "url": url, "seq": made.seq, "secret": secret}).decode())
        return
    print(secret)
    Console(stderr=True).print(f"{made.id}: told of what comes after change {made.seq}. Keep the secret; test it with:")
    Console(stderr=True).print(f"  ingest webhooks test {made.id}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List who is told, how far each is, and why one is not told any more.

    Example: ingest webhooks list
    """
    with _database().reading() as connection:
        found, newest = webhooks.every(connection), following.newest(connection)
    if as_json:
        for one in found:
            print(to_json(_shown(one) | {"behind": max(0, newest - one.seq)}).decode())
        return
    table = Table(
        "id", "address", "state", "taken up to", "behind", "failures", "last answer", "why", header_style="bold"
    )
    for one in found:
        said = one.last_error or ("" if one.last_status is None else str(one.last_status))
        numbers = (str(one.seq), str(max(0, newest - one.seq)), str(one.failures))
        table.add_row(one.id, one.url, str(one.state), *numbers, said, one.reason or "")
    Console().print(table)


@app.command()
def pause(webhook_id: Id) -> None:
    """Tell it nothing until `resume`; it keeps its place."""
    _act("pause", webhook_id)
    print("paused")


@app.command()
def resume(webhook_id: Id) -> None:
    """Tell it again, from where it stopped, also where it was given up."""
    _act("resume", webhook_id)
    print("resumed")


@app.command()
def remove(webhook_id: Id) -> None:
    """Forget it."""
    _act("remove", webhook_id)
    print("removed")


@app.command()
def rotate(webhook_id: Id) -> None:
    """Make a new secret and print it, this one time; for a day messages are signed with the former one as well."""
    secret = new_secret()
    _act("rotate", webhook_id, secret)
    print(secret)


@app.command()
def test(webhook_id: Id) -> None:
    """Send a signed test message now, and say what came of it; its place in the changes stays.

    Example: ingest webhooks test 1m7zs34k6jmtrkd148ya
    """
    from ingest.fetch import Fetcher
    from ingest.pipeline.deliver import deliver

    _act("ask_test", webhook_id)
    database = _database()
    deliver(database, Fetcher.from_settings(load()), webhook_id, spree_s=0)
    with database.reading() as connection:
        found = webhooks.load(connection, webhook_id)
    result = (found and found.test_result) or "another process is sending just now; `ingest webhooks list --json` tells"
    if not result.startswith("taken"):
        raise Permanent(f"webhook {webhook_id}: {result}")
    print(result)


def _act(name: str, webhook_id: str, *more: str) -> None:
    with _database().writing() as connection:
        if not getattr(webhooks, name)(connection, webhook_id, *more):
            raise BadInput("webhook", "an id that `ingest webhooks list` shows", repr(webhook_id[:40]))
        audit.note(connection, WHO, f"{name.replace('_', '-')}-webhook", f"webhook:{webhook_id}")


def _shown(one: Webhook) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "epoch"}


def _database() -> Database:
    return connect(load().sqlalchemy_url)
