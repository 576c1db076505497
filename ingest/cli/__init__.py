"""The command `ingest`: one file a group of commands, put together here."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from ingest.cli.lazy import lazy_group
from ingest.errors import IngestError, Misconfigured

COMMANDS: dict[str, tuple[str, str, str]] = {
    # command: (module, its command or group, one line of help)
    "add": ("add", "app", "Take in files, folders, JSONL, standard input or URLs."),
    "feeds": ("feeds", "app", "Add, list, pause, check, import and export feeds."),
    "up": ("running", "up", "Run everything on this machine: broker, workers, schedule, web."),
    "demo": ("demo", "demo", "Take the five documents of seeds/ through everything, and serve the result."),
    "status": ("reading", "status", "What came in, where it is, what waits and what failed."),
    "articles": ("reading", "articles", "List articles, the newest first."),
    "show": ("reading", "show", "Show one article or cluster, and what happened to it."),
    "clusters": ("reading", "clusters", "List clusters of near-duplicates and why they stand together."),
    "decide": ("decisions", "app", "Say that two articles are, or are not, duplicates; list and undo it."),
    "reindex": ("reindex", "reindex", "Sign the archive anew and encode what has no vector, while serving."),
    "export": ("export", "export", "Write articles as JSON lines or Parquet."),
    "dump": ("export", "dump", "Write all articles into a folder of the day, with checksums."),
    "import": ("export", "import_", "Read articles of an export or a dump back."),
    "quarantine": ("quarantine", "app", "See what gave up, and let it run again."),
    "takedown": ("takedown", "takedown", "Remove an article for good, without a trace of its text."),
    "models": ("models", "app", "List, fetch, verify and choose translation models."),
    "detect": ("filters", "detect", "Filter: JSONL texts to their languages."),
    "clean": ("filters", "clean", "Filter: JSONL pages or lines to clean text."),
    "translate": ("filters", "translate", "Filter: JSONL texts to English."),
    "dedup": ("filters", "dedup", "Filter: JSONL texts to clusters."),
    "eval": ("evaluation", "app", "Measure extraction, language, translation and clustering."),
    "worker": ("running", "worker", "Run the worker of some queues."),
    "beat": ("running", "beat", "Run the schedule."),
    "web": ("running", "web", "Run the web server."),
    "migrate": ("running", "migrate", "Bring the database to this version's tables."),
    "doctor": ("care", "doctor", "Check everything and say what to do."),
    "backup": ("care", "backup", "Copy the database while it runs, and check the copy."),
    "restore": ("care", "restore", "Put a backup back."),
    "prune": ("care", "prune", "Let go of what is older than it needs to be."),
    "users": ("users", "app", "Add, list and remove people who log in."),
    "tokens": ("tokens", "app", "Make, list and revoke tokens of the API."),
    "webhooks": ("webhooks", "app", "Tell other programs of changes: add, list, pause, resume, rotate, test, remove."),
    "config": ("config", "config", "Show every setting, its value, where it came from and what it means."),
}


app = typer.Typer(
    cls=lazy_group("ingest.cli", COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with local values would print texts and secrets
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"ingest {version('newsfold')}")
        raise typer.Exit


@app.callback()
def _about(
    _version: Annotated[
        bool, typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Multilingual news ingestion: feeds in French, German and English become clean, clustered English articles.

    Start with: [bold]ingest up[/bold] in one terminal, [bold]ingest add seeds/[/bold] in another.
    """


def main() -> None:
    """Run the command line; errors of ours are one line on standard error, Ctrl-C ends quietly."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe has gone: nothing more to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except IngestError as error:
        print(f"ingest: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, Misconfigured) else 1)
