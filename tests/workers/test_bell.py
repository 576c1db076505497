"""Rings are hints: few at a time, repeated when lost, and never a reason to fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import kombu.pools
import pytest
from sqlalchemy import insert, update

from ingest.settings import Settings
from ingest.store import engine, migrations, schema
from ingest.store.engine import Database, db_now
from ingest.store.queue import rings
from ingest.store.sources import polls
from ingest.store.texts import documents
from ingest.types import Page, Stage
from workers import bell, deployment
from workers.app import app, configuration
from workers.broker import Broker


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(data_dir=tmp_path, watermark=5)
    deployment.use(settings)
    app.conf.update(configuration(settings))
    forget_connections()
    yield settings
    forget_connections()


def forget_connections() -> None:
    """Celery keeps one pool per process; here each test has a broker of its own."""
    kombu.pools.reset()
    app._pool = None
    app.amqp._producer_pool = None


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = engine.connect(settings.sqlalchemy_url)
    migrations.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def broker(settings: Settings) -> Iterator[Broker]:
    broker = Broker(settings)
    broker.start()
    yield broker
    broker.stop()


def bring(database: Database, count: int) -> list[str]:
    ids = []
    with database.writing() as connection:
        for number in range(count):
            page = Page(str(number).encode(), "text/plain", None, None, datetime.now(UTC))
            ids.append(documents.admit_page(connection, page, origin="file").document_id)
    return ids


def untold(database: Database) -> int:
    with database.writing() as connection:
        return len(rings.due(connection, Stage.EXTRACT, 100, again_after_s=3600))


def test_no_more_is_rung_for_than_the_watermark(database: Database, settings: Settings, broker: Broker) -> None:
    bring(database, 8)
    assert bell.dispatch(database, settings) == 5
    assert bell.depths()[Stage.EXTRACT] == 5
    assert bell.dispatch(database, settings) == 0
    assert untold(database) == 3


def test_rings_that_are_lost_are_repeated_when_the_queue_is_empty(
    database: Database, settings: Settings, broker: Broker
) -> None:
    bring(database, 2)
    assert bell.dispatch(database, settings) == 2
    with app.connection_or_acquire() as connection:
        connection.default_channel.client.flushall()
    assert bell.dispatch(database, settings) == 0, "it was told of a moment ago"
    with database.writing() as connection:
        connection.execute(update(schema.documents).values(queued_at=db_now(-bell.LOST_RING_S - 1)))
    assert bell.dispatch(database, settings) == 2


def test_ring_at_a_broker_that_is_gone_is_taken_back(database: Database, settings: Settings) -> None:
    ids = bring(database, 2)
    with database.writing() as connection:
        rings.due(connection, Stage.EXTRACT, 10, again_after_s=60)
    assert bell.ring(Stage.EXTRACT, ids, database, settings) == 0
    assert untold(database) == 2


def test_broker_that_dies_under_an_open_connection_fails_no_ring(
    database: Database, settings: Settings, broker: Broker
) -> None:
    ids = bring(database, 2)
    assert bell.dispatch(database, settings) == 2
    broker.stop()
    assert bell.ring(Stage.EXTRACT, ids, database, settings) == 0
    assert untold(database) == 2


def test_ring_beyond_the_watermark_is_taken_back(database: Database, settings: Settings, broker: Broker) -> None:
    ids = bring(database, 7)
    with database.writing() as connection:
        rings.due(connection, Stage.EXTRACT, 10, again_after_s=60)
    assert bell.ring(Stage.EXTRACT, ids, database, settings) == 5
    assert untold(database) == 2


def test_feeds_that_are_due_are_rung_for_once(database: Database, settings: Settings, broker: Broker) -> None:
    a_feed(database)
    assert bell.dispatch_feeds(database, settings) == 1
    assert bell.dispatch_feeds(database, settings) == 0
    assert bell.depths()[Stage.FETCH] == 1


def test_feed_whose_ring_was_not_heard_is_rung_for_again(database: Database, settings: Settings) -> None:
    a_feed(database)
    with pytest.raises(bell.Unavailable):
        bell.depths()
    with pytest.raises(bell.Unavailable):
        bell.dispatch_feeds(database, settings)
    with database.reading() as connection:
        assert polls.has_due(connection)


def a_feed(database: Database) -> None:
    with database.writing() as connection:
        values = {"id": "f", "url": "https://example.org/feed", "next_poll_at": db_now(-1), "created_at": db_now()}
        connection.execute(insert(schema.feeds).values(**values))
