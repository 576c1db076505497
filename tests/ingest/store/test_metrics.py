"""What Prometheus reads agrees with the database, grows with it, and names nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete

from ingest.store import metrics, schema
from ingest.store.engine import Database
from ingest.store.metrics import StoreMetrics
from ingest.store.queue import units
from ingest.store.texts import documents
from ingest.types import Page, Rejection, Stage


def end_one(database: Database, text: str, *, ms: int = 300, rejected: bool = False) -> None:
    page = Page(text.encode(), "text/plain", None, f"https://example.org/{text}", datetime.now(UTC))
    with database.writing() as connection:
        document_id = documents.admit_page(connection, page, origin="url").document_id
    unit = units.claim(database, document_id, Stage.EXTRACT, owner="o", lease_s=60, max_attempts=3)
    assert unit is not None
    with database.writing() as connection:
        if rejected:
            units.reject(connection, unit, Rejection(Stage.EXTRACT, "no-text"), ms=ms)
        else:
            units.finish(connection, unit, next_stage=Stage.TRANSLATE, ms=ms)


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_counts_follow_the_trail_and_outlast_its_pruning(database: Database) -> None:
    store = StoreMetrics(database)
    end_one(database, "a")
    end_one(database, "b", rejected=True)
    first = samples(store.text())
    assert first["newsfold_outcomes_total", "done", "extract"] == 1
    assert first["newsfold_outcomes_total", "rejected", "extract"] == 1
    assert first["newsfold_documents", "translate", "pending"] == 1
    assert first["newsfold_oldest_waiting_seconds", "translate"] >= 0
    with database.writing() as connection:
        connection.execute(delete(schema.outcomes))
    end_one(database, "c")
    assert samples(store.text())["newsfold_outcomes_total", "done", "extract"] == 2


def test_durations_are_counted_in_buckets(database: Database) -> None:
    for text, ms in (("a", 40), ("b", 300), ("c", 900_000)):
        end_one(database, text, ms=ms)
    found = samples(StoreMetrics(database).text())
    assert found["newsfold_stage_seconds_bucket", "0.05", "extract"] == 1
    assert found["newsfold_stage_seconds_bucket", "0.5", "extract"] == 2
    assert found["newsfold_stage_seconds_bucket", "120.0", "extract"] == 2
    assert found["newsfold_stage_seconds_bucket", "+Inf", "extract"] == 3
    assert found["newsfold_stage_seconds_sum", "extract"] == pytest.approx(900.34)


def test_long_trails_are_read_in_parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "ROWS_AT_ONCE", 2)  # 50,000 rows would take a minute to write
    for text in "abcde":
        end_one(database, text)
    assert samples(StoreMetrics(database).text())["newsfold_outcomes_total", "done", "extract"] == 5


def test_labels_are_few_and_name_nobody(database: Database) -> None:
    end_one(database, "secret-address")
    text = StoreMetrics(database).text()
    assert b"secret-address" not in text
    assert len(text.splitlines()) < 150
