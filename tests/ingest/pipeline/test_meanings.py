"""Related coverage in the store where an encoder is named: found, kept and forgotten in the article's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select
from structlog.testing import capture_logs

from ingest.dedup import Item, cluster_batch
from ingest.dedup.embedding import Encoder
from ingest.pipeline import embedded, meanings, window
from ingest.pipeline.cluster import cluster_article, cluster_in_transaction, cluster_together, make_ready, withdraw
from ingest.pipeline.compare import Newcomer, newcomer, text_of
from ingest.pipeline.decisions import decide, undo
from ingest.pipeline.lookup import Rows
from ingest.pipeline.meanings import meaning_of
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.window import BYTES_A_TEXT
from ingest.settings import Settings
from ingest.store import engine, schema
from ingest.store.duplicates import embeddings
from ingest.store.duplicates.embeddings import Kind
from ingest.store.engine import Database
from ingest.types import Article, LanguageIdentifier, Link, SentenceTranslator
from tests.databases import KINDS
from tests.ingest.dedup.encoders import Told
from tests.ingest.dedup.news import text
from tests.ingest.dedup.test_embedding import FERRY, STRANDED
from tests.ingest.dedup.test_related import BRIDGE, FREED, RESCUE
from tests.ingest.pipeline.clustering import NOON, article, cluster, fresh, store

OF_ANOTHER_FERRY = f"{FERRY} All this was two years ago, on other islands."
SUBJECTS = {FERRY: 0, STRANDED: 0, FREED: 1, RESCUE: 2, BRIDGE: 3, OF_ANOTHER_FERRY: 4}
BODIES = [FERRY, text(1), FREED, STRANDED, RESCUE, BRIDGE, text(2)]


class Halfway(Exception):
    """Something went wrong before the transaction's end."""


KIND = Kind(Told.label, 64)
PLENTY = 10**9


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, held: bool) -> Iterator[Database]:
    with fresh(tmp_path, request.param) as database:
        if held:
            embedded.hold(database, KIND, PLENTY)
        yield database


@pytest.fixture(params=[False, True], ids=["rows", "memory"])
def held(request: pytest.FixtureRequest) -> bool:
    """Whether this process keeps a copy of the vectors."""
    return bool(request.param)


@pytest.fixture
def told() -> Told:
    return Told(SUBJECTS)


def signed(one: Article, encoder: Encoder, said: tuple[str, bytes] | None = None) -> Newcomer:
    return newcomer(text_of(one), meaning_of(encoder, text_of(one), said))


def place(database: Database, encoder: Encoder, *some: Article) -> None:
    """Cluster articles, each in a transaction of its own."""
    for one in some:
        with database.writing() as connection:
            store(connection, one)
            cluster_in_transaction(connection, one, new=signed(one, encoder))


def related(database: Database) -> set[frozenset[str]]:
    with database.reading() as connection:
        return {frozenset(row) for row in connection.execute(select(schema.related.c.a, schema.related.c.b))}


def kept(database: Database) -> list[int]:
    with database.reading() as connection:
        return sorted(connection.execute(select(schema.embeddings.c.number)).scalars())


def pair(*numbers: int) -> frozenset[str]:
    return frozenset(f"a{number:07d}" for number in numbers)


def articles(bodies: Sequence[str] = BODIES) -> list[Article]:
    return [article(number, body) for number, body in enumerate(bodies, 1)]


def test_what_is_stored_is_what_the_batch_says(database: Database, told: Told) -> None:
    place(database, told, *articles())
    verdicts = cluster_batch([Item(one.id, one.text, "en") for one in articles()], encoder=told)
    assert related(database) == {frozenset((v.id, kin.id)) for v in verdicts for kin in v.related} == {pair(1, 4)}


def test_without_an_encoder_words_decide_and_nothing_is_kept(database: Database) -> None:
    cluster(database, *articles())
    assert related(database) == {pair(3, 5)}
    assert kept(database) == []


def test_a_text_without_a_vector_is_weighed_by_words(database: Database, told: Told) -> None:
    cluster(database, article(1, FREED), article(2, FERRY))
    place(database, told, article(3, RESCUE), article(4, STRANDED))
    assert related(database) == {pair(1, 3)}


