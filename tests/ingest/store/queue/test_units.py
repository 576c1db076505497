"""A unit has its effect once, whoever dies, freezes or comes back late; every attempt has one outcome."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from sqlalchemy import select, update

from ingest.errors import PageGone, ServerBusy
from ingest.settings import Settings
from ingest.store import engine, schema
from ingest.store.engine import Database, db_now
from ingest.store.queue import aside, leases, owners, reconciler, rings, standing, units
from ingest.store.queue.units import LeaseLost, Unit
from ingest.store.texts import documents
from ingest.types import Page, Rejection, Stage, State

MAX = 3


def admit(database: Database, text: str = "text") -> str:
    page = Page(body=text.encode(), content_type="text/plain", charset=None, url=None, fetched=datetime.now(UTC))
    with database.writing() as connection:
        return documents.admit_page(connection, page, origin="file").document_id


def claim(database: Database, document_id: str, stage: Stage = Stage.EXTRACT, owner: str = "elsewhere:1:1") -> Unit:
    unit = units.claim(database, document_id, stage, owner=owner, lease_s=60, max_attempts=MAX)
    assert unit is not None
    return unit


def try_claim(database: Database, document_id: str, stage: Stage = Stage.EXTRACT) -> Unit | None:
    return units.claim(database, document_id, stage, owner="elsewhere:2:2", lease_s=60, max_attempts=MAX)


def row(database: Database, document_id: str) -> dict[str, object]:
    with database.reading() as connection:
        return dict(documents.load(connection, document_id) or {})


def outcomes(database: Database, document_id: str) -> list[tuple[str, int, str]]:
    with database.reading() as connection:
        return [(step.stage, step.attempt, step.outcome) for step in standing.trail(connection, document_id)]


def let_lease_run_out(database: Database, document_id: str, epoch: int | None = None) -> None:
    table = schema.documents
    running = (table.c.id == document_id, table.c.state == State.RUNNING)
    with database.writing() as connection:
        which = (*running, table.c.epoch == epoch) if epoch is not None else running
        connection.execute(update(table).where(*which).values(lease_until=db_now(-1)))


def finish(database: Database, unit: Unit, **how: object) -> None:
    with database.writing() as connection:
        units.finish(connection, unit, **how)  # type: ignore[arg-type]


def test_finished_unit_goes_on_to_the_next_stage(database: Database) -> None:
    document_id = admit(database)
    finish(database, claim(database, document_id), next_stage=Stage.TRANSLATE)
    after = row(database, document_id)
    assert (after["stage"], after["state"], after["attempts"], after["lease_owner"]) == (
        "translate",
        "pending",
        0,
        None,
    )
    assert outcomes(database, document_id) == [("extract", 1, "done")]


def test_claimed_unit_is_nobody_elses(database: Database) -> None:
    document_id = admit(database)
    claim(database, document_id)
    assert try_claim(database, document_id) is None


def test_unit_of_another_stage_cannot_be_claimed(database: Database) -> None:
    assert try_claim(database, admit(database), Stage.TRANSLATE) is None


def test_what_a_worker_without_lease_writes_rolls_back(database: Database) -> None:
    document_id = admit(database)
    late = claim(database, document_id)
    let_lease_run_out(database, document_id)
    assert try_claim(database, document_id) is not None

    def write_late() -> None:
        with database.writing() as connection:
            connection.execute(update(schema.documents).values(source="late"))
            units.finish(connection, late, next_stage=Stage.TRANSLATE)

    with pytest.raises(LeaseLost, match=document_id):
        write_late()
    assert row(database, document_id)["source"] is None
    assert outcomes(database, document_id) == [("extract", 1, "lost-lease")]


def test_worker_that_comes_back_before_another_took_over_may_finish(database: Database) -> None:
    document_id = admit(database)
    slow = claim(database, document_id)
    let_lease_run_out(database, document_id)
    finish(database, slow, next_stage=Stage.TRANSLATE)
    assert outcomes(database, document_id) == [("extract", 1, "done")]


def test_new_page_fences_off_whoever_works_on_the_old_one(database: Database) -> None:
    page = Page(b"first", "text/plain", None, "https://example.org/a", datetime.now(UTC))
    newer = Page(b"second", "text/plain", None, "https://example.org/a", datetime.now(UTC))
    with database.writing() as connection:
        document_id = documents.admit_page(connection, page, origin="url").document_id
    unit = claim(database, document_id)
    with database.writing() as connection:
        documents.admit_page(connection, newer, origin="url")
    with pytest.raises(LeaseLost):
        finish(database, unit, next_stage=Stage.TRANSLATE)


def test_rejected_unit_keeps_its_reason(database: Database) -> None:
    document_id = admit(database)
    unit = claim(database, document_id)
    with database.writing() as connection:
        units.reject(connection, unit, Rejection(Stage.EXTRACT, "empty", "no text"))
    after = row(database, document_id)
    assert (after["state"], after["reason"], after["detail"]) == ("rejected", "empty", "no text")


def test_failing_unit_waits_then_is_quarantined(database: Database) -> None:
    document_id = admit(database)
    for attempt in (1, 2):
        assert units.fail(database, claim(database, document_id), ValueError("odd")) == State.RETRY
        after = row(database, document_id)
        assert (after["attempts"], after["reason"]) == (attempt, "value")
        assert try_claim(database, document_id) is None, "its time has not come"
        with database.writing() as connection:
            connection.execute(update(schema.documents).values(next_run_at=db_now(-1)))
    assert units.fail(database, claim(database, document_id), ValueError("odd")) == State.QUARANTINED
    assert try_claim(database, document_id) is None
    assert outcomes(database, document_id) == [
        ("extract", 1, "retry"),
        ("extract", 2, "retry"),
        ("extract", 3, "quarantined"),
    ]


def test_permanent_error_ends_at_once(database: Database) -> None:
    document_id = admit(database)
    assert units.fail(database, claim(database, document_id), PageGone("https://example.org", 410)) == State.REJECTED
    assert row(database, document_id)["reason"] == "page-gone"


def test_retry_is_not_before_the_other_side_asked_for(database: Database) -> None:
    document_id = admit(database)
    units.fail(database, claim(database, document_id), ServerBusy("https://example.org", 429, retry_after=3000))
    wait = row(database, document_id)["next_run_at"] - datetime.now(UTC)  # type: ignore[operator]
    assert 2990 < wait.total_seconds() < 3010


@pytest.mark.parametrize("attempts", [1, 2, 3, 10])
def test_pauses_grow_and_stay_bounded(attempts: int) -> None:
    pauses = [units.pause_s(Stage.FETCH, attempts) for _ in range(50)]
    assert all(0 < pause <= units.LONGEST_PAUSE_S * (1 + units.JITTER) for pause in pauses)
    assert len(set(pauses)) > 1, "jitter"
    assert min(pauses) >= min(60 * 5 ** (attempts - 1), units.LONGEST_PAUSE_S) * (1 - units.JITTER)


def test_released_unit_can_be_claimed_at_once_and_lost_no_attempt(database: Database) -> None:
    document_id = admit(database)
    units.release(database, [claim(database, document_id)])
    assert claim(database, document_id).attempts == 1
    assert outcomes(database, document_id) == []


def test_reconciler_takes_back_what_ran_out(database: Database) -> None:
    document_id = admit(database)
    claim(database, document_id)
    assert reconciler.reconcile(database, Settings()) == reconciler.Report(recovered=0, quarantined=0)
    let_lease_run_out(database, document_id)
    assert reconciler.reconcile(database, Settings()) == reconciler.Report(recovered=1, quarantined=0)
    assert claim(database, document_id).attempts == 2
    assert outcomes(database, document_id) == [("extract", 1, "lost-lease")]


def test_unit_whose_worker_always_vanishes_is_quarantined(database: Database) -> None:
    document_id = admit(database)
    for _ in range(MAX):
        claim(database, document_id)
        let_lease_run_out(database, document_id)
        reconciler.reconcile(database, Settings())
    after = row(database, document_id)
    assert (after["state"], after["reason"]) == ("quarantined", "worker-lost")
    assert [outcome for _, _, outcome in outcomes(database, document_id)] == ["lost-lease", "lost-lease", "quarantined"]


def test_reconciler_need_not_wait_for_a_dead_process_of_this_machine(database: Database) -> None:
    program = "from ingest.store.queue import owners; print(owners.this_process())"
    dead = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    mine, its = admit(database, "a"), admit(database, "b")
    claim(database, mine, owner=owners.this_process())
    claim(database, its, owner=dead)
    assert reconciler.reconcile(database, Settings()).recovered == 1
    assert row(database, mine)["state"] == "running"
    assert row(database, its)["state"] == "retry"


def test_owners_of_other_machines_are_never_called_gone() -> None:
    assert not owners.is_gone("elsewhere/1:1:1")
    assert not owners.is_gone(None)
    assert not owners.is_gone("nonsense")
    assert not owners.is_gone(owners.this_process())


def test_kept_lease_outlasts_its_length(database: Database) -> None:
    document_id = admit(database)
    unit = units.claim(database, document_id, Stage.EXTRACT, owner="o", lease_s=0.5, max_attempts=MAX)
    assert unit is not None
    with units.kept(database, [unit], 0.5) as lost:
        time.sleep(1.2)
        assert try_claim(database, document_id) is None
        assert not lost()


def test_keeper_learns_that_a_lease_is_lost(database: Database) -> None:
    document_id = admit(database)
    unit = units.claim(database, document_id, Stage.EXTRACT, owner="o", lease_s=0.5, max_attempts=MAX)
    assert unit is not None
    with units.kept(database, [unit], 0.5) as lost:
        with database.writing() as connection:
            connection.execute(update(schema.documents).values(epoch=99))
        deadline = time.monotonic() + 5
        while not lost() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert set(lost()) == {document_id}


def test_many_are_claimed_with_the_one_rung_for_first(database: Database) -> None:
    ids = [admit(database, str(n)) for n in range(5)]
    claimed = units.claim_many(database, Stage.EXTRACT, 3, first=ids[3], owner="o", lease_s=60, max_attempts=MAX)
    assert [unit.id for unit in claimed] == [ids[3], ids[0], ids[1]]


def test_due_documents_are_told_of_once_until_the_ring_counts_as_lost(database: Database) -> None:
    document_id = admit(database)
    with database.writing() as connection:
        assert rings.has_due(connection, Stage.EXTRACT, again_after_s=60)
        assert rings.due(connection, Stage.EXTRACT, 10, again_after_s=60) == (document_id,)
        assert rings.due(connection, Stage.EXTRACT, 10, again_after_s=60) == ()
        assert not rings.has_due(connection, Stage.EXTRACT, again_after_s=60)
        connection.execute(update(schema.documents).values(queued_at=db_now(-61)))
        assert rings.due(connection, Stage.EXTRACT, 10, again_after_s=60) == (document_id,)
    rings.untell(database, [document_id])
    assert row(database, document_id)["queued_at"] is None


def test_document_without_a_model_waits_until_its_language_gets_one(database: Database) -> None:
    document_id = admit(database)
    unit = claim(database, document_id)
    with database.writing() as connection:
        units.wait_for_model(connection, unit, "es")
    after = row(database, document_id)
    assert (after["state"], after["detail"]) == ("waiting", 'no model for "es"')
    with database.writing() as connection:
        assert aside.waiting_languages(connection) == {"es": 1}
        assert aside.wake_waiting(connection, "it") == 0
        assert aside.wake_waiting(connection, "es") == 1
    assert claim(database, document_id).attempts == 1


def test_quarantined_documents_are_replayed_by_reason_or_id(database: Database) -> None:
    first, second = admit(database, "a"), admit(database, "b")
    for document_id, error in ((first, ValueError()), (second, MemoryError())):
        unit = units.claim(database, document_id, Stage.EXTRACT, owner="o", lease_s=60, max_attempts=1)
        assert unit is not None
        assert units.fail(database, unit, error) == State.QUARANTINED
    with database.writing() as connection:
        assert {line["id"] for line in aside.quarantined(connection)} == {first, second}
        assert [line["id"] for line in aside.quarantined(connection, reason="out-of-memory")] == [second]
        assert aside.replay(connection, reason="out-of-memory") == 1
        assert aside.replay(connection, [first, second]) == 1
    assert claim(database, second).attempts == 1


def test_a_named_lease_is_held_by_one_until_it_is_over(database: Database) -> None:
    with database.writing() as connection:
        assert leases.take(connection, "prune", "a", 60)
        assert leases.take(connection, "prune", "a", 60), "renewed"
        assert not leases.take(connection, "prune", "b", 60)
        assert leases.last_done(connection, "prune") is None
        leases.done(connection, "prune", "a")
        assert leases.last_done(connection, "prune") is not None
        assert leases.age_s(connection, "prune") == pytest.approx(0, abs=1)
        time.sleep(0.002)
        assert leases.take(connection, "prune", "b", -1)
        assert leases.take(connection, "prune", "c", 60), "b's is over"


class Queue(RuleBasedStateMachine):
    """Any order of claiming, finishing, dying, waking up late and reconciling, against a model in plain Python."""

    held = Bundle("held")

    @initialize(folder=st.just(None))
    def begin(self, folder: None) -> None:
        memory = Path("/dev/shm")  # flushing to a disk a thousand times tells nothing here
        self.folder = TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.database = engine.connect(f"sqlite:///{self.folder.name}/m.sqlite")
        with self.database.writing() as connection:
            schema.metadata.create_all(connection)
        self.ids = [admit(self.database, str(n)) for n in range(3)]
        self.effects: Counter[tuple[str, str]] = Counter()

    @rule(target=held, n=st.integers(0, 2), stage=st.sampled_from([Stage.EXTRACT, Stage.TRANSLATE]))
    def take(self, n: int, stage: Stage) -> object:
        unit = try_claim(self.database, self.ids[n], stage)
        return multiple() if unit is None else unit

    @rule(unit=consumes(held))
    def end_well(self, unit: Unit) -> None:
        following = Stage.TRANSLATE if unit.stage == Stage.EXTRACT else None
        try:
            finish(self.database, unit, next_stage=following)
        except LeaseLost:
            return
        self.effects[unit.id, str(unit.stage)] += 1

    @rule(unit=consumes(held))
    def end_badly(self, unit: Unit) -> None:
        units.fail(self.database, unit, ValueError("odd"))
        with self.database.writing() as connection:
            connection.execute(update(schema.documents).values(next_run_at=db_now(-1)))

    @rule(unit=consumes(held))
    def die(self, unit: Unit) -> None:
        let_lease_run_out(self.database, unit.id, unit.epoch)

    @rule(unit=held)
    def freeze(self, unit: Unit) -> None:
        let_lease_run_out(self.database, unit.id, unit.epoch)  # it may still try to end

    @rule()
    def reconcile(self) -> None:
        reconciler.reconcile(self.database, Settings())

    @rule()
    def replay(self) -> None:
        with self.database.writing() as connection:
            aside.replay(connection, self.ids)

    @invariant()
    def each_effect_happens_once(self) -> None:
        if hasattr(self, "effects"):
            assert all(count == 1 for count in self.effects.values()), self.effects

    @invariant()
    def attempts_stay_within_the_limit_and_each_has_one_outcome(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.reading() as connection:
            found = connection.execute(select(schema.documents)).mappings().all()
            trail = connection.execute(select(schema.outcomes)).mappings().all()
        assert all(0 <= line["attempts"] <= MAX for line in found)
        assert all((line["state"] == "running") == (line["lease_until"] is not None) for line in found)
        done = Counter((line["document_id"], line["stage"]) for line in trail if line["outcome"] == "done")
        assert done == self.effects

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            self.folder.cleanup()


TestQueue = Queue.TestCase
TestQueue.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes; the steps are printed as they are
)
