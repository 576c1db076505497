"""`ingest config`: every setting with its value, where it came from, and what it means."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from ingest.settings import Settings, load_with_sources


def config(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Show every setting, its value, where it came from and what it means.

    Example: INGEST_PORT=9000 ingest config
    """
    settings, sources = load_with_sources()
    rows = [(name, shown(settings, name), sources[name], field.description or "") for name, field in _fields()]
    if as_json:
        print(json.dumps({name: {"value": value, "source": source} for name, value, source, _ in rows}, indent=2))
        return
    table = Table("setting", "value", "from", "what it is", show_lines=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def shown(settings: Settings, name: str) -> str:
    """A setting's value for people; a secret is masked."""
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        return "(set, not shown)"
    return "" if value is None else " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _fields() -> list[tuple[str, Any]]:
    return list(Settings.model_fields.items())
