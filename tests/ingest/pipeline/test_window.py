"""A process's copy of the index says what the rows say, whoever changed them, and whatever was rolled back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import Connection, delete, select

from ingest.dedup.minhash import PERMUTATIONS, SCHEME
from ingest.pipeline import window
from ingest.pipeline.cluster import cluster_in_transaction, cluster_together, keys_of, withdraw
from ingest.pipeline.compare import newcomer, text_of, unpack_keys
from ingest.pipeline.lookup import Lookup, Rows
from ingest.pipeline.reindex import reindex
from ingest.pipeline.texts import Span
from ingest.pipeline.window import Window
from ingest.store import engine, schema
from ingest.store.duplicates import bands, index_log, signatures
from ingest.store.duplicates.signatures import Entry, Signed
from ingest.store.engine import Database
from tests.databases import KINDS
from tests.ingest.dedup.news import edited, text
from tests.ingest.pipeline.clustering import article, cluster, fresh, partition, sound, store

PLENTY = 10**9
NUMBERS = st.integers(1, 8)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(tmp_path, request.param) as database:
        yield database


def held(database: Database) -> Window:
    """The process's copy, made now."""
    window.hold(database, PLENTY, placing=1_000_000)
    return window._windows[database.writer]


def another(database: Database) -> Database:
    """The same database as another process would open it."""
    return engine.connect(database.writer.url.render_as_string(hide_password=False))


def signed(number: int, version: int, *, scheme: str = SCHEME, last_s: int = 1000) -> Signed:
    """A text's signature; versions share some bands with one another and with those of other numbers."""
    rng = np.random.default_rng((number % 3, version))
    hashes = rng.integers(0, 3, PERMUTATIONS, dtype=np.uint16).tobytes()
    terms = rng.integers(0, 5, 1 + version % 8, dtype=np.uint32).tobytes()
    digest = bytes([version, number % 2] * 8)
    return Signed(number, f"a{number:07d}", scheme, hashes, digest, 20 + version, terms, 900, last_s)


def entry(one: Signed) -> Entry:
    return Entry(one, keys_of(one), one.last_s + 1000, b"")


def rows(connection: Connection) -> tuple[dict[int, Signed], dict[int, set[int]]]:
    """The index in the database: the signatures in it, and the numbers under each key."""
    texts = {one.number: one for some in signatures.all_indexed(connection, SCHEME, 100) for one in some}
    under: dict[int, set[int]] = {}
    standing = [tuple(row) for row in connection.execute(select(schema.bands.c.hash, schema.bands.c.number))]
    for number, keys in connection.execute(select(schema.fresh_keys)):
        standing += [(key, number) for key in unpack_keys(keys)]
    for key, number in standing:
        under.setdefault(key & 0xFFFFFFFF, set()).add(number)
    return texts, {key: numbers & set(texts) for key, numbers in under.items() if numbers & set(texts)}


def same_as_rows(copy: Window, connection: Connection) -> None:
    """Assert that a copy that has caught up says what the rows say."""
    texts, under = rows(connection)
    assert len(copy) == len(texts)
    columns = copy.texts(np.array(sorted(texts), dtype=np.int64), Span(0, 0))
    for row, number in enumerate(sorted(texts)):
        one = texts[number]
        assert columns.candidate(row) == (
            number,
            one.article_id,
            one.hashes,
            one.digest,
            one.size,
            one.first_s,
            one.last_s,
        )
    keys = np.array(sorted({*under, *range(50)}), dtype=np.uint32)
    found = copy.under(keys, 100)
    said = {
        int(k): set(found.numbers[a:b].tolist()) for k, a, b in zip(keys, found.bounds, found.bounds[1:], strict=False)
    }
    assert {key: numbers for key, numbers in said.items() if numbers} == under
    assert len(copy._postings) == sum(map(len, under.values()))


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


def say_otherwise(connection: Connection, one: Signed) -> None:
    """Another text of the same stems, but for the weighty ones."""
    leave(connection, one)
    signatures.save(connection, [entry(replace(one, terms=b"\7\0\0\0\x09\0\0\0"))])


