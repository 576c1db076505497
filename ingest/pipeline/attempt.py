"""One attempt at one unit: claimed, worked on, and ended in exactly one outcome, whatever happens."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ingest.errors import IngestError
from ingest.pipeline.runtime import Runtime
from ingest.store.queue import units
from ingest.store.queue.units import LeaseLost, Unit
from ingest.types import Stage

log = structlog.get_logger()


def attempt(document_id: str, stage: Stage, runtime: Runtime, work: Callable[[Unit], Stage | None]) -> Stage | None:
    """What `work` returns, the stage to ring for; None when there was nothing to do or the attempt failed.

    work: ends the unit itself, in the transaction that keeps its outputs. What it raises ends the attempt here.
    """
    settings = runtime.settings
    unit = units.claim(
        runtime.database,
        document_id,
        stage,
        owner=runtime.owner,
        lease_s=settings.lease_s,
        max_attempts=settings.max_attempts,
    )
    if unit is None:
        return None
    try:
        return work(unit)
    except Exception as error:  # the one place where a stage's errors end: as the outcome of this attempt
        failed(unit, runtime, error)
        return None


def failed(unit: Unit, runtime: Runtime, error: Exception) -> None:
    """End an attempt that raised, and say so in the log; an error that is none of ours comes with its traceback."""
    if isinstance(error, LeaseLost):
        log.warning("lease lost", stage=str(unit.stage), document=unit.id)
        return
    state = units.fail(runtime.database, unit, error)
    log.error(
        "attempt failed",
        stage=str(unit.stage),
        document=unit.id,
        attempt=unit.attempts,
        state=str(state),
        reason=units.reason_of(error),
        exc_info=None if isinstance(error, IngestError) else error,
    )
