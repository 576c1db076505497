"""Groups of commands that import a command's module when that command is used.

A filter must start in a moment, and a list of commands needs no more than a line about each.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

Commands = Mapping[str, tuple[str, str, str]]
"""By name of the command: its module, its function or group in there, one line of help."""


def lazy_group(package: str, commands: Commands) -> type[TyperGroup]:
    """The class of a group with these commands, whose modules stand in `package`."""

    class Lazy(TyperGroup):
        wanted: str | None = None  # the command that is about to run; the others are only listed

        def list_commands(self, ctx: Any) -> list[str]:
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name not in commands:
                return None
            module, attribute, line = commands[cmd_name]
            if cmd_name != self.wanted:  # only listed
                return TyperCommand(cmd_name, help=line, short_help=line)
            return load_command(f"{package}.{module}", attribute, cmd_name)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            self.wanted = args[0]
            return super().resolve_command(ctx, args)

    return Lazy


def load_command(module: str, attribute: str, name: str) -> Any:
    """The command or group at `module:attribute`."""
    found: Any = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        command = typer.main.get_command(found)
    else:
        single = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})
        single.command(name)(found)
        command = typer.main.get_command(single)
    command.name = name
    return command