def leave(connection: Connection, one: Signed) -> None:
    signatures.remove(connection, one, keys_of(one))


def be_over(connection: Connection, one: Signed) -> None:
    signatures.unindex(connection, [(one, keys_of(one))])


def be_copied(connection: Connection, one: Signed, at_s: int = 5000) -> None:
    signatures.extend(connection, SCHEME, [(one.number, at_s, 9000)])


def be_copied_before(connection: Connection, one: Signed) -> None:
    be_copied(connection, one, 5)


@pytest.mark.parametrize("change", [say_otherwise, leave, be_over, be_copied, be_copied_before])
def test_whatever_becomes_of_a_text_another_process_learns_it(
    database: Database, change: Callable[[Connection, Signed], None]
) -> None:
    one, beside = signed(1, 0), signed(2, 3)
    with database.writing() as connection:
        signatures.save(connection, [entry(one), entry(beside)])
    other = another(database)
    copy = held(other)
    with database.writing() as connection:
        change(connection, one)
    with other.writing() as connection:
        assert window.index_of(connection) is copy
        same_as_rows(copy, connection)
    other.close()


def arrivals() -> list[str]:
    """Texts with edited and exact copies, in an order that mixes them."""
    some = [body for n in range(12) for body in (text(n), edited(n, 1), text(n) if n % 3 else edited(n, 2))]
    random.Random(8).shuffle(some)
    return some


def test_rows_and_their_copy_answer_alike(database: Database) -> None:
    everything = [article(n, body) for n, body in enumerate(arrivals(), 1)]
    cluster(database, *everything[:25])
    held(database)
    news = [newcomer(text_of(one)) for one in everything[20:]]  # five of them are there already
    spans = [
        Span(signatures.seconds(one.seen) - n, signatures.seconds(one.seen)) for n, one in enumerate(everything[20:])
    ]
    with database.writing() as connection:
        copy = window.index_of(connection)
        assert isinstance(copy, Window)
        for reach_s in (14 * 86400, 0):
            one, other = (Lookup(i, list(zip(news, spans, strict=True)), reach_s) for i in (Rows(connection), copy))
            for new, span in zip(news, spans, strict=True):
                assert answers(one, new, span) == answers(other, new, span)
                for lookup in (one, other):
                    known = signatures.Candidate(
                        900 + len(new.text.text),
                        new.text.article_id,
                        new.hashes,
                        new.text.digest,
                        9,
                        span.first_s,
                        span.last_s,
                    )
                    lookup.add(known, new)
                    for leader in lookup.same_texts(new, span)[:1]:
                        lookup.extend(leader, span.first_s - 1)


def answers(lookup: Lookup, new: object, span: Span) -> tuple[object, ...]:
    near = lookup.near(new, span)  # type: ignore[arg-type]
    found = lookup.akin(new, span)  # type: ignore[arg-type]
    shared, akin = found.shared, found.texts[found.rows]
    same = lookup.same_texts(new, span)  # type: ignore[arg-type]
    return (
        [near.candidate(row) for row in range(len(near))],
        shared.tolist(),
        [akin.candidate(row) for row in range(len(akin))],
        same,
    )


def test_two_processes_with_copies_cluster_as_one_without(database: Database, tmp_path: Path) -> None:
    some = [article(n, body) for n, body in enumerate(arrivals(), 1)]
    other = another(database)
    held(database)
    held(other)
    for n, one in enumerate(some):
        cluster((database, other)[n % 2], one)
        if n == 20:
            window.let_go(other)
            with other.writing() as connection:
                withdraw(connection, some[3].id)
                withdraw(connection, some[10].id)
            held(other)
    cluster(other, some[3], some[10])
    assert set(window._windows) >= {database.writer, other.writer}
    found = partition(database)
    sound(database)
    other.close()
    with fresh(tmp_path / "alone") as alone:
        cluster(alone, *some)
        assert partition(alone) == found