def test_several_at_once_find_what_they_find_one_by_one(database: Database, told: Told) -> None:
    with database.writing() as connection:
        for one in articles():
            store(connection, one)
        cluster_together(connection, [(one, signed(one, told)) for one in articles()])
    assert related(database) == {pair(1, 4)}
    assert kept(database) == list(range(1, len(BODIES) + 1))


def test_what_was_rolled_back_is_nobodys_kin(database: Database, told: Told) -> None:
    place(database, told, article(1, BRIDGE))
    with suppress(Halfway), database.writing() as connection:
        for number, body in ((2, FERRY), (3, FREED)):
            store(connection, one := article(number, body))
            cluster_in_transaction(connection, one, new=signed(one, told))
        raise Halfway
    place(database, told, article(4, STRANDED))  # gets the stamp that was taken back
    assert related(database) == set()
    place(database, told, article(5, FERRY))
    assert related(database) == {pair(4, 5)}


def test_another_process_finds_what_this_one_kept(database: Database, told: Told) -> None:
    other = engine.connect(database.writer.url.render_as_string(hide_password=False))
    try:
        place(database, told, article(1, FERRY))
        place(other, told, article(2, BRIDGE), article(3, STRANDED))
        place(database, told, article(4, FREED))
    finally:
        other.close()
    assert related(database) == {pair(1, 3)}


def test_a_revised_text_is_found_by_what_it_says_now(database: Database, told: Told) -> None:
    place(database, told, article(1, FERRY), article(1, OF_ANOTHER_FERRY), article(2, STRANDED))
    assert related(database) == set()
    assert kept(database) == [1, 2]
    place(database, told, article(1, FERRY))
    assert related(database) == {pair(1, 2)}


def test_a_text_that_says_again_what_it_said_before_is_named_once(database: Database, told: Told) -> None:
    place(database, told, article(1, FERRY), article(1, OF_ANOTHER_FERRY), article(1, FERRY), article(2, STRANDED))
    assert related(database) == {pair(1, 2)}
    assert kept(database) == [1, 2]


def test_a_text_revised_in_one_transaction_is_named_once(database: Database, told: Told) -> None:
    place(database, told, article(1, FERRY))
    with database.writing() as connection:
        for one in (article(1, OF_ANOTHER_FERRY), article(1, FERRY), article(2, STRANDED)):
            store(connection, one)
            cluster_in_transaction(connection, one, new=signed(one, told))
    assert related(database) == {pair(1, 2)}


def test_texts_of_before_take_no_place_among_the_nearest(
    database: Database, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meanings, "NEAREST", 2)
    before = [f"{FERRY} {said}" for said in ("Again.", "Once more.", "And again.", "And once more.")]
    told.subjects |= dict.fromkeys(before, 0)
    place(database, told, *(article(1, body) for body in (*before, OF_ANOTHER_FERRY)))
    place(database, told, article(2, FERRY), article(3, STRANDED))
    assert related(database) == {pair(2, 3)}


def test_texts_that_are_gone_take_no_place_among_the_nearest(
    database: Database, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meanings, "NEAREST", 2)
    gone = [article(10 + n, f"{STRANDED} {said}") for n, said in enumerate(("Again.", "Once more.", "At last.", "So."))]
    told.subjects |= dict.fromkeys([one.text for one in gone], 0)
    place(database, told, *gone, article(1, FERRY))
    for one in gone:
        with database.writing() as connection:
            withdraw(connection, one.id)
    place(database, told, article(3, STRANDED))
    assert related(database) == {pair(1, 3)}


def test_accounts_of_other_weeks_are_not_found(database: Database, told: Told) -> None:
    place(database, told, article(1, FERRY, at=NOON - timedelta(days=5)), article(2, STRANDED))
    assert related(database) == set()


def test_a_taken_down_text_leaves_no_vector(database: Database, told: Told) -> None:
    place(database, told, article(1, FERRY), article(2, BRIDGE))
    with database.writing() as connection:
        withdraw(connection, "a0000001")
    place(database, told, article(3, STRANDED))
    assert related(database) == set()
    assert kept(database) == [2, 3]


@pytest.mark.parametrize("body", [FERRY, "Too short."])
def test_a_text_that_is_none_of_its_own_any_more_leaves_no_vector(database: Database, told: Told, body: str) -> None:
    place(database, told, article(1, FERRY), article(2, STRANDED), article(2, body))
    assert kept(database) == [1]
    assert related(database) == set()


