"""Texts that were clustered before an encoder was named get their vectors, and are related by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import select

from ingest.pipeline import embedded, encode
from ingest.pipeline.cluster import cluster_in_transaction, withdraw
from ingest.pipeline.compare import newcomer, text_of
from ingest.pipeline.encode import Batch, waiting
from ingest.pipeline.meanings import meaning_of
from ingest.store import engine, schema
from ingest.store.engine import Database
from ingest.store.texts import articles
from ingest.types import Article
from tests.databases import KINDS
from tests.ingest.dedup.encoders import Told
from tests.ingest.dedup.news import text
from tests.ingest.dedup.test_embedding import FERRY, STRANDED
from tests.ingest.dedup.test_related import BRIDGE, FREED, RESCUE
from tests.ingest.pipeline.clustering import article, cluster, fresh, store

SUBJECTS = {FERRY: 0, STRANDED: 0, FREED: 1, RESCUE: 2, BRIDGE: 3}
BODIES = [FERRY, text(1), FREED, STRANDED, RESCUE, BRIDGE, text(2), FERRY, "Too short."]
PLENTY = 10**9


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(tmp_path, request.param) as database:
        yield database


@pytest.fixture
def told() -> Told:
    return Told(SUBJECTS)


def some(bodies: Sequence[str] = BODIES) -> list[Article]:
    return [article(number, body) for number, body in enumerate(bodies, 1)]


def backfill(database: Database, encoder: Told, most_bytes: int = PLENTY) -> list[Batch]:
    numbers = waiting(database, encoder.label)
    return list(encode.encode(database, encoder, numbers, most_bytes=most_bytes))


def place(database: Database, encoder: Told, *coming: Article) -> None:
    for one in coming:
        with database.writing() as connection:
            store(connection, one)
            new = newcomer(text_of(one), meaning_of(encoder, text_of(one)))
            cluster_in_transaction(connection, one, new=new)


def related(database: Database) -> set[frozenset[str]]:
    with database.reading() as connection:
        return {frozenset(row) for row in connection.execute(select(schema.related.c.a, schema.related.c.b))}


def kept(database: Database) -> list[tuple[int, str]]:
    with database.reading() as connection:
        found = connection.execute(select(schema.embeddings.c.number, schema.embeddings.c.encoder))
        return sorted((row[0], row[1]) for row in found)


def pair(*numbers: int) -> frozenset[str]:
    return frozenset(f"a{number:07d}" for number in numbers)


@pytest.mark.parametrize("at_once", [1, 2, 20])
@pytest.mark.parametrize("most_bytes", [0, PLENTY])
def test_what_was_clustered_before_is_related_as_though_the_encoder_had_been_there(
    database: Database, told: Told, monkeypatch: pytest.MonkeyPatch, at_once: int, most_bytes: int
) -> None:
    monkeypatch.setattr(encode, "AT_ONCE", at_once)
    cluster(database, *some())
    assert related(database) == {pair(3, 5)}
    assert sum(batch.encoded for batch in backfill(database, told, most_bytes)) == 7
    assert kept(database) == [(number, told.label) for number in range(1, 8)]
    assert related(database) == {pair(1, 4)}
    assert backfill(database, told) == []


def test_new_texts_are_related_to_those_that_were_encoded_later(database: Database, told: Told) -> None:
    cluster(database, article(1, FERRY), article(2, BRIDGE))
    embedded.hold(database, embedded.Kind(told.label, 64), PLENTY)
    place(database, told, article(3, RESCUE))
    backfill(database, told)
    place(database, told, article(4, STRANDED))
    assert related(database) == {pair(1, 4)}


def test_stopped_half_way_the_next_run_goes_on(database: Database, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "AT_ONCE", 2)
    cluster(database, *some())
    run = encode.encode(database, told, waiting(database, told.label), most_bytes=PLENTY)
    assert next(run) == Batch(2, 2)
    run.close()
    asked = len(told.asked)
    assert [batch.encoded for batch in backfill(database, told)] == [2, 2, 1]
    assert len(told.asked) == asked + 5
    assert related(database) == {pair(1, 4)}


def test_texts_of_another_encoder_are_encoded_anew_and_no_longer_compared(database: Database, told: Told) -> None:
    class Other(Told):
        label = "other"

    place(database, Other(SUBJECTS), article(1, FERRY), article(2, STRANDED), article(3, FREED))
    assert related(database) == {pair(1, 2)}
    apart = Told({FERRY: 1, STRANDED: 2, FREED: 3})
    assert backfill(database, apart) == [Batch(3, 3)]
    assert kept(database) == [(number, told.label) for number in (1, 2, 3)]
    assert related(database) == set()


class Meanwhile(Told):
    """An encoder during whose first answer something happens."""

    def __init__(self, database: Database, what: str) -> None:
        super().__init__(SUBJECTS)
        self.database, self.what = database, what

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        what, self.what = self.what, ""
        if what == "taken down":
            with self.database.writing() as connection:
                withdraw(connection, "a0000001")
                articles.forget(connection, "a0000001")
        elif what == "revised":
            cluster(self.database, article(1, FREED))
        elif what == "revised, not clustered":
            with self.database.writing() as connection:
                store(connection, article(1, FREED))
        elif what == "encoded":
            place(self.database, Told(SUBJECTS), article(1, BRIDGE), article(1, FERRY))
        return super().encode(texts)


@pytest.mark.parametrize(
    ("what", "encoded", "left"),
    [("taken down", 1, []), ("revised", 1, [1]), ("revised, not clustered", 2, []), ("encoded", 1, [])],
)
def test_what_happens_to_a_text_while_it_is_encoded_is_respected(
    database: Database, what: str, encoded: int, left: list[int]
) -> None:
    cluster(database, article(1, FERRY), article(2, STRANDED))
    told = Meanwhile(database, what)
    assert backfill(database, told) == [Batch(2, encoded)]
    assert waiting(database, told.label) == left
    with database.reading() as connection:
        rows = connection.execute(select(schema.embeddings.c.number, schema.embeddings.c.digest)).all()
        digests = dict(connection.execute(select(schema.signatures.c.number, schema.signatures.c.digest)).all())
    assert all(digests[number] == digest for number, digest in rows)


def test_a_text_that_waits_for_its_step_is_left_to_it(database: Database, told: Told) -> None:
    cluster(database, article(1, FERRY))
    with database.writing() as connection:
        store(connection, article(1, STRANDED))
    assert backfill(database, told) == [Batch(1, 0)]
    assert (kept(database), told.asked) == ([], [])


def test_two_runs_at_once_encode_a_text_once(database: Database) -> None:
    cluster(database, article(1, FERRY))
    assert backfill(database, Meanwhile(database, "encoded")) == [Batch(1, 0)]
    assert [number for number, _ in kept(database)] == [1]


STEP = st.one_of(
    st.tuples(st.sampled_from(["arrives", "arrives unencoded"]), st.integers(1, 6), st.sampled_from(BODIES)),
    st.tuples(st.sampled_from(["taken down", "runs again", "runs again unencoded"]), st.integers(1, 6)),
    st.tuples(st.sampled_from(["a batch", "let go", "held"])),
)


@pytest.mark.slow
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(st.integers(0, 1), STEP), min_size=4, max_size=14))
def test_whatever_happened_all_is_related_as_though_the_encoder_had_been_there_from_the_start(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, tuple[Any, ...]]]
) -> None:
    """Two processes, one with a copy of the vectors and one without, in whatever order."""
    told, present = Told(SUBJECTS), dict[str, Article]()
    with fresh(tmp_path_factory.mktemp("both")) as one:
        other = engine.connect(one.writer.url.render_as_string(hide_password=False))
        for who, step in steps:
            happen((one, other)[who], told, present, step)
        backfill(other, told)
        assert waiting(one, told.label) == []
        found, vectors = related(one), kept(one)
        other.close()
    with fresh(tmp_path_factory.mktemp("alone")) as alone:
        place(alone, told, *(present[id_] for id_ in sorted(present)))
        assert {name for _, name in vectors} <= {told.label}
        assert together(alone, found) == together(alone, related(alone))


def happen(database: Database, told: Told, present: dict[str, Article], step: tuple[Any, ...]) -> None:
    match step:
        case ("arrives", number, body):
            place(database, told, one := article(number, body))
            present[one.id] = one
        case ("arrives unencoded", number, body):
            cluster(database, one := article(number, body))
            present[one.id] = one
        case ("taken down", number) if (id_ := f"a{number:07d}") in present:
            with database.writing() as connection:
                withdraw(connection, id_)
                articles.forget(connection, id_)
            del present[id_]
        case ("runs again", number) if (id_ := f"a{number:07d}") in present:
            place(database, told, present[id_])
        case ("runs again unencoded", number) if (id_ := f"a{number:07d}") in present:
            cluster(database, present[id_])
        case ("a batch",):
            numbers = waiting(database, told.label)[:2]
            assert sum(batch.encoded for batch in encode.encode(database, told, numbers, most_bytes=0)) == len(numbers)
        case ("let go",):
            embedded.let_go(database)
        case ("held",):
            embedded.hold(database, embedded.Kind(told.label, 64), PLENTY)
        case _:
            pass


def together(database: Database, pairs: set[frozenset[str]]) -> set[frozenset[str]]:
    """Pairs of what articles say: which of two exact copies leads depends on who came first."""
    with database.reading() as connection:
        said = {row[0]: row[1] for row in connection.execute(select(schema.articles.c.id, schema.articles.c.text))}
    return {frozenset(said[id_] for id_ in one) for one in pairs}
