"""What people decide is obeyed now and later, and undoing it puts back exactly what was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from ingest.errors import BadInput
from ingest.pipeline.cluster import cluster_in_transaction, withdraw
from ingest.pipeline.decisions import choose, decide, undo
from ingest.store import schema
from ingest.store.duplicates import clusters, decisions
from ingest.store.engine import Database
from ingest.store.texts import articles, listing
from ingest.types import Decision, Link
from tests.databases import KINDS
from tests.ingest.dedup.news import edited, text
from tests.ingest.dedup.test_related import FREED, RESCUE
from tests.ingest.pipeline.clustering import article, cluster, fresh, partition, sound, state


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, held: bool) -> Iterator[Database]:
    with fresh(tmp_path, request.param, held=held) as database:
        yield database


@pytest.fixture(params=[False, True], ids=["rows", "memory"])
def held(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def say(database: Database, link: Link, one: str, other: str) -> Decision:
    with database.writing() as connection:
        return decide(connection, link, one, other, who="ada", why="read both")


def take_back(database: Database, decision: Decision) -> None:
    with database.writing() as connection:
        undo(connection, decision.id, who="ada")


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(f"a{n:07d}" for n in numbers)


def test_a_must_link_joins_strangers_and_undoing_it_parts_them(database: Database) -> None:
    cluster(database, article(1, text(1)), article(2, edited(1, 1)), article(3, text(3)), article(4, edited(3, 1)))
    before = state(database)
    decision = say(database, Link.MUST, "a0000002", "a0000004")
    assert partition(database) == {ids(1, 2, 3, 4)}
    with database.reading() as connection:
        rule = connection.execute(select(schema.matches.c.rule).where(schema.matches.c.b == "a0000004")).scalars().all()
    assert "must-link" in rule
    sound(database)
    take_back(database, decision)
    assert state(database) == before


def test_accounts_of_one_event_are_no_such_while_a_decision_makes_them_one(database: Database) -> None:
    cluster(database, article(1, FREED), article(2, RESCUE), article(3, FREED))
    before = state(database)
    assert accounts(database) == {"a0000001": ("a0000002",), "a0000002": ("a0000001",)}
    for one in ("a0000001", "a0000003"):  # the second says the same as the first, and is one of them by that
        decision = say(database, Link.MUST, one, "a0000002")
        assert accounts(database) == {}
        take_back(database, decision)
        assert accounts(database) == {"a0000001": ("a0000002",), "a0000002": ("a0000001",)}
        assert state(database) == before


def accounts(database: Database) -> dict[str, tuple[str, ...]]:
    """Who is shown as another account of whose event, by all that read it."""
    with database.reading() as connection:
        found = listing.related_of(connection, ["a0000001", "a0000002", "a0000003"])
        named = {id_: tuple(other for other, _ in near) for id_, near in found.items() if near}
        for id_, others in named.items():
            assert tuple(other.id for other, _ in listing.related_to(connection, [id_])) == others
        assert not any(listing.related_to(connection, [id_]) for id_ in found.keys() - named.keys())
    return named


def test_a_cannot_link_splits_a_cluster_now_and_undoing_it_heals_it(database: Database) -> None:
    first, *_ = cluster(database, article(1, text(1)), article(2, edited(1, 1)), article(3, edited(1, 2)))
    before = state(database)
    decision = say(database, Link.CANNOT, "a0000001", "a0000003")
    assert len(partition(database)) == 2
    assert not any(ids(1, 3) <= together for together in partition(database))
    with database.reading() as connection:
        sizes = {row.id: row.size for row in connection.execute(select(schema.clusters))}
    assert sizes[first.cluster_id] == 2, "the larger part keeps the id"
    sound(database)
    take_back(database, decision)
    assert state(database) == before


def test_even_exact_copies_can_be_kept_apart(database: Database) -> None:
    cluster(database, *(article(n, text(1)) for n in range(1, 5)))
    before = state(database)
    decision = say(database, Link.CANNOT, "a0000001", "a0000003")
    assert partition(database) == {ids(1, 2, 4), ids(3)}
    sound(database)
    cluster(database, article(5, edited(1, 1)))
    assert not any(ids(1, 3) <= together for together in partition(database))
    sound(database)
    with database.writing() as connection:
        withdraw(connection, "a0000005")
    take_back(database, decision)
    assert state(database) == before


def test_a_decision_outlives_a_revision(database: Database) -> None:
    one, other = article(1, text(1)), article(2, text(2))
    cluster(database, one, other)
    say(database, Link.MUST, one.id, other.id)
    cluster(database, article(2, text(7)))
    assert partition(database) == {ids(1, 2)}
    sound(database)


def test_a_must_link_shows_what_the_texts_share_now(database: Database) -> None:
    cluster(database, article(1, text(1)), article(2, text(3)))
    say(database, Link.MUST, "a0000001", "a0000002")
    cluster(database, article(2, edited(1, 1)))
    assert linked(database) != ["must-link"]  # the texts link them by themselves
    cluster(database, article(2, text(4)))
    assert linked(database) == ["must-link"]
    cluster(database, article(1, text(5)))
    assert linked(database) == ["must-link"]


def linked(database: Database) -> list[str]:
    """By which rules the first two articles are linked."""
    rows = select(schema.matches.c.rule).where(schema.matches.c.a == "a0000001", schema.matches.c.b == "a0000002")
    with database.reading() as connection:
        return list(connection.execute(rows).scalars())


def test_a_decision_that_contradicts_another_is_refused_with_its_number(database: Database) -> None:
    cluster(database, *(article(n, text(n)) for n in range(1, 4)))
    say(database, Link.MUST, "a0000001", "a0000002")
    say(database, Link.MUST, "a0000002", "a0000003")
    with pytest.raises(BadInput, match="undo it first"):
        say(database, Link.CANNOT, "a0000001", "a0000003")
    other = say(database, Link.MUST, "a0000001", "a0000003")
    for number in (1, 2, other.id):
        with database.writing() as connection:
            undo(connection, number, who="ada")
    apart = say(database, Link.CANNOT, "a0000001", "a0000003")
    say(database, Link.MUST, "a0000001", "a0000002")
    with pytest.raises(BadInput, match=f"decision {apart.id}"):
        say(database, Link.MUST, "a0000002", "a0000003")
    assert partition(database) == {ids(1, 2), ids(3)}


@pytest.mark.parametrize(("one", "other"), [("a0000001", "a0000001"), ("a0000001", "nobody")])
def test_a_decision_needs_two_articles(database: Database, one: str, other: str) -> None:
    cluster(database, article(1, text(1)))
    with pytest.raises(BadInput):
        say(database, Link.MUST, one, other)


def test_the_same_decision_twice_is_one_and_undone_once(database: Database) -> None:
    cluster(database, article(1, text(1)), article(2, text(2)))
    decision = say(database, Link.MUST, "a0000001", "a0000002")
    assert say(database, Link.MUST, "a0000002", "a0000001").id == decision.id
    take_back(database, decision)
    with pytest.raises(BadInput, match="in force"):
        take_back(database, decision)


def test_a_chosen_representative_stays_as_the_cluster_grows(database: Database) -> None:
    cluster(database, article(1, text(1)), article(2, edited(1, 1)))
    with database.writing() as connection:
        cluster_id = choose(connection, "a0000002")
    cluster(database, article(3, edited(1, 2)), article(4, text(1)))
    with database.reading() as connection:
        found = clusters.get(connection, cluster_id)
    assert found is not None
    assert (found.representative, len(found.members)) == ("a0000002", 4)


def undone_at_once(database: Database, link: Link, one: str, other: str) -> None:
    """Assert that a decision that is taken back leaves what was, and that it had changed something."""
    before = state(database)
    decision = say(database, link, one, other)
    assert state(database) != before
    sound(database)
    take_back(database, decision)
    assert state(database) == before


def test_a_copy_that_went_to_a_younger_cluster_is_there_again(database: Database) -> None:
    cluster(database, article(3, text(1)), article(4, text(2)), article(3, text(2)))
    undone_at_once(database, Link.CANNOT, "a0000003", "a0000004")


def test_a_cluster_whose_founder_left_gets_its_id_back(database: Database) -> None:
    cluster(database, *(article(n, text(1)) for n in (1, 3, 4)))
    cluster(database, article(2, text(2)), article(5, edited(2, 1)), article(6, edited(2, 1)))
    cluster(database, article(2, text(3)))
    with database.writing() as connection:
        withdraw(connection, "a0000002")
        articles.forget(connection, "a0000002")
    undone_at_once(database, Link.MUST, "a0000001", "a0000006")


def test_a_text_keeps_the_id_of_one_that_was_taken_down(database: Database) -> None:
    cluster(database, article(4, text(4)), article(2, edited(2, 1)))
    say(database, Link.MUST, "a0000002", "a0000004")
    with database.writing() as connection:
        withdraw(connection, "a0000004")
        articles.forget(connection, "a0000004")
    cluster(database, article(1, edited(3, 1)))
    undone_at_once(database, Link.MUST, "a0000001", "a0000002")


@pytest.mark.parametrize("kept", ["a0000002", "a0000003"])
def test_whom_people_chose_stands_for_its_cluster_again(database: Database, kept: str) -> None:
    cluster(database, *(article(n, edited(1, n)) for n in range(1, 4)), article(4, text(4)), article(5, edited(4, 1)))
    with database.writing() as connection:
        choose(connection, kept)
        choose(connection, "a0000005")
    undone_at_once(database, Link.MUST, "a0000001", "a0000004")
    undone_at_once(database, Link.CANNOT, "a0000001", "a0000003")
    undone_at_once(database, Link.CANNOT, "a0000001", "a0000002")


def test_what_came_of_a_cluster_meanwhile_keeps_the_id_it_has(database: Database) -> None:
    cluster(database, *(article(n, text(n)) for n in range(1, 4)))
    one = say(database, Link.MUST, "a0000001", "a0000002")
    other = say(database, Link.MUST, "a0000002", "a0000003")
    take_back(database, one)
    before = state(database)
    take_back(database, other)
    assert state(database)[0][0] == before[0][0], "the first, of which nothing was decided any more"  # type: ignore[index]
    sound(database)
    say(database, Link.MUST, "a0000001", "a0000002")
    undone_at_once(database, Link.MUST, "a0000001", "a0000003")


def take_down(database: Database, article_id: str) -> None:
    with database.writing() as connection:
        withdraw(connection, article_id)
        articles.forget(connection, article_id)


def named_before(database: Database) -> set[str]:
    """Of which articles it is kept where they stood before decisions."""
    with database.reading() as connection:
        return set(connection.execute(select(schema.places_before.c.article_id)).scalars())


def test_a_takedown_leaves_no_word_of_where_an_article_stood_before_decisions(database: Database) -> None:
    cluster(database, article(1, text(1)), article(2, text(1)), article(3, text(2)), article(4, edited(2, 1)))
    decision = say(database, Link.MUST, "a0000001", "a0000003")
    assert named_before(database) >= ids(1, 3)
    for gone in ("a0000001", "a0000003", "a0000002"):
        take_down(database, gone)
        assert gone not in named_before(database)
        sound(database)
    take_back(database, decision)
    assert named_before(database) == set()
    assert partition(database) == {ids(4)}


def test_undoing_leaves_what_there_would_be_without_the_decision_though_a_text_changed_hands(
    database: Database,
) -> None:
    """The first of four that say the same is taken down meanwhile: the next one leads, and stands where it stood."""
    bodies = [edited(1, 2), text(1), *(text(2) for _ in range(4)), edited(2, 1)]
    cluster(database, *(article(n, body) for n, body in enumerate(bodies, 1)))
    say(database, Link.CANNOT, "a0000003", "a0000002")
    before = places(database)
    decision = say(database, Link.MUST, "a0000002", "a0000007")
    take_down(database, "a0000003")
    assert places(database) != (left := {id_: place for id_, place in before.items() if id_ != "a0000003"})
    take_back(database, decision)
    assert places(database) == left


def places(database: Database) -> dict[str, str]:
    """The cluster of each article."""
    with database.reading() as connection:
        m = schema.members.c
        return {row[0]: row[1] for row in connection.execute(select(m.article_id, m.cluster_id))}


TEXTS = [text(1), text(1), edited(1, 1), edited(1, 2), text(2), edited(2, 1), edited(2, 1), text(3), "Video", ""]


@settings(
    max_examples=25,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each step is a database: shrinking would take an hour
)
class Clustering(RuleBasedStateMachine):
    """Any mixture of articles, revisions, takedowns, decisions and their undoing."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.fresh = fresh(Path(self.folder.name), held=True)
        self.database = self.fresh.__enter__()
        self.present: dict[str, str] = {}
        self.standing: dict[int, Decision] = {}

    def teardown(self) -> None:
        if hasattr(self, "fresh"):
            self.fresh.__exit__(None, None, None)
            self.folder.cleanup()

    @rule(number=st.integers(1, 8), body=st.sampled_from(TEXTS))
    def arrives(self, number: int, body: str) -> None:
        cluster(self.database, article(number, body))
        self.present[f"a{number:07d}"] = body

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def runs_again(self, data: st.DataObject) -> None:
        article_id = data.draw(st.sampled_from(sorted(self.present)))
        before = state(self.database)
        with self.database.writing() as connection:
            one = articles.load(connection, article_id)
            assert one is not None
            cluster_in_transaction(connection, one)
        assert state(self.database) == before

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def taken_down(self, data: st.DataObject) -> None:
        article_id = data.draw(st.sampled_from(sorted(self.present)))
        take_down(self.database, article_id)
        del self.present[article_id]

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def chosen(self, data: st.DataObject) -> None:
        with self.database.writing() as connection:
            choose(connection, data.draw(st.sampled_from(sorted(self.present))))

    @precondition(lambda self: len(self.present) > 1)
    @rule(data=st.data(), link=st.sampled_from(list(Link)))
    def decided(self, data: st.DataObject, link: Link) -> None:
        pair = data.draw(st.lists(st.sampled_from(sorted(self.present)), min_size=2, max_size=2, unique=True))
        before = state(self.database)
        try:
            decision = say(self.database, link, *pair)
        except BadInput:
            assert state(self.database) == before
            return
        self.standing[decision.id] = decision

    @precondition(lambda self: len(self.present) > 1)
    @rule(data=st.data(), link=st.sampled_from(list(Link)))
    def decided_and_undone(self, data: st.DataObject, link: Link) -> None:
        pair = data.draw(st.lists(st.sampled_from(sorted(self.present)), min_size=2, max_size=2, unique=True))
        before = state(self.database)
        try:
            decision = say(self.database, link, *pair)
        except BadInput:
            return
        if decision.id not in self.standing:
            take_back(self.database, decision)
            assert state(self.database) == before

    @precondition(lambda self: self.standing)
    @rule(data=st.data())
    def undone(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.standing)))
        take_back(self.database, self.standing.pop(number))

    @invariant()
    def rows_are_sound(self) -> None:
        if hasattr(self, "database"):
            sound(self.database)

    @invariant()
    def nothing_names_what_is_gone(self) -> None:
        if hasattr(self, "database"):
            assert named_before(self.database) <= self.present.keys()

    @invariant()
    def decisions_are_obeyed(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.reading() as connection:
            force = decisions.about(connection, sorted(self.present))
        place = {article_id: together for together in partition(self.database) for article_id in together}
        assert set(place) == set(self.present)
        for decision in force:
            if {decision.a, decision.b} <= set(place):
                assert (decision.b in place[decision.a]) == (decision.link == Link.MUST)


test_any_history_leaves_sound_rows_and_obeyed_decisions = pytest.mark.slow(Clustering.TestCase)