def test_a_copy_that_follows_again_leaves_no_vector(database: Database, told: Told) -> None:
    place(database, told, article(1, FERRY), article(2, FERRY), article(3, BRIDGE))
    for _ in range(2):
        with database.writing() as connection:
            decision = decide(connection, Link.CANNOT, "a0000002", "a0000003", who="anna")
        assert kept(database) == [1, 2, 3]
        with database.writing() as connection:
            undo(connection, decision.id, who="anna")
        assert kept(database) == [1, 3]
    place(database, told, article(4, STRANDED))
    assert related(database) == {pair(1, 4)}


def test_who_inherits_from_a_taken_down_text_is_as_related_as_it_was(database: Database, told: Told) -> None:
    place(database, told, article(1, FERRY), article(2, FERRY), article(3, STRANDED))
    assert related(database) == {pair(1, 3)}
    with database.writing() as connection:
        withdraw(connection, "a0000001")
    assert related(database) == {pair(2, 3)}


def test_the_same_text_is_encoded_once(database: Database, told: Told) -> None:
    place(database, told, article(1, FERRY))
    asked = len(told.asked)
    with database.reading() as connection:
        said = embeddings.of_text(connection, text_of(article(2, FERRY)).digest)
    assert signed(article(2, FERRY), told, said).meaning == signed(article(1, FERRY), Told(SUBJECTS)).meaning
    assert len(told.asked) == asked


def test_vectors_of_another_encoder_are_not_compared(database: Database, told: Told) -> None:
    class Other(Told):
        label = "other"

    place(database, told, article(1, FERRY))
    place(database, Other(SUBJECTS, 32), article(2, STRANDED))
    assert related(database) == set()


