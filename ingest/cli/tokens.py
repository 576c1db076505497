"""`ingest tokens`: with what programs ask the API."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.settings import load
from ingest.store.consumers import tokens
from ingest.store.consumers.tokens import Scope
from ingest.store.engine import Database, connect
from ingest.store.operators import audit

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; several times for several.")] = None,
    days: Annotated[int | None, typer.Option(help="Days until it expires; left out: never.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this one time.

    Example: ingest tokens add "newsletter" --scope read --days 365
    """
    with _database().writing() as connection:
        token, secret = tokens.make(connection, name, scope or [Scope.READ], who="command line", days=days)
        audit.note(connection, "command line", "add-token", f"token:{token.id}", name=token.name)
    if as_json:
        print(json.dumps({"id": token.id, "name": token.name, "scopes": sorted(token.scopes), "token": secret}))
        return
    print(secret)
    Console(stderr=True).print(f"{token.name}: {', '.join(sorted(token.scopes))}. Keep it; it is not shown again.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List every token there ever was; not the tokens themselves.

    Example: ingest tokens list
    """
    with _database().reading() as connection:
        found = tokens.all_tokens(connection)
    if as_json:
        for token in found:
            times = {"created": token.created, "expires": token.expires, "last_used": token.last_used}
            line = {"id": token.id, "name": token.name, "prefix": token.prefix, "scopes": sorted(token.scopes)}
            dates = {name: at.isoformat() if at else None for name, at in times.items()}
            print(json.dumps({**line, **dates, "revoked": token.revoked is not None}, ensure_ascii=False))
        return
    table = Table("id", "name", "begins", "scopes", "last used", "expires", "revoked", header_style="bold")
    for token in found:
        moments = (token.last_used, token.expires, token.revoked)
        days = ["" if at is None else f"{at:%Y-%m-%d}" for at in moments]
        table.add_row(token.id, token.name, token.prefix + "…", ", ".join(sorted(token.scopes)), *days)
    Console().print(table)


@app.command()
def revoke(token_id: Annotated[str, typer.Argument(help="As `ingest tokens list` shows it.")]) -> None:
    """Let a token in no more.

    Example: ingest tokens revoke 1m7zs34k6jmtrkd148ya
    """
    with _database().writing() as connection:
        tokens.revoke(connection, token_id)
        audit.note(connection, "command line", "revoke-token", f"token:{token_id}")
    print("revoked")


def _database() -> Database:
    return connect(load().sqlalchemy_url)
