"""The queue: which document wants which stage, who has it, and how each attempt ended.

One document at one stage is a *unit*. A worker **claims** it under a lease, works outside any transaction, and
**finishes** it in the transaction that keeps its outputs. Each claim raises the row's epoch, and finishing asks for
that epoch: a worker that lost its lease (killed, frozen, on the wrong side of a network) finds its epoch gone, and
everything it wanted to write rolls back. So a unit may run more than once and has its effect exactly once.

An attempt is counted when it is claimed, so that a document that kills its process uses up its attempts as well. Each
attempt ends in exactly one row of `outcomes`. Leases are compared on the database's clock, never on a worker's.

The broker only rings, see `rings`; what a vanished worker held is taken back by the `reconciler`.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import uniform
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, or_, select, update

from ingest.errors import IngestError, Permanent
from ingest.store.crashpoints import crash_at
from ingest.store.engine import Database, db_now
from ingest.store.schema import documents, outcomes
from ingest.types import TERMINAL, Rejection, Stage, State

DETAIL_CHARS = 500
"""Most characters of an error that are kept: messages may carry foreign text."""

BACKOFF_S = {
    Stage.FETCH: (60.0, 5.0),
    Stage.EXTRACT: (5.0, 4.0),
    Stage.TRANSLATE: (5.0, 4.0),
    Stage.CLUSTER: (2.0, 3.0),
}
"""First pause and its growth per attempt: sites need minutes to come back, our own machines seconds."""

LONGEST_PAUSE_S = 6 * 3600.0
JITTER = 0.25
"""Share of the pause that is random, so that what failed together does not come back together."""

LOST = "lost-lease"
"""Outcome of an attempt whose worker vanished."""


log = structlog.get_logger()


class LeaseLost(IngestError):
    """Another worker owns the document by now: whatever this one did must not be kept."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(f"document {unit.id}: the lease at {unit.stage} (epoch {unit.epoch}) is lost")
        self.unit = unit


@dataclass(frozen=True, slots=True)
class Unit:
    """One document at one stage, claimed by this process."""

    id: str
    stage: Stage
    attempts: int  # this one included, from 1
    epoch: int
    owner: str
    max_attempts: int
    started: float = field(default_factory=time.monotonic, compare=False)


def claim(
    database: Database, document_id: str, stage: Stage, *, owner: str, lease_s: float, max_attempts: int
) -> Unit | None:
    """The document to work on, or None: it is done, somebody has it, or its time has not come."""
    with database.writing() as connection:
        query = _claimable(stage, max_attempts).where(documents.c.id == document_id)
        rows = connection.execute(query.with_for_update()).mappings().all()
        units = [_lease(connection, row, stage, owner, lease_s, max_attempts) for row in rows]
    crash_at("after_claim", stage)
    return units[0] if units else None


def claim_many(
    database: Database,
    stage: Stage,
    limit: int,
    *,
    first: str | None = None,
    owner: str,
    lease_s: float,
    max_attempts: int,
) -> tuple[Unit, ...]:
    """Up to `limit` documents to work on: `first` if it can be had, then those that have waited longest."""
    with database.writing() as connection:
        waiting = _claimable(stage, max_attempts)
        rows: list[RowMapping] = []
        if first is not None:
            rows += connection.execute(waiting.where(documents.c.id == first).with_for_update()).mappings().all()
        if len(rows) < limit:
            others = waiting.where(documents.c.id != first) if first is not None else waiting
            others = others.order_by(documents.c.next_run_at, documents.c.number).limit(limit - len(rows))
            rows += connection.execute(others.with_for_update(skip_locked=True)).mappings().all()
        units = tuple(_lease(connection, row, stage, owner, lease_s, max_attempts) for row in rows)
    crash_at("after_claim", stage)
    return units


