"""The door: what makes two inputs one, and what a second look changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.store.engine import Database, connect
from ingest.store.schema import documents as table
from ingest.store.schema import metadata
from ingest.store.texts import documents, pages
from ingest.types import Page, Rejection, Stage, State

PAGE = Page(b"<p>Bonjour", "text/html", None, "https://example.org/a?utm_source=rss", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = connect(f"sqlite:///{tmp_path / 'door.sqlite'}")
    with made.writing() as connection:
        metadata.create_all(connection)
    return made


def test_same_page_twice_is_one_document(database: Database) -> None:
    with database.writing() as connection:
        first = documents.admit_page(connection, PAGE, origin="push")
        again = documents.admit_page(connection, replace(PAGE, url="https://example.org/a"), origin="push")
    assert first.new
    assert first.changed
    assert (again.document_id, again.new, again.changed) == (first.document_id, False, False)


def test_other_bytes_under_one_url_are_a_revision_that_fences_off_the_worker_before(database: Database) -> None:
    with database.writing() as connection:
        first = documents.admit_page(connection, PAGE, origin="push")
        before = documents.load(connection, first.document_id)
        second = documents.admit_page(connection, replace(PAGE, body=b"<p>Bonsoir"), origin="push")
        after = documents.load(connection, first.document_id)
        newest = pages.load(connection, first.document_id)
    assert second.document_id == first.document_id
    assert second.revision == 2
    assert before is not None
    assert after is not None
    assert after["epoch"] > before["epoch"]
    assert newest is not None
    assert newest[1].body == b"<p>Bonsoir"


def test_text_without_url_or_id_is_known_by_its_bytes(database: Database) -> None:
    text = replace(PAGE, url=None, content_type="text/plain")
    with database.writing() as connection:
        first = documents.admit_page(connection, text, origin="file")
        same = documents.admit_page(connection, text, origin="file")
        other = documents.admit_page(connection, replace(text, body=b"Autre"), origin="file")
    assert same.document_id == first.document_id
    assert other.document_id != first.document_id


def test_a_document_taken_down_stays_down(database: Database) -> None:
    with database.writing() as connection:
        first = documents.admit_page(connection, PAGE, origin="push")
        connection.execute(table.update().values(state=State.REMOVED))
        again = documents.admit_page(connection, replace(PAGE, body=b"new"), origin="feed")
        row = documents.load(connection, first.document_id)
    assert not again.changed
    assert row is not None
    assert row["state"] == State.REMOVED


def test_an_input_refused_at_the_door_is_counted(database: Database) -> None:
    rejection = Rejection(Stage.EXTRACT, "too-large", "at most 5,000,000 bytes expected, got 50,000,000")
    with database.writing() as connection:
        documents.admit_rejected(connection, rejection, origin="file", key="file:big")
        assert documents.counts(connection) == {("extract", "rejected"): 1}
