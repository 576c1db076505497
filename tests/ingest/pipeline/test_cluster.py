"""Articles find their copies in the store: one transaction each, ids that stay, evidence kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import Connection, select

from ingest.dedup.minhash import SCHEME
from ingest.pipeline import compare
from ingest.pipeline.cluster import cluster_in_transaction, keys_of, withdraw
from ingest.pipeline.decisions import decide
from ingest.pipeline.reindex import reindex
from ingest.store import schema
from ingest.store.duplicates import clusters, signatures
from ingest.store.duplicates.signatures import Entry
from ingest.store.engine import Database
from ingest.types import Copy, Link
from tests.databases import KINDS
from tests.ingest.dedup.news import edited, story, text
from tests.ingest.pipeline.clustering import NOON, article, cluster, fresh, later, partition, sound, state


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, held: bool) -> Iterator[Database]:
    with fresh(tmp_path, request.param, held=held) as database:
        yield database


@pytest.fixture(params=[False, True], ids=["rows", "memory"])
def held(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def indexed(connection: Connection) -> set[int]:
    """The numbers of the texts in the index."""
    tables = schema.bands, schema.fresh_keys
    return {number for table in tables for number in connection.execute(select(table.c.number)).scalars()}


def test_strangers_stand_alone(database: Database) -> None:
    outcomes = cluster(database, *(article(n, text(n)) for n in range(1, 8)))
    assert len({outcome.cluster_id for outcome in outcomes}) == 7
    assert all(outcome.size == 1 and outcome.kind is None for outcome in outcomes)
    sound(database)


def test_an_exact_copy_joins_its_source_whatever_its_typography(database: Database) -> None:
    shouted = text(1).replace(".", " .").upper()
    first, second = cluster(database, article(1, text(1)), article(2, shouted))
    assert second.cluster_id == first.cluster_id
    assert (second.size, second.kind) == (2, Copy.EXACT)
    with database.reading() as connection:
        match = connection.execute(select(schema.matches)).one()
    assert (match.rule, match.exact, match.passages) == ("same-text", 1.0, [[0, len(text(1)), 0, len(shouted)]])


def test_a_near_copy_joins_its_source_with_the_passages_that_show_it(database: Database) -> None:
    one, other = article(1, text(1)), article(2, edited(1, 1), title="Another headline")
    first, second = cluster(database, one, other)
    assert (second.cluster_id, second.kind) == (first.cluster_id, Copy.NEAR)
    with database.reading() as connection:
        match = connection.execute(select(schema.matches)).one()
    assert match.rule == "weighed-evidence"
    assert 0.5 < match.exact < 1 and abs(match.estimated - match.exact) < 0.4
    a_start, a_end, b_start, b_end = match.passages[0]
    assert one.text[a_start:a_end].split()[:4] == other.text[b_start:b_end].split()[:4]


def test_two_translations_of_one_text_are_translated_copies(database: Database) -> None:
    first, second = cluster(database, article(1, text(1), lang="fr"), article(2, edited(1, 1), lang="de"))
    assert second.cluster_id == first.cluster_id
    assert second.kind == Copy.TRANSLATED


def test_a_publishers_second_version_under_another_address_is_a_revision(database: Database) -> None:
    one = later(article(1, text(61)), url="https://www.courier.example/vote")
    again = later(article(2, edited(61, 1)), url="https://live.courier.example/vote-2", source="The Courier online")
    elsewhere = later(article(3, edited(61, 2)), url="https://post.example/vote")
    same = later(article(4, text(61)), url="https://courier.example/amp/vote")
    kinds = [outcome.kind for outcome in cluster(database, one, again, elsewhere, same)]
    assert kinds == [None, Copy.REVISION, Copy.NEAR, Copy.EXACT]


def test_a_teaser_joins_but_does_not_stand_for_its_article(database: Database) -> None:
    teaser = " ".join(story(1)[:3])
    cluster(database, article(1, teaser, at=NOON - timedelta(hours=2)), article(2, text(1)))
    with database.reading() as connection:
        place = clusters.of_article(connection, "a0000001")
        assert place is not None
        found = clusters.get(connection, place.cluster_id)
    assert found is not None
    assert (found.members, found.representative) == (("a0000001", "a0000002"), "a0000002")
    assert place.kind == Copy.TEASER


def test_the_representative_is_english_before_translated_and_early_before_late(database: Database) -> None:
    cluster(
        database,
        article(1, text(1), lang="fr", at=NOON - timedelta(hours=3)),
        article(2, edited(1, 1), at=NOON - timedelta(hours=1)),
        article(3, edited(1, 2), at=NOON - timedelta(hours=2)),
    )
    with database.reading() as connection:
        row = connection.execute(select(schema.clusters).where(schema.clusters.c.merged_into.is_(None))).one()
    assert (row.representative, row.size) == ("a0000003", 3)


def test_the_same_notice_after_the_window_is_another_one(database: Database) -> None:
    outcomes = cluster(
        database, article(1, text(1), at=NOON - timedelta(days=40)), article(2, text(1)), article(3, edited(1, 1))
    )
    assert outcomes[0].cluster_id != outcomes[1].cluster_id == outcomes[2].cluster_id


def test_running_it_again_changes_nothing(database: Database) -> None:
    some = [
        article(1, text(1)),
        article(2, text(1)),
        article(3, edited(1, 1)),
        article(4, text(9)),
        article(5, "Video"),
    ]
    cluster(database, *some)
    with database.reading() as connection:
        announced = len(connection.execute(select(schema.changes)).all())
    before = state(database)
    for one in (*some, *reversed(some)):
        with database.writing() as connection:
            cluster_in_transaction(connection, one)
    assert state(database) == before
    with database.reading() as connection:
        assert len(connection.execute(select(schema.changes)).all()) == announced
    sound(database)


def test_a_revision_that_says_something_else_leaves_and_one_that_comes_back_joins(database: Database) -> None:
    one, copy = article(1, text(1)), article(2, edited(1, 1))
    first, _ = cluster(database, one, copy)
    (gone,) = cluster(database, later(copy, text=text(7)))
    assert gone.cluster_id != first.cluster_id
    assert partition(database) == {frozenset({one.id}), frozenset({copy.id})}
    sound(database)
    (back,) = cluster(database, copy)
    assert back.cluster_id == first.cluster_id
    sound(database)


def test_when_a_leader_is_taken_down_its_copies_go_on_together(database: Database) -> None:
    outcomes = cluster(
        database, article(1, text(1)), article(2, text(1)), article(3, text(1)), article(4, edited(1, 1))
    )
    with database.writing() as connection:
        withdraw(connection, "a0000001")
    assert partition(database) == {frozenset({"a0000002", "a0000003", "a0000004"})}
    with database.reading() as connection:
        place = clusters.of_article(connection, "a0000004")
    assert place is not None and place.cluster_id == outcomes[0].cluster_id
    sound(database)


@pytest.mark.parametrize("kept", [True, False], ids=["vectors", "texts"])
def test_a_process_that_remembers_nothing_finds_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    cluster(database, article(1, text(1)), article(2, text(2)), article(3, edited(1, 1)))
    monkeypatch.setattr(compare, "_readers", WeakKeyDictionary())  # another process
    if not kept:  # what was indexed before there were vectors has none
        with database.writing() as connection:
            connection.execute(schema.vectors.delete())
    outcomes = cluster(database, article(4, edited(1, 2)), article(5, edited(2, 1)))
    assert [outcome.size for outcome in outcomes] == [3, 2]


def test_what_is_remembered_of_one_database_is_not_said_of_another(database: Database, tmp_path: Path) -> None:
    some = [article(n, edited(1, n)) for n in (1, 2, 3)]
    with fresh(tmp_path / "other") as other:
        cluster(other, *some)
    cluster(database, *(replace(one, id=one.id.replace("a", "b")) for one in some))
    with database.reading() as connection:
        found = connection.execute(select(schema.matches.c.a, schema.matches.c.b)).all()
    assert {end for pair in found for end in pair} == {"b0000001", "b0000002", "b0000003"}


def test_the_last_article_taken_down_leaves_no_cluster(database: Database) -> None:
    cluster(database, article(1, text(1)))
    with database.writing() as connection:
        withdraw(connection, "a0000001")
        withdraw(connection, "a0000001")
    assert state(database)[:3] == ([], [], [])
    with database.reading() as connection:
        assert indexed(connection) == set()


@pytest.mark.parametrize("body", ["", "Video", "Read more", "¶ § †", "\n\n"])
def test_texts_that_say_nothing_never_meet(database: Database, body: str) -> None:
    first, second = cluster(database, article(1, body), article(2, body))
    assert first.cluster_id != second.cluster_id
    sound(database)


def test_changes_tell_of_growth_merges_and_singles(database: Database) -> None:
    first, _ = cluster(database, article(1, text(1)), article(2, edited(1, 1)))
    with database.reading() as connection:
        rows = connection.execute(select(schema.changes).order_by(schema.changes.c.seq)).all()
    kinds = [(row.kind, row.cluster_id) for row in rows if row.kind != "upsert"]
    assert kinds == [("cluster", first.cluster_id), ("cluster", first.cluster_id)]


def test_old_texts_leave_the_index_together_and_clusters_stay(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = schema.signatures.c
    over = signatures._OVER
    monkeypatch.setattr(signatures, "_ENOUGH", select(s.leaves_s).where(over).order_by(s.leaves_s).limit(1).offset(2))
    cluster(database, *(article(n, text(n)) for n in range(1, 4)))
    with database.writing() as connection:
        connection.execute(schema.signatures.update().where(s.number < 3).values(leaves_s=1))
    cluster(database, article(8, text(8)))
    with database.reading() as connection:
        assert indexed(connection) == {1, 2, 3, 8}
    with database.writing() as connection:
        connection.execute(schema.signatures.update().values(leaves_s=1))
    before = partition(database)
    cluster(database, article(9, text(9)))
    with database.reading() as connection:
        numbers = indexed(connection)
        kept = connection.execute(select(schema.signatures)).all()
    assert numbers == {9}
    assert len(kept) == 5
    assert before < partition(database)


def test_an_archive_moves_to_a_new_scheme_and_finds_the_same(database: Database) -> None:
    some = [article(1, text(1)), article(2, edited(1, 1)), article(3, text(3)), article(4, text(3))]
    cluster(database, *some)
    with database.writing() as connection:
        connection.execute(schema.matches.delete().where(schema.matches.c.rule != "same-text"))
        for signed in signatures.of_other_schemes(connection, "none", 9):
            signatures.remove(connection, signed, keys_of(signed))
            signatures.save(connection, [Entry(replace(signed, scheme="old"), (1, 2, 3), 2**40, b"old")])
    (late,) = cluster(database, article(5, edited(1, 2)))
    assert late.size == 1, "two schemes are never compared"
    assert list(reindex(database)) == [3]
    assert list(reindex(database)) == []
    assert partition(database) == {
        frozenset({"a0000001", "a0000002", "a0000005"}),
        frozenset({"a0000003", "a0000004"}),
    }
    with database.reading() as connection:
        assert {signed.scheme for signed in signatures.of_other_schemes(connection, "none", 9)} == {SCHEME}
    sound(database)


def old_scheme(database: Database) -> None:
    """As if another version had signed everything."""
    with database.writing() as connection:
        for signed in signatures.of_other_schemes(connection, "none", 99):
            signatures.remove(connection, signed, keys_of(signed))
            entry = Entry(replace(signed, scheme="old"), (signed.number, -signed.number), 2**40, b"old")
            signatures.save(connection, [entry])


def test_decisions_and_arrivals_outlast_a_reindexing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster(database, *(article(10 * n + k, body) for n in (1, 2, 3) for k, body in enumerate((text(n), edited(n, 1)))))
    with database.writing() as connection:
        decide(connection, Link.CANNOT, "a0000010", "a0000011", who="ada")
        decide(connection, Link.MUST, "a0000020", "a0000030", who="ada")
        connection.execute(schema.matches.delete().where(schema.matches.c.rule == "weighed-evidence"))
    old_scheme(database)
    monkeypatch.setattr("ingest.pipeline.reindex.AT_ONCE", 2)
    coming = iter([article(12, edited(1, 2)), article(22, edited(2, 2)), article(32, text(3))])
    for _ in reindex(database):
        if (one := next(coming, None)) is not None:
            cluster(database, one)  # while the archive moves
    place = {article_id: together for together in partition(database) for article_id in together}
    assert place["a0000010"] != place["a0000011"], "kept apart"
    assert "a0000012" in place["a0000010"] | place["a0000011"]
    assert place["a0000020"] == {f"a00000{n}" for n in (20, 21, 22, 30, 31, 32)}, "kept together"
    sound(database)