def finish(
    connection: Connection,
    unit: Unit,
    *,
    next_stage: Stage | None = None,
    state: State = State.DONE,
    reason: str | None = None,
    detail: str | None = None,
    ms: int | None = None,
) -> None:
    """End an attempt in the transaction that keeps its outputs: on to `next_stage`, or for good in `state`.

    The next stage is noted as told: whoever finishes rings for it after the commit (see `untell`).
    ms: how long it took; by default the time since the claim. LeaseLost when somebody else owns the document by now.
    """
    if next_stage is not None:
        ending: dict[str, Any] = {"stage": next_stage, "state": State.PENDING, "attempts": 0, "queued_at": db_now()}
        outcome = str(State.DONE)
    elif state in TERMINAL:
        ending = {"state": state, "queued_at": None}
        outcome = str(state)
    else:
        raise ValueError(f"expected a next stage or a final state, got {state}")
    ending |= {"reason": reason, "detail": _short(detail), "last_error": None, "next_run_at": db_now()}
    ms = round((time.monotonic() - unit.started) * 1000) if ms is None else ms
    _end(connection, unit, ending, outcome, reason, detail, ms)
    log.info("attempt ended", stage=str(unit.stage), document=unit.id, outcome=outcome, reason=reason, ms=ms)
    crash_at("before_commit", unit.stage)


def reject(connection: Connection, unit: Unit, rejection: Rejection, *, ms: int | None = None) -> None:
    """End an attempt without an article, for a reason a person understands."""
    finish(connection, unit, state=State.REJECTED, reason=rejection.reason, detail=rejection.detail, ms=ms)


def wait_for_model(connection: Connection, unit: Unit, lang: str, *, ms: int | None = None) -> None:
    """End an attempt at a language no model speaks; `wake_waiting` brings the document back."""
    detail = f'no model for "{lang}"'
    finish(connection, unit, state=State.WAITING, reason=f"no-model-{lang}", detail=detail, ms=ms)


def fail(database: Database, unit: Unit, error: BaseException) -> State | None:
    """End an attempt that raised: the state the document is in now, None where somebody else owns it by now.

    Permanent: rejected at once. Anything else: again after a pause that grows, quarantined after the last attempt.
    """
    reason, detail = reason_of(error), str(error) or type(error).__name__
    ending: dict[str, Any] = {"reason": reason, "detail": _short(detail), "last_error": _short(detail)}
    if isinstance(error, Permanent):
        state, pause = State.REJECTED, 0.0
    elif unit.attempts >= unit.max_attempts:
        state, pause = State.QUARANTINED, 0.0
    else:
        state, pause = State.RETRY, pause_s(unit.stage, unit.attempts, getattr(error, "retry_after", None))
    ending |= {"state": state, "queued_at": None, "next_run_at": db_now(pause)}
    try:
        with database.writing() as connection:
            _end(connection, unit, ending, str(state), reason, detail, None)
    except LeaseLost:
        return None
    return state


def release(database: Database, held: Sequence[Unit]) -> None:
    """Give claimed documents back untouched: the attempt does not count, and others are told at once.

    For a worker that is asked to stop. Those it does not own any more are left alone.
    """
    with database.writing() as connection:
        for unit in held:
            connection.execute(
                update(documents)
                .where(*_owned(unit))
                .values(state=State.PENDING, attempts=documents.c.attempts - 1, next_run_at=db_now(), **FREE)
            )


def reason_of(error: BaseException) -> str:
    """The short word under which an error is counted and shown: "server-busy", "out-of-memory", "page-gone"."""
    if isinstance(error, Permanent):
        return error.reason
    if isinstance(error, MemoryError):
        return "out-of-memory"
    name = type(error).__name__.removesuffix("Error").removesuffix("Exceeded")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()[:64] or "error"


def pause_s(stage: Stage, attempts: int, retry_after: float | None = None) -> float:
    """Seconds until the next attempt; never less than the other side asked for, up to the longest pause."""
    first, growth = BACKOFF_S[stage]
    pause = min(first * growth ** (attempts - 1), LONGEST_PAUSE_S)
    pause *= uniform(1 - JITTER, 1 + JITTER)
    return max(pause, min(retry_after or 0.0, LONGEST_PAUSE_S))


