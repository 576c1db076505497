"""The command `ingest add`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from ingest.cli import add as command
from ingest.cli.add import app
from ingest.settings import load
from ingest.store.engine import connect
from ingest.store.schema import documents, outcomes
from tests.ingest.pipeline.polling import empty_database

SEEDS = Path(__file__).parents[3] / "seeds"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment of its own, named by the environment as a person would."""
    empty_database(tmp_path)
    monkeypatch.setenv("INGEST_DATA_DIR", str(tmp_path))


def run(*words: object, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=given)


def stored() -> list[dict[str, Any]]:
    database = connect(load().sqlalchemy_url)
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(select(documents).order_by(documents.c.number)).mappings()]


def test_the_five_documents_come_in_once() -> None:
    assert "5 new" in run(SEEDS).stdout
    assert "5 known already" in run(SEEDS).stdout
    assert [(row["stage"], row["state"], row["origin"]) for row in stored()] == [("extract", "pending", "file")] * 5


def test_an_address_waits_to_be_fetched() -> None:
    assert run("https://news.example/a?utm_source=x", "https://news.example/a").exit_code == 0
    (row,) = stored()
    assert (row["stage"], row["key"]) == ("fetch", "url:https://news.example/a")


def test_each_bad_input_has_its_own_ending_and_the_others_come_in(tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "empty.txt").touch()
    (folder / "binary.bin").write_bytes(bytes(range(256)) * 40)
    (folder / "broken.txt").write_bytes(b"Ein Text mit \xff\xfe kaputten Bytes.")
    with (folder / "huge.txt").open("wb") as stream:
        stream.truncate(50_000_000)
    (folder / "good.txt").write_text("Ein guter Text.")
    done = run(folder)
    assert done.exit_code == 0 and "4 new, 1 rejected" in done.stdout
    assert "50,000,000" in done.stderr
    (huge,) = [row for row in stored() if row["state"] == "rejected"]
    assert (huge["reason"], huge["revision"]) == ("too-large", 0)
    with connect(load().sqlalchemy_url).reading() as connection:
        (outcome,) = connection.execute(select(outcomes)).mappings()
    assert (outcome["document_id"], outcome["outcome"], outcome["reason"]) == (huge["id"], "rejected", "too-large")


def test_bad_lines_are_reported_by_number_and_the_rest_goes_through() -> None:
    given = '{"id": 1, "text": "a"}\n{bad\n{"url": "https://e.org/x"}\n{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}\n'
    done = run("-", "--json", given=given)
    assert done.exit_code == 1 and "line 2" in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["outcome"] for line in lines] == ["new", "bad", "new", "known", "changed"]
    assert lines[0]["id"] == lines[3]["id"] == lines[4]["id"]


def test_a_file_of_feeds_is_no_page(tmp_path: Path) -> None:
    (tmp_path / "x.opml").write_text("<opml/>")
    (tmp_path / "x.txt").write_text("Ein Text.")
    done = run(tmp_path / "x.opml", tmp_path / "nothing", tmp_path / "x.txt")
    assert done.exit_code == 1 and "1 new, 2 bad" in done.stdout
    assert "feeds import" in done.stderr and "nothing" in done.stderr


class Interrupted(Exception):
    """What a person does with Ctrl-C."""


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("".join(json.dumps({"id": n, "text": f"Text {n}"}) + "\n" for n in range(500)))
    real, seen = command.read_records_file, 0

    def breaks_off(*args: Any, **options: Any) -> Any:
        nonlocal seen
        for arrival in real(*args, **options):
            seen += 1
            if seen == 250:
                raise Interrupted
            yield arrival

    monkeypatch.setattr(command, "read_records_file", breaks_off)  # the interruption cannot be timed from outside
    assert isinstance(run(path).exception, Interrupted)
    assert len(stored()) == 200
    done = run(path)
    assert "300 new" in done.stdout and "goes on" in done.stderr
    assert len(stored()) == 500
    assert "500 known already" in run(path).stdout


def test_an_interrupted_folder_goes_on_behind_its_last_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "TOGETHER", 2)
    folder = tmp_path / "pages"
    folder.mkdir()
    for n in range(5):
        (folder / f"{n}.txt").write_text(f"Text {n}")
    real = command.read_file

    def breaks_off(path: Path, limit: int) -> Any:
        if path.name == "4.txt":
            raise Interrupted
        return real(path, limit)

    monkeypatch.setattr(command, "read_file", breaks_off)
    assert isinstance(run(folder).exception, Interrupted)
    monkeypatch.setattr(command, "read_file", real)
    assert "known" not in run(folder).stdout.split(";")[0].replace("1 known already", "")
    assert len(stored()) == 5
