"""`ingest models`: which models there are, and which language goes to which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ingest.errors import Misconfigured
from ingest.settings import load

app = typer.Typer(no_args_is_help=True, help="List, fetch, verify and choose translation models.")

Name = Annotated[str, typer.Argument(help="A model's name, as `ingest models list` shows it.")]
Languages = Annotated[list[str] | None, typer.Option("--lang", help="Language it is for (ISO 639-1); repeatable.")]


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """List the models: installed ones with their languages, and those that can be fetched.

    Example: ingest models list
    """
    from models.manifest import read

    with _explained():
        manifest = read(data_dir=load().data_dir)
    table = Table("model", "revision", "languages", "used for", "state", "licence", header_style="bold")
    table.columns[0].no_wrap = table.columns[4].no_wrap = True
    for checkpoint in manifest.checkpoints:
        used = [lang for lang, route in manifest.routes.items() if route == checkpoint]
        state = "built in" if checkpoint.builtin else "fetched" if checkpoint.directory else "can be fetched"
        if as_json:
            fields = ("name", "revision", "languages", "licence", "source")
            print(json.dumps({f: getattr(checkpoint, f) for f in fields} | {"used_for": used, "state": state}))
        row = (checkpoint.name, checkpoint.revision[:8], " ".join(checkpoint.languages), " ".join(used), state)
        table.add_row(*row, checkpoint.licence)
    if not as_json:
        Console().print(table)


@app.command()
def fetch(
    name: Name,
    folder: Annotated[
        Path | None, typer.Option("--from", help="Folder in Hugging Face layout, in place of the hub.")
    ] = None,
    lang: Languages = None,
) -> None:
    """Fetch a MarianMT checkpoint, convert it to int8, and use it for its languages.

    The revision and the sha256 of every file are pinned at the first fetch. No network is needed afterwards.

    Example: ingest models fetch Helsinki-NLP/opus-mt-es-en
    """
    from models.fetch import fetch as fetch_model

    with _explained():
        done = fetch_model(name, load().data_dir, folder=folder, languages=lang or ())
    print(f"{done.id}: ready, translates {' '.join(done.languages)}")


@app.command()
def verify() -> None:
    """Check every file of every installed model against its sha256; exit status 1 where one is damaged.

    Example: ingest models verify
    """
    from models.manifest import ModelError, read

    with _explained():
        manifest = read(data_dir=load().data_dir)
    damaged = False
    for checkpoint in manifest.checkpoints:
        if checkpoint.directory is None:
            continue
        try:
            checkpoint.verify()
            print(f"{checkpoint.id}: {len(checkpoint.files)} files as they should be")
        except ModelError as error:
            damaged = True
            print(error)
    raise typer.Exit(1 if damaged else 0)


@app.command()
def remove(name: Name) -> None:
    """Delete a fetched model; its languages go back to the model that had them.

    Example: ingest models remove Helsinki-NLP/opus-mt-es-en
    """
    from models.fetch import remove as remove_model

    with _explained():
        gone = remove_model(name, load().data_dir)
    print(f"{gone.id}: removed")


@app.command()
def use(name: Name, lang: Languages = None) -> None:
    """Use an installed model for these languages, or for all it has.

    Example: ingest models use newsfold-fr-de-en --lang fr
    """
    from models.fetch import use as use_model

    with _explained():
        chosen = use_model(name, load().data_dir, languages=lang or ())
    print(f"{name}: used for {' '.join(chosen)}")


@contextmanager
def _explained() -> Iterator[None]:
    """Say what a model error says, as an error of the deployment."""
    from models.manifest import ModelError

    try:
        yield
    except ModelError as error:
        raise Misconfigured(str(error)) from None
