"""`ingest add`: files, folders, JSON lines, web archives, standard input and addresses come in at the door.

What the workers make of them is seen with `ingest status` and `ingest articles`. The same input twice is one article,
so an interrupted run can simply be started again; long inputs go on where they were.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection

from ingest.errors import BadInput
from ingest.intake import Arrival, BadRecord, LinkArrival, PageArrival, Refusal
from ingest.intake.checkpoint import Checkpoint
from ingest.intake.files import check_path, holds_articles, is_records, read_file, read_records_file, read_stream, walk
from ingest.intake.warc import is_warc, read_warc
from ingest.settings import Settings, load
from ingest.store import migrations
from ingest.store.engine import Database, connect
from ingest.store.texts import documents
from ingest.store.texts.documents import Admission
from ingest.urls import canonical_url, is_web

TOGETHER = 100
"""Inputs that come in with one commit: a commit waits for the disk, and nothing is lost between two."""

Marked = tuple[Arrival | None, str]
"""What came (None: nothing more from here), and how far the input is read by then."""


def add(
    inputs: Annotated[
        list[str], typer.Argument(metavar="PATH|DIR|URL|-", help="What to take in; - is standard input.")
    ],
    source: Annotated[str | None, typer.Option(help="Name of the publication it is from.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read long inputs from the start, not where a run broke off.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per input instead of a summary.")] = False,
) -> None:
    """Take in HTML pages and plain texts (told apart by themselves), JSON lines, WARC files, folders of them, and URLs.

    JSON lines are {id?, url?, title?, published?, text|html}; a record with only a url is fetched.

    Example: ingest add seeds/   or: ingest add https://example.org/story   or: cat pages.jsonl | ingest add -
    """
    settings = load()
    database = connect(settings.sqlalchemy_url)
    migrations.upgrade(database)
    door = _Door(database, settings, source, as_json)
    try:
        for given in inputs:
            door.take_in_or_report(given, again=again)
    finally:
        database.close()
        if not as_json:
            print(door.summary())
    raise typer.Exit(1 if door.counts["bad"] else 0)


class _Door:
    """Admits arrivals in small batches and counts what came of them."""

    def __init__(self, database: Database, settings: Settings, source: str | None, as_json: bool) -> None:
        self._database, self._settings, self._source, self._as_json = database, settings, source, as_json
        self._errors = Console(stderr=True)
        self.counts: Counter[str] = Counter()

    def take_in_or_report(self, given: str, *, again: bool) -> None:
        """Everything one argument stands for; one that is none is reported, and the next unaffected."""
        try:
            self.take_in(given, again=again)
        except BadInput as error:
            self.counts["bad"] += 1
            self._note(f"ingest: {error}")

    def take_in(self, given: str, *, again: bool) -> None:
        """Everything one argument of the command line stands for."""
        limit = self._settings.max_page_bytes
        if given == "-":
            self._admit_all(read_stream(sys.stdin.buffer, limit), None, None)
        elif is_web(given):
            canonical_url(given)
            self._admit_all(iter([(LinkArrival(given, given), "")]), None, None)
        else:
            path = check_path(Path(given))
            checkpoint = Checkpoint.of(path, self._settings.data_dir / "imports")
            mark = "" if again else checkpoint.read()
            if mark:
                self._note(f"{path}: goes on where an earlier run broke off (--again: from the start)")
            with self._progress(path) as progress:
                self._admit_all(_arrivals(path, limit, mark, self._note), checkpoint, progress)
            checkpoint.clear()

    def summary(self) -> str:
        """One line for a person."""
        words = {"new": "new", "changed": "changed", "known": "known already", "refused": "rejected", "bad": "bad"}
        said = ", ".join(f"{self.counts[name]} {word}" for name, word in words.items() if self.counts[name])
        return f"{said or 'nothing to take in'}; `ingest status` shows what becomes of them"

    def _admit_all(self, arrivals: Iterator[Marked], checkpoint: Checkpoint | None, progress: _Bar | None) -> None:
        batch: list[Arrival] = []
        reached = ""
        for arrival, mark in arrivals:
            if arrival is not None:
                batch.append(arrival)
            if mark:
                reached = mark
                if progress is not None:
                    progress.reached(mark)
            if len(batch) >= TOGETHER:
                self._admit(batch)
                batch = []
                if checkpoint is not None and reached:
                    checkpoint.write(reached)
        self._admit(batch)

    def _admit(self, batch: list[Arrival]) -> None:
        with self._database.writing() as connection:
            admitted = [(arrival, self._admit_one(connection, arrival)) for arrival in batch]
        for arrival, admission in admitted:  # said only once it is kept
            self._say(arrival, admission)

    def _admit_one(self, connection: Connection, arrival: Arrival) -> Admission | None:
        match arrival:
            case PageArrival(page=page, given_id=given_id):
                source = arrival.source or self._source
                return documents.admit_page(connection, page, origin="file", given_id=given_id, source=source)
            case LinkArrival(url=url):
                return documents.admit_url(connection, url, origin="url", source=arrival.source or self._source)
            case Refusal(rejection=rejection, key=key, url=url, given_id=given_id):
                return documents.admit_rejected(
                    connection, rejection, origin="file", key=key, url=url, given_id=given_id
                )
            case BadRecord():
                return None

    def _say(self, arrival: Arrival, admission: Admission | None) -> None:
        if admission is None:
            outcome = "bad"
        elif isinstance(arrival, Refusal):
            outcome = "refused"
        else:
            outcome = "new" if admission.new else "changed" if admission.changed else "known"
        self.counts[outcome] += 1
        if isinstance(arrival, BadRecord):
            self._note(arrival.problem)
        elif isinstance(arrival, Refusal):
            self._note(f"{arrival.name}: rejected, {arrival.rejection.reason}: {arrival.rejection.detail}")
        if self._as_json:
            line = {"input": arrival.name, "outcome": outcome, "id": admission.document_id if admission else None}
            print(json.dumps(line, ensure_ascii=False), flush=True)

    def _note(self, text: str) -> None:
        self._errors.print(text, markup=False, highlight=False, soft_wrap=True)

    def _progress(self, path: Path) -> _Bar:
        return _Bar(path, self._errors)


class _Bar:
    """How far a file or a folder was read; shown on a terminal only."""

    def __init__(self, path: Path, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._folder = path.is_dir()
        total = sum(1 for _ in walk(path)) if self._folder and console.is_terminal else None
        self._task = self._bar.add_task(path.name or str(path), total=total if self._folder else path.stat().st_size)

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._bar.stop()

    def reached(self, mark: str) -> None:
        """The reader is at this mark: bytes in a file, one more in a folder."""
        if self._folder:
            self._bar.advance(self._task)
        else:
            self._bar.update(self._task, completed=int(mark.partition(":")[0]))


def _arrivals(path: Path, limit: int, mark: str, note: Callable[[str], None]) -> Iterator[Marked]:
    """What a path holds, and how far it was read; `note` is told what is passed over."""
    if path.suffix.lower() == ".opml":
        raise BadInput(str(path), "pages", "a list of feeds: use `ingest feeds import`")
    if not path.is_dir():
        yield from _file_arrivals(path, limit, mark)
        return
    behind = bool(mark) and (path / mark).exists()
    for inside in walk(path):
        name = str(inside.relative_to(path))
        if behind:
            behind = name != mark
        elif is_records(inside) and not holds_articles(inside):
            note(f"{inside}: passed over, its first line is no record with a url, a text or html")
        else:
            yield from ((arrival, "") for arrival, _ in _file_arrivals(inside, limit, ""))
            yield None, name  # only whole files count as read


def _file_arrivals(path: Path, limit: int, mark: str) -> Iterator[Marked]:
    if is_warc(path):
        yield from read_warc(path, limit, mark=mark)
    elif is_records(path):
        yield from read_records_file(path, limit, mark=mark)
    else:
        yield read_file(path, limit), ""


app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})
app.command("add")(add)
