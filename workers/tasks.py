"""The tasks: unpack, call, ring for what comes next. An id comes in, nothing goes out.

What a step raises is the outcome of its attempt and ends in `ingest.pipeline.attempt`; here nothing is retried. Only
MemoryError is caught again: outside of a step it would end the whole worker, and its message the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from celery.platforms import EX_FAILURE
from celery.signals import worker_ready
from celery.worker import state as worker_state
from structlog.contextvars import bound_contextvars

from ingest.pipeline import poll
from ingest.pipeline.cluster import cluster_article
from ingest.pipeline.extract import extract_page
from ingest.pipeline.fetch import fetch_page
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.translate import translate_documents
from ingest.store import engine, retention
from ingest.store.crashpoints import crash_at
from ingest.store.queue import owners, reconciler
from ingest.types import Stage
from models.manifest import ModelError
from workers import bell, runtime
from workers.app import app
from workers.archivist import Archivist
from workers.deployment import settings
from workers.postman import Postman

log = structlog.get_logger()

_archivist = Archivist()
_postman = Postman()


@app.task(name="newsfold.fetch", soft_time_limit=45, time_limit=60)
def fetch(document_id: str) -> None:
    """Fetch a page, then ring for its extraction."""
    _one(Stage.FETCH, fetch_page, document_id)


@app.task(name="newsfold.extract", soft_time_limit=30, time_limit=45)
def extract(document_id: str) -> None:
    """Extract a page, then ring for its translation."""
    _one(Stage.EXTRACT, extract_page, document_id)


@app.task(name="newsfold.translate")
def translate(document_id: str) -> None:
    """Translate a document and others that wait, then ring for their clustering."""

    def should_stop() -> bool:
        return worker_state.should_stop is not None or worker_state.should_terminate is not None

    try:
        _guarded(
            Stage.TRANSLATE,
            document_id,
            lambda held: (Stage.CLUSTER, translate_documents(held, document_id, should_stop=should_stop)),
        )
    except ModelError as error:
        log.critical("this worker stops: its model cannot be used; the documents wait", error=str(error))
        worker_state.should_stop = EX_FAILURE


@app.task(name="newsfold.cluster", soft_time_limit=60, time_limit=90)
def cluster(document_id: str) -> None:
    """Find an article's near-duplicates."""
    _one(Stage.CLUSTER, cluster_article, document_id)


@app.task(name="newsfold.poll_feed", soft_time_limit=60, time_limit=90)
def poll_feed(feed_id: str) -> None:
    """Poll a feed; its new entries are documents that `dispatch` rings for."""
    with bound_contextvars(feed=feed_id):
        try:
            poll.poll_feed(feed_id, runtime.current())
        except MemoryError:
            log.error("out of memory; the feed is polled again when its lease is over")


@app.task(name="newsfold.dispatch")
def dispatch() -> None:
    """Ring for documents and feeds nobody was told of."""
    held = runtime.current()
    try:
        bell.dispatch(held.database, held.settings)
        bell.dispatch_feeds(held.database, held.settings)
    except bell.Unavailable as error:
        log.warning("the broker cannot be reached; everything waits in the database", error=str(error))


@app.task(name="newsfold.reconcile")
def reconcile() -> None:
    """Take back what vanished workers hold."""
    held = runtime.current()
    reconciler.reconcile_in_turn(held.database, held.settings, held.owner)


@app.task(name="newsfold.prune")
def prune() -> None:
    """Once a day, let go of what is older than it needs to be."""
    held = runtime.current()
    gone = retention.prune_in_turn(held.database, held.settings, held.owner)
    if gone and any(gone.values()):
        log.info("pruned", **{what.replace(" ", "_"): rows for what, rows in gone.items()})


@app.task(name="newsfold.dump")
def dump() -> None:
    """Once a day, write all articles where the settings want them; does not wait for it."""
    if settings().dump_dir is not None:
        _archivist.go(runtime.current())


@app.task(name="newsfold.deliver")
def deliver() -> None:
    """Tell subscribers of changes; does not wait until they have answered."""
    _postman.go(runtime.current())


@worker_ready.connect
def _reconcile_at_start(sender: Any = None, **_: object) -> None:
    """What a worker left behind when it died is taken back by the one that follows it, beat or no beat."""
    database = engine.connect(settings().sqlalchemy_url)  # of its own and closed again: children are forked off later
    try:
        reconciler.reconcile_in_turn(database, settings(), owners.this_process())
    finally:
        database.close()
    log.info("worker ready", worker=str(getattr(sender, "hostname", "")))


def _one(stage: Stage, step: Callable[[str, Runtime], Stage | None], document_id: str) -> None:
    def run(held: Runtime) -> tuple[Stage | None, Sequence[str]]:
        return step(document_id, held), (document_id,)

    _guarded(stage, document_id, run)


def _guarded(stage: Stage, document_id: str, run: Callable[[Runtime], tuple[Stage | None, Sequence[str]]]) -> None:
    with bound_contextvars(document=document_id, stage=str(stage)):
        try:
            held = runtime.current()
            next_stage, ids = run(held)
            crash_at("after_commit", stage)
            if next_stage is not None:
                bell.ring(next_stage, ids, held.database, held.settings)
        except MemoryError:
            log.error("out of memory outside of a step; the document is taken up again when its lease is over")
