"""Quarantine, doctor, backup, restore, prune and takedown as a person at a terminal meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import app
from ingest.settings import load
from ingest.store import engine
from ingest.store.queue import units
from ingest.store.texts import documents
from ingest.types import Page, Stage, State

RUN = CliRunner()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INGEST_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def run(*command: str, status: int = 0) -> str:
    done = RUN.invoke(app, command)
    assert done.exit_code == status, (done.output, done.exception)
    return done.output


def quarantine_one(url: str = "https://example.org/a") -> str:
    run("migrate")
    database = engine.connect(load().sqlalchemy_url)
    page = Page(b"text", "text/plain", None, url, datetime.now(UTC))
    with database.writing() as connection:
        document_id = documents.admit_page(connection, page, origin="url").document_id
    unit = units.claim(database, document_id, Stage.EXTRACT, owner="o", lease_s=60, max_attempts=1)
    assert unit is not None
    assert units.fail(database, unit, MemoryError("too much")) == State.QUARANTINED
    database.close()
    return document_id


def state(document_id: str) -> str:
    database = engine.connect(load().sqlalchemy_url)
    with database.reading() as connection:
        row = documents.load(connection, document_id)
    database.close()
    assert row is not None
    return str(row["state"])


def test_quarantined_document_is_listed_explained_and_retried() -> None:
    document_id = quarantine_one()
    (line,) = run("quarantine", "list", "--json").splitlines()
    assert json.loads(line)["reason"] == "out-of-memory"
    assert json.loads(line)["id"] == document_id
    step = json.loads(run("quarantine", "show", document_id, "--json"))
    assert (step["stage"], step["attempt"], step["outcome"]) == ("extract", 1, "quarantined")
    assert "1 document runs again" in run("quarantine", "retry", "--reason", "out-of-memory")
    assert state(document_id) == State.PENDING
    assert "Nothing is quarantined" in run("quarantine", "list")


def test_retry_wants_to_know_of_what(folder: Path) -> None:
    run("migrate")
    assert "expected ids, or --reason, or --all" in str(RUN.invoke(app, ["quarantine", "retry"]).exception)


def test_doctor_finds_a_missing_database_and_says_what_to_do() -> None:
    findings = {row["what"]: row for row in json.loads(run("doctor", "--json", status=1))}
    assert findings["database"]["verdict"] == "fail"
    assert "ingest migrate" in findings["database"]["remedy"]


def test_doctor_is_content_with_a_sound_deployment_and_names_what_to_look_at() -> None:
    quarantine_one()
    findings = {row["what"]: row for row in json.loads(run("doctor", "--json"))}
    assert findings["integrity"]["verdict"] == findings["schema"]["verdict"] == "ok"
    assert findings["quarantine"]["verdict"] == "warn"
    assert findings["user agent"]["verdict"] == "warn"


def test_backup_and_restore_go_round(folder: Path) -> None:
    document_id = quarantine_one()
    assert "checked" in run("backup", str(folder / "b.sqlite"))
    run("quarantine", "retry", "--all")
    assert state(document_id) == State.PENDING
    assert "restored 1 documents" in run("restore", str(folder / "b.sqlite"), "--yes")
    assert state(document_id) == State.QUARANTINED


def test_backup_does_not_overwrite(folder: Path) -> None:
    run("migrate")
    (folder / "b.sqlite").write_text("mine")
    assert "a file that is not there yet" in str(RUN.invoke(app, ["backup", str(folder / "b.sqlite")]).exception)
    assert (folder / "b.sqlite").read_text() == "mine"


def test_takedown_by_address() -> None:
    document_id = quarantine_one("https://example.org/private")
    assert "is taken down" in run("takedown", "https://example.org/private", "--yes", "--why", "asked to")
    assert state(document_id) == State.REMOVED
    assert "was taken down before" in run("takedown", "https://example.org/private", "--yes")
    assert "expected the id or address" in str(RUN.invoke(app, ["takedown", "nothing", "--yes"]).exception)


def test_prune_says_what_went() -> None:
    run("migrate")
    assert "polls: 0 gone" in run("prune")
    assert "polls: 0 would go" in run("prune", "--dry-run")


def test_migrate_says_from_where_to_where() -> None:
    assert "from empty to revision" in run("migrate")
    assert "already" in run("migrate")
