"""A process's copy of the index says what the rows say, whoever changed them, and whatever was rolled back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, delete, select

from ingest.dedup.minhash import PERMUTATIONS, SCHEME
from ingest.pipeline import window
from ingest.pipeline.cluster import cluster_in_transaction, cluster_together, keys_of, withdraw
from ingest.pipeline.compare import newcomer, text_of
from ingest.pipeline.lookup import Lookup, Rows
from ingest.pipeline.reindex import reindex
from ingest.pipeline.texts import Span
from ingest.pipeline.window import Window
from ingest.store import schema
from ingest.store.duplicates import index_log, signatures
from ingest.store.duplicates.signatures import Entry, Signed
from ingest.store.engine import Database
from tests.databases import KINDS
from tests.ingest.dedup.news import edited, text
from tests.ingest.pipeline.clustering import article, cluster, fresh, partition, sound, store
from tests.ingest.pipeline.copies import PLENTY, another, entry, held, same_as_rows, signed


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(tmp_path, request.param) as database:
        yield database


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
