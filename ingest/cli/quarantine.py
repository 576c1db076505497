"""`ingest quarantine`: documents that gave up after repeated failure, why, and letting them run again."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.errors import BadInput
from ingest.settings import load
from ingest.store.engine import Database, connect
from ingest.store.operators import audit
from ingest.store.queue import aside, standing
from ingest.types import State

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

Reason = Annotated[str | None, typer.Option(help="Only those of this reason.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]


@app.command("list")
def list_(reason: Reason = None, limit: Annotated[int, typer.Option(min=1)] = 50, as_json: AsJson = False) -> None:
    """List what gave up, the latest first.

    Example: ingest quarantine list --reason worker-lost
    """
    with _database().reading() as connection:
        rows = aside.quarantined(connection, reason=reason, limit=limit)
        reasons = standing.count_reasons(connection, State.QUARANTINED)
    if as_json:
        for row in rows:
            line = {name: row[name] for name in ("id", "stage", "attempts", "reason", "detail", "url")}
            print(json.dumps(line | {"since": row["changed_at"].isoformat()}, ensure_ascii=False))
        return
    console = Console()
    if not rows:
        console.print("Nothing is quarantined.")
        return
    table = Table("id", "stage", "attempts", "reason", "since", "detail", header_style="bold")
    for row in rows:
        since = f"{row['changed_at']:%Y-%m-%d %H:%M}"
        table.add_row(row["id"], row["stage"], str(row["attempts"]), row["reason"], since, row["detail"])
    console.print(table)
    console.print(", ".join(f"{name} {count}" for name, count in reasons))
    console.print("`ingest quarantine retry ID` or `--reason REASON` lets them run again.")


@app.command()
def show(document_id: str, as_json: AsJson = False) -> None:
    """Show what happened to a document, attempt by attempt."""
    with _database().reading() as connection:
        row = standing.document(connection, document_id)
        trail = standing.trail(connection, document_id)
    if row is None:
        raise BadInput("quarantine show", "the id of a document", repr(document_id))
    if as_json:
        for step in trail:
            print(
                json.dumps(
                    {
                        "at": step.at.isoformat(),
                        "stage": step.stage,
                        "attempt": step.attempt,
                        "outcome": step.outcome,
                        "reason": step.reason,
                        "detail": step.detail,
                        "ms": step.ms,
                        "worker": step.worker,
                    },
                    ensure_ascii=False,
                )
            )
        return
    console = Console()
    console.print(f"[bold]{row.id}[/bold]  {row.url or row.given_id or row.origin}")
    console.print(f"{row.state} at {row.stage}: {row.reason or '-'}", f"({row.last_error})" if row.last_error else "")
    table = Table("at", "stage", "attempt", "outcome", "reason", "ms", "detail", header_style="bold")
    for step in trail:
        ms = "" if step.ms is None else str(step.ms)
        at = f"{step.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(at, step.stage, str(step.attempt), step.outcome, step.reason or "", ms, step.detail or "")
    console.print(table)


@app.command()
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Documents.")] = None,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Let quarantined documents run again, at the stage where they gave up.

    Example: ingest quarantine retry --reason out-of-memory
    """
    if sum((bool(ids), reason is not None, everything)) != 1:
        raise BadInput("quarantine retry", "ids, or --reason, or --all", "none or several of these")
    with _database().writing() as connection:
        wanted = [reason] if reason is not None else []
        if everything:
            wanted = [name for name, _ in standing.count_reasons(connection, State.QUARANTINED)]
        woken = aside.replay(connection, ids) if ids else sum(aside.replay(connection, reason=one) for one in wanted)
        audit.note(connection, "command line", "replay", "quarantine", documents=woken, reason=reason)
    print(f"{woken} document{'s run' if woken != 1 else ' runs'} again")
    if ids and woken < len(ids):
        raise BadInput("quarantine retry", "ids of quarantined documents", f"{len(ids) - woken} that are not")


def _database() -> Database:
    return connect(load().sqlalchemy_url)
