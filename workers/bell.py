"""Ringing for documents: a message of one id tells a worker that a row waits. Never fails what rings.

Few messages are enough: what is beyond the watermark waits in SQL, where it has an order and can be counted, and a
broker that is full, gone or emptied loses nothing but rings, which `dispatch` repeats.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from ingest.settings import Settings
from ingest.store.crashpoints import crash_at
from ingest.store.engine import Database
from ingest.store.queue import rings
from ingest.store.sources import polls
from ingest.types import Stage
from workers.app import app

LOST_RING_S = 5.0
"""Seconds after which a document counts as untold again when its queue is empty: the ring was lost."""

log = structlog.get_logger()

Unavailable = (OperationalError, RedisError, OSError)
"""What publishing raises when the broker is gone, full or frozen."""


def ring(stage: Stage, ids: Sequence[str], database: Database, settings: Settings) -> int:
    """Tell workers of documents noted as told; returns of how many. The rest is noted as untold again."""
    if not ids:
        return 0
    crash_at("before_publish", stage)
    told = 0
    try:
        with app.producer_or_acquire() as producer:
            room = max(0, settings.watermark - _depth(producer.channel, stage))
            for document_id in ids[:room]:
                app.send_task(f"newsfold.{stage}", (document_id,), producer=producer, retry=False)
                told += 1
    except Unavailable as error:
        log.warning("the broker cannot be reached; documents wait in the database", error=str(error))
    if told < len(ids):
        rings.untell(database, ids[told:])
    return told


def dispatch(database: Database, settings: Settings) -> int:
    """Ring for every document that waits and that nobody was told of, as far as the watermark allows."""
    told = 0
    for stage, depth in depths().items():
        room = settings.watermark - depth
        again_after_s = settings.reping_s if depth else min(LOST_RING_S, settings.reping_s)
        with database.reading() as connection:
            if room <= 0 or not rings.has_due(connection, stage, again_after_s=again_after_s):
                continue
        with database.writing() as connection:
            ids = rings.due(connection, stage, room, again_after_s=again_after_s)
        told += ring(stage, ids, database, settings)
    return told


def dispatch_feeds(database: Database, settings: Settings) -> int:
    """Ring for every feed that is due and that nobody was told of, as far as the watermark allows."""
    with database.reading() as connection:
        if not polls.has_due(connection):
            return 0
    room = settings.watermark - depths()[Stage.FETCH]
    if room <= 0:
        return 0
    with database.writing() as connection:
        due = polls.due_feeds(connection, room)
    told = 0
    try:
        with app.producer_or_acquire() as producer:
            for feed_id in due:
                app.send_task("newsfold.poll_feed", (feed_id,), producer=producer, retry=False)
                told += 1
    finally:
        if told < len(due):
            with database.writing() as connection:
                polls.untell(connection, due[told:])
    return told


def depths() -> dict[Stage, int]:
    """How many messages wait in each queue; raises one of `Unavailable` where the broker does."""
    with app.connection_or_acquire() as connection:
        return {stage: _depth(connection.default_channel, stage) for stage in Stage}


def _depth(channel, stage: Stage) -> int:  # type: ignore[no-untyped-def]
    return int(channel.client.llen(str(stage)))