def test_what_was_rolled_back_is_not_found_and_what_another_committed_is(database: Database) -> None:
    other, first = another(database), article(1, text(1))
    with database.writing() as connection:
        for one in (first, article(2, edited(1, 1)), article(3, edited(1, 2))):
            store(connection, one)
    held(database)
    with database.writer.connect() as connection, connection.begin() as transaction:
        cluster_together(connection, [(first, newcomer(text_of(first)))])
        cluster_in_transaction(connection, article(2, edited(1, 1)))
        transaction.rollback()
    cluster(other, article(3, edited(1, 2)))
    outcome = cluster(database, article(2, edited(1, 1)))[0]
    assert outcome.size == 2
    assert partition(database) == {frozenset({"a0000002", "a0000003"})}
    other.close()


def test_a_process_that_was_away_too_long_asks_the_rows_and_reads_them_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_log, "KEPT", 4)
    cluster(database, article(1, text(1)))
    held(database)
    other = another(database)
    cluster(other, *(article(n, text(n)) for n in range(2, 12)))
    with database.reading() as connection:
        assert len(connection.execute(select(schema.index_log)).all()) < 9
    (copied,) = cluster(database, article(20, edited(5, 1)))
    assert copied.size == 2
    assert database.writer not in window._windows
    assert len(held(database)) == 12
    other.close()


def test_a_log_that_starts_again_is_seen(database: Database) -> None:
    cluster(database, article(1, text(1)), article(2, text(2)))
    held(database)
    with database.writing() as connection:
        connection.execute(delete(schema.index_log))
    assert cluster(database, article(3, edited(1, 1)))[0].size == 2
    assert database.writer not in window._windows


def test_a_copy_is_made_when_it_pays_and_only_while_there_is_room(database: Database) -> None:
    cluster(database, *(article(n, text(n)) for n in range(1, 6)))
    window.hold(database, 0, placing=100)
    assert database.writer not in window._windows
    window.hold(database, 5 * window.BYTES_A_TEXT, placing=1000)
    assert database.writer in window._windows
    assert cluster(database, article(6, edited(5, 1)))[0].size == 2
    cluster(database, article(7, text(7)))
    assert database.writer not in window._windows, "the sixth text had no room"
    assert cluster(database, article(8, edited(7, 1)))[0].size == 2


def test_few_texts_are_placed_without_reading_the_window(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "TEXTS_A_PLACED", 1)
    cluster(database, *(article(n, text(n)) for n in range(1, 4)))
    window.hold(database, PLENTY)
    assert database.writer not in window._windows
    for _ in range(3):
        window.hold(database, PLENTY)
    assert database.writer in window._windows


def test_an_archive_moves_to_a_new_scheme_beside_a_process_with_a_copy(database: Database) -> None:
    cluster(database, *(article(n, text(n)) for n in range(1, 5)))
    with database.writing() as connection:
        for one in signatures.of_other_schemes(connection, "none", 9):
            signatures.remove(connection, one, keys_of(one))
            signatures.save(connection, [Entry(replace(one, scheme="old"), keys_of(one), 2**40, b"old")])
    other = another(database)
    copy = held(other)
    assert len(copy) == 0
    assert sum(reindex(database)) == 4
    assert [o.size for o in cluster(other, article(9, edited(1, 1)), article(10, edited(2, 1)))] == [2, 2]
    with other.writing() as connection:
        assert window.index_of(connection) is copy
        same_as_rows(copy, connection)
    other.close()


def test_texts_that_left_make_room_for_others() -> None:
    copy, taken = Window(PLENTY), []
    for day in range(3):
        some = [replace(signed(n, day), number=1000 * day + n) for n in range(900)]
        copy._put(some)
        taken.append(len(copy._others))
        copy._drop([one.number for one in some])
    assert taken == [1000] * 3


def test_memory_stays_within_what_is_counted_for_a_text(database: Database) -> None:
    copy = Window(PLENTY)
    many = [replace(signed(n, 0), number=n, terms=b"\1\2\3\4" * 8) for n in range(1, 20_001)]
    rng = np.random.default_rng(3)
    hashes = rng.integers(0, 2**16, (len(many), PERMUTATIONS), dtype=np.uint16)
    copy._put([replace(one, hashes=row.tobytes()) for one, row in zip(many, hashes, strict=True)])
    assert copy.nbytes <= window.BYTES_A_TEXT * len(copy)