def test_a_copy_is_read_anew_once_much_came_in(database: Database, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LEAST_SPARE", 2)
    monkeypatch.setattr(embedded, "LONGER", 2)
    embedded.hold(database, KIND, PLENTY)
    place(database, told, article(1, FERRY), *(article(number, text(number)) for number in range(10, 40)))
    with database.writing() as connection:
        withdraw(connection, "a0000010")
        withdraw(connection, "a0000011")
    copy = embedded.held(database)
    assert copy is not None
    assert len(copy) == 30, "two are gone, and the last has not been read on"
    assert embedded.hold(database, KIND, PLENTY) == 29 * (KIND.size + embedded.BESIDE)
    copy = embedded.held(database)
    with database.reading() as connection:
        assert copy is not None
        assert embeddings.since(connection, KIND, copy._stamp)[1] == [], "what was loaded is not read once more"
    place(database, told, article(2, STRANDED))
    assert related(database) == {pair(1, 2)}


def test_a_copy_is_kept_only_while_there_is_room_and_the_rows_say_the_same(database: Database, told: Told) -> None:
    embedded.let_go(database)
    place(database, told, *articles())
    a_text = KIND.size + embedded.BESIDE
    assert embedded.hold(database, KIND, len(BODIES) * a_text - 1) == 0
    assert embedded.held(database) is None
    assert embedded.hold(database, KIND, len(BODIES) * a_text) == len(BODIES) * a_text
    place(database, told, article(8, f"{STRANDED} Again."), article(9, f"{FERRY} Again."))
    assert embedded.held(database) is None, "the eighth had no room"
    assert related(database) == {pair(1, 4)}
    told.subjects |= {f"{STRANDED} At last.": 0}
    place(database, told, article(10, f"{STRANDED} At last."))
    assert pair(1, 10) in related(database)


def test_vectors_and_the_index_share_the_room_there_is(database: Database, told: Told) -> None:
    place(database, told, *articles())
    embedded.let_go(database)
    count, means = len(BODIES), meaning_of(told, text_of(article(1, FERRY)))
    vectors, whole = count * (KIND.size + embedded.BESIDE), count * (KIND.size + embedded.BESIDE + BYTES_A_TEXT)
    make_ready(database, whole, means, placing=10**6)
    assert (window.held(database), embedded.held(database)).count(None) == 0
    make_ready(database, whole - 1, means)
    with database.writing() as connection:
        assert isinstance(window.index_of(connection), Rows), "the index goes first"
    assert embedded.held(database) is not None
    make_ready(database, vectors - 1, means)
    assert embedded.held(database) is None


def test_what_came_since_is_read_before_the_transaction(database: Database, told: Told) -> None:
    embedded.hold(database, KIND, PLENTY)
    other = engine.connect(database.writer.url.render_as_string(hide_password=False))
    try:
        place(other, told, article(1, FERRY), article(2, BRIDGE))
    finally:
        other.close()
    embedded.hold(database, KIND, PLENTY)
    copy = embedded.held(database)
    assert copy is not None
    assert len(copy) == 2


def test_a_vector_of_another_length_stops_nobody(database: Database, told: Told) -> None:
    place(database, Told(SUBJECTS, 32), article(1, FERRY))
    place(database, told, article(2, BRIDGE), article(3, STRANDED))
    place(database, Told(SUBJECTS, 32), article(4, STRANDED + " Again."))
    assert kept(database) == [1, 2, 3, 4]
    assert related(database) == set()


def test_a_step_that_runs_again_with_another_encoder_is_related_by_it(database: Database, told: Told) -> None:
    class Other(Told):
        label = "other"

    place(database, Other(SUBJECTS), *(some := [article(1, FERRY), article(2, STRANDED)]))
    assert related(database) == {pair(1, 2)}
    apart = Told({FERRY: 1, STRANDED: 2})
    place(database, apart, *some)
    assert related(database) == set()
    with database.reading() as connection:
        assert set(connection.execute(select(schema.embeddings.c.encoder)).scalars()) == {told.label}
        assert embeddings.of_text(connection, text_of(some[0]).digest, Other.label) is None


def test_a_text_placed_by_a_decision_is_related_at_its_own_step(database: Database, told: Told) -> None:
    place(database, told, article(1, STRANDED), article(2, BRIDGE))
    with database.writing() as connection:
        store(connection, late := article(3, FERRY))
        decide(connection, Link.CANNOT, "a0000002", late.id, who="anna")
    assert (kept(database), related(database)) == ([1, 2], set())
    for _ in range(2):
        with database.writing() as connection:
            cluster_in_transaction(connection, late, new=signed(late, told))
        assert (kept(database), related(database)) == ([1, 2, 3], {pair(1, 3)})


def test_what_words_found_goes_where_meaning_says_otherwise(database: Database, told: Told) -> None:
    some = [article(1, FREED), article(2, RESCUE)]
    cluster(database, *some)
    assert related(database) == {pair(1, 2)}
    place(database, told, *some)
    assert (kept(database), related(database)) == ([1, 2], set())


class NoModel(Exception):
    """The encoder's folder cannot be read."""


class Broken(Told):
    """An encoder whose folder vanished."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise NoModel(f"/models/minilm-{id(self)}: not there")


def test_no_article_waits_for_an_encoder_that_cannot_be_read(database: Database) -> None:
    broken = Broken({})
    nobody = cast(LanguageIdentifier, None), cast(SentenceTranslator, None)
    runtime = Runtime(database, Settings(), "test", *nobody, encoder=broken, fatal=(NoModel,))
    some = [article(1, FREED), article(2, RESCUE)]
    with database.writing() as connection:
        for one in some:
            store(connection, one)
    with capture_logs() as lines:
        for one in some:
            assert cluster_article(one.id, runtime) is None
    assert related(database) == {pair(1, 2)}
    said = [line["reason"] for line in lines if line["log_level"] in ("warning", "error")]
    assert said == [f"/models/minilm-{id(broken)}: not there"]


def test_the_step_asks_the_encoder_of_its_runtime_once_a_text(database: Database, told: Told) -> None:
    nobody = cast(LanguageIdentifier, None), cast(SentenceTranslator, None)  # clustering asks neither
    runtime = Runtime(database, Settings(), "test", *nobody, encoder=told)
    some = [article(1, FERRY), article(2, STRANDED, title="No bread"), article(3, FERRY), article(4, "Too short.")]
    with database.writing() as connection:
        for one in some:
            store(connection, one)
    for one in some:
        assert cluster_article(one.id, runtime) is None
    assert told.asked == [FERRY, f"No bread\n{STRANDED}"]
    assert kept(database) == [1, 2]
