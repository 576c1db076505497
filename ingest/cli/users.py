"""`ingest users`: who may log in to the console."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.settings import load
from ingest.store.engine import Database, connect
from ingest.store.operators import audit, people
from ingest.store.operators.people import Role

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

Name = Annotated[str, typer.Argument(help="The name to log in with.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input; else one is made and printed.")
]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="reader looks, operator decides, admin may all.")] = Role.READER,
    password_stdin: FromInput = False,
) -> None:
    """Add a person.

    Example: ingest users add maria --role operator
    """
    given = _given(password_stdin)
    with _database().writing() as connection:
        password = people.add(connection, name, role, given)
        audit.note(connection, "command line", "add-person", f"person:{name}", role=str(role))
    _tell(name, password, given)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")] = False) -> None:
    """List who may log in.

    Example: ingest users list
    """
    with _database().reading() as connection:
        found = people.everybody(connection)
    if as_json:
        for person in found:
            line = {"name": person.name, "role": str(person.role), "created": person.created.isoformat()}
            print(json.dumps(line | {"disabled": person.disabled is not None}))
        return
    table = Table("name", "role", "since", "disabled", header_style="bold")
    for person in found:
        disabled = f"{person.disabled:%Y-%m-%d}" if person.disabled else ""
        table.add_row(person.name, person.role, f"{person.created:%Y-%m-%d}", disabled)
    Console().print(table)


@app.command()
def password(name: Name, password_stdin: FromInput = False) -> None:
    """Give a person another password; they are logged out everywhere.

    Example: ingest users password maria
    """
    given = _given(password_stdin)
    with _database().writing() as connection:
        chosen = people.set_password(connection, name, given)
        audit.note(connection, "command line", "set-password", f"person:{name}")
    _tell(name, chosen, given)


@app.command()
def role(name: Name, role: Annotated[Role, typer.Argument(help="reader, operator or admin.")]) -> None:
    """Give a person another role.

    Example: ingest users role maria admin
    """
    with _database().writing() as connection:
        people.set_role(connection, name, role)
        audit.note(connection, "command line", "set-role", f"person:{name}", role=str(role))
    print(f"{name}: {role}")


@app.command()
def disable(name: Name) -> None:
    """Let a person in no more; they are logged out everywhere.

    Example: ingest users disable maria
    """
    with _database().writing() as connection:
        people.disable(connection, name)
        audit.note(connection, "command line", "disable-person", f"person:{name}")
    print(f"{name}: disabled")


@app.command()
def enable(name: Name) -> None:
    """Let a disabled person in again.

    Example: ingest users enable maria
    """
    with _database().writing() as connection:
        people.disable(connection, name, disabled=False)
        audit.note(connection, "command line", "enable-person", f"person:{name}")
    print(f"{name}: enabled")


def _given(from_input: bool) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") if from_input else None


def _tell(name: str, password: str, given: str | None) -> None:
    if given is None:
        print(password)
        Console(stderr=True).print(f"The password of {name}; it is not shown again.")
    else:
        print(f"{name}: password set")


def _database() -> Database:
    return connect(load().sqlalchemy_url)
