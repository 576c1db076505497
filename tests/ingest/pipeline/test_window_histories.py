"""Random histories of two processes, each with a copy of the index, one of which may roll back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import Connection

from ingest.dedup.minhash import SCHEME
from ingest.pipeline import window
from ingest.pipeline.cluster import keys_of
from ingest.pipeline.window import Window
from ingest.store.duplicates import bands, signatures
from ingest.store.duplicates.signatures import Signed
from tests.ingest.pipeline.clustering import fresh
from tests.ingest.pipeline.copies import another, entry, held, rows, same_as_rows, signed

NUMBERS = st.integers(1, 8)


class Histories(RuleBasedStateMachine):
    """Two processes change one index in turns, commit or roll back, and look things up in between."""

    kind = "sqlite"

    @initialize()
    def begin(self) -> None:
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(TemporaryDirectory()))
        first = self._stack.enter_context(fresh(folder, self.kind))
        self.processes = [first, another(first)]
        for one in self.processes[1:]:
            self._stack.callback(one.close)
        self.connection: Connection | None = None

    @precondition(lambda self: self.connection is None)
    @rule(who=st.integers(0, 1), at_once=st.booleans())
    def begin_transaction(self, who: int, at_once: bool) -> None:
        self.who = self.processes[who]
        held(self.who)
        self._open = ExitStack()
        self.connection = self._open.enter_context(self.who.writer.connect())
        self.transaction = self.connection.begin()
        if at_once:
            window.catch_up(self.connection)
            self._compare()

    @precondition(lambda self: self.connection is not None)
    @rule(number=NUMBERS, version=st.integers(0, 3), scheme=st.sampled_from([SCHEME, SCHEME, SCHEME, "other"]))
    def enter(self, number: int, version: int, scheme: str) -> None:
        self.leave(number)
        signatures.save(self._now, [entry(signed(number, version, scheme=scheme))])

    @precondition(lambda self: self.connection is not None)
    @rule(number=NUMBERS)
    def leave(self, number: int) -> None:
        for one in self._of(number):
            signatures.remove(self._now, one, keys_of(one))

    @precondition(lambda self: self.connection is not None)
    @rule(number=NUMBERS, at_s=st.integers(1, 5000))
    def extend(self, number: int, at_s: int) -> None:
        if self._of(number):
            signatures.extend(self._now, SCHEME, [(number, at_s, at_s + 1000)])

    @precondition(lambda self: self.connection is not None)
    @rule(numbers=st.sets(NUMBERS))
    def expire(self, numbers: set[int]) -> None:
        texts, _ = rows(self._now)
        signatures.unindex(self._now, [(texts[n], keys_of(texts[n])) for n in numbers if n in texts])

    @precondition(lambda self: self.connection is not None)
    @rule()
    def bring_in_order(self) -> None:
        bands.turn_over(self._now, {})

    @precondition(lambda self: self.connection is not None)
    @rule()
    def look_up(self) -> None:
        self._compare()

    @precondition(lambda self: self.connection is not None)
    @rule(number=NUMBERS, version=st.integers(0, 3), looked=st.booleans())
    def try_in_vain(self, number: int, version: int, looked: bool) -> None:
        savepoint = self._now.begin_nested()
        self.enter(number, version, SCHEME)
        if looked:
            self._compare()
        savepoint.rollback()

    @precondition(lambda self: self.connection is not None)
    @rule(commits=st.booleans())
    def end_transaction(self, commits: bool) -> None:
        if commits:
            self.transaction.commit()
        else:
            self.transaction.rollback()
        self._open.close()
        self.connection = None

    @precondition(lambda self: self.connection is None)
    @rule(who=st.integers(0, 1))
    def begin_anew(self, who: int) -> None:
        window.let_go(self.processes[who])

    def teardown(self) -> None:
        if hasattr(self, "_stack"):
            if self.connection is not None:
                self.end_transaction(commits=True)
            for process in self.processes:
                held(process)
                with process.writing() as connection:
                    copy = window.index_of(connection)
                    assert isinstance(copy, Window)
                    same_as_rows(copy, connection)
            self._stack.close()

    @property
    def _now(self) -> Connection:
        assert self.connection is not None
        return self.connection

    def _of(self, number: int) -> list[Signed]:
        return [one for one in signatures.of_other_schemes(self._now, "none", 99) if one.number == number]

    def _compare(self) -> None:
        copy = window.index_of(self._now)
        assert isinstance(copy, Window)
        same_as_rows(copy, self._now)


class PostgresqlHistories(Histories):
    kind = "postgresql"


OFTEN = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_two_processes_copies_say_what_the_rows_say() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Histories, settings=OFTEN)


@pytest.mark.postgresql
@pytest.mark.slow
def test_two_processes_copies_say_what_the_rows_say_on_postgresql() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(PostgresqlHistories, settings=settings(OFTEN, max_examples=25))
