"""`ingest doctor|backup|restore|prune`: looking after a deployment."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.errors import Misconfigured
from ingest.settings import load

MARKS = {"ok": "[green]ok[/green]", "warn": "[yellow]look[/yellow]", "fail": "[red]FAIL[/red]"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False) -> None:
    """Check everything and say what to do. Exit status 1 where something does not work.

    Example: ingest doctor
    """
    from workers.checkup import checkup

    findings = checkup(load())
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        table = Table("", "what", "found", "what to do", header_style="bold")
        for finding in findings:
            table.add_row(MARKS[finding.verdict], finding.what, finding.found, finding.remedy)
        Console().print(table)
    raise typer.Exit(int(any(finding.verdict == "fail" for finding in findings)))


def backup(
    target: Annotated[Path | None, typer.Argument(help="File to make; by default in the data folder.")] = None,
) -> None:
    """Copy the database while it is in use, and check the copy.

    Example: ingest backup /mnt/safe/newsfold-monday.sqlite
    """
    from ingest.store import backup as store

    copy = store.backup(load(), target)
    print(
        f"{copy.path}: {copy.size:,} bytes, {copy.documents:,} documents, {copy.articles:,} articles, "
        f"schema {copy.revision}; checked"
    )


def restore(
    source: Annotated[Path, typer.Argument(help="A file that `ingest backup` made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the place of the database. The service must be stopped; the former database is kept aside.

    What was taken down since the backup is taken down again.

    Example: ingest restore newsfold-2026-11-21.sqlite
    """
    from ingest.pipeline.remove import take_down
    from ingest.store import backup as store
    from ingest.store.engine import connect
    from workers.embedded import running

    settings = load()
    if owner := running(settings.data_dir):
        raise Misconfigured(f"the service runs (process {owner.get('pid')}): stop it before restoring")
    if not yes:
        typer.confirm(f"Replace the database by {source}?", abort=True)
    restored = store.restore(settings, source)
    database = connect(settings.sqlalchemy_url)
    try:
        for document_id in restored.revived:
            take_down(database, document_id, who="restore", why="was taken down after the backup was made")
    finally:
        database.close()
    copy = restored.copy
    print(f"restored {copy.documents:,} documents, {copy.articles:,} articles from {source}")
    if restored.aside is not None:
        print(f"the database before is kept as {restored.aside}")
    if restored.revived:
        print(f"{len(restored.revived)} taken down again")


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Let go of what is older than it needs to be: unused sentences, old trails and polls, ended sessions.

    Articles stay. The schedule does the same once a day.

    Example: ingest prune --dry-run
    """
    from ingest.store import retention
    from ingest.store.engine import connect

    settings = load()
    database = connect(settings.sqlalchemy_url)
    try:
        for what, rows in retention.prune(database, settings, dry_run=dry_run).items():
            print(f"{what}: {rows:,} {'would go' if dry_run else 'gone'}")
    finally:
        database.close()