def renew(database: Database, units: Sequence[Unit], lease_s: float) -> frozenset[str]:
    """Hold the leases for another while; returns the ids that are still this process's."""
    held = set()
    with database.writing() as connection:
        for unit in units:
            renewed = connection.execute(update(documents).where(*_owned(unit)).values(lease_until=db_now(lease_s)))
            if renewed.rowcount:
                held.add(unit.id)
    return frozenset(held)


@contextmanager
def kept(database: Database, units: Sequence[Unit], lease_s: float) -> Iterator[Callable[[], Collection[str]]]:
    """Renew the leases in a thread while the block runs, five times per lease; yields a function: which are lost."""
    lost: set[str] = set()
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(lease_s / 5):
            try:
                held = renew(database, units, lease_s)
            except Exception:  # noqa: S112 - the database is away: the lease may outlast that; if not, finishing fails
                continue
            lost.update(unit.id for unit in units if unit.id not in held)

    thread = threading.Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield lambda: frozenset(lost)
    finally:
        stop.set()
        thread.join()


FREE: dict[str, Any] = {"lease_until": None, "lease_owner": None, "queued_at": None, "changed_at": db_now()}
"""What a document's row says when nobody holds it."""


def waits() -> ColumnElement[bool]:
    """Whether a document could be claimed now at its stage."""
    return and_(documents.c.state.in_((State.PENDING, State.RETRY)), documents.c.next_run_at <= db_now())


def _claimable(stage: Stage, max_attempts: int) -> Any:
    abandoned = and_(documents.c.state == State.RUNNING, documents.c.lease_until < db_now())
    columns = (documents.c.id, documents.c.stage, documents.c.state, documents.c.attempts, documents.c.epoch)
    return select(*columns, documents.c.lease_owner).where(
        documents.c.stage == stage, documents.c.attempts < max_attempts, or_(waits(), abandoned)
    )


def _lease(
    connection: Connection, row: RowMapping, stage: Stage, owner: str, lease_s: float, max_attempts: int
) -> Unit:
    if row["state"] == State.RUNNING:
        record(connection, row, LOST, "worker-lost", f"the worker vanished in attempt {row['attempts']}")
    attempts, epoch = row["attempts"] + 1, row["epoch"] + 1
    connection.execute(
        update(documents)
        .where(documents.c.id == row["id"])
        .values(
            state=State.RUNNING,
            attempts=attempts,
            epoch=epoch,
            lease_until=db_now(lease_s),
            lease_owner=owner,
            changed_at=db_now(),
        )
    )
    return Unit(row["id"], stage, attempts, epoch, owner, max_attempts)


def _owned(unit: Unit) -> tuple[ColumnElement[bool], ...]:
    return documents.c.id == unit.id, documents.c.epoch == unit.epoch, documents.c.state == State.RUNNING


def _end(
    connection: Connection,
    unit: Unit,
    ending: dict[str, Any],
    outcome: str,
    reason: str | None,
    detail: str | None,
    ms: int | None,
) -> None:
    ended = connection.execute(update(documents).where(*_owned(unit)).values(**(FREE | ending)))
    if ended.rowcount != 1:
        raise LeaseLost(unit)
    connection.execute(
        insert(outcomes).values(
            document_id=unit.id,
            stage=unit.stage,
            attempt=unit.attempts,
            outcome=outcome,
            reason=reason,
            detail=_short(detail),
            ms=round((time.monotonic() - unit.started) * 1000) if ms is None else ms,
            worker=unit.owner,
            at=db_now(),
        )
    )


def record(connection: Connection, row: RowMapping, outcome: str, reason: str, detail: str) -> None:
    """Write how an attempt ended that its worker did not end."""
    connection.execute(
        insert(outcomes).values(
            document_id=row["id"],
            stage=row["stage"],
            attempt=row["attempts"],
            outcome=outcome,
            reason=reason,
            detail=detail,
            worker=row["lease_owner"],
            at=db_now(),
        )
    )


def _short(text: str | None) -> str | None:
    return None if text is None else text[:DETAIL_CHARS]
