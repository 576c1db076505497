"""A person's word about two articles takes effect at once, and its undoing puts back what was.

A cannot-link parts two articles now, a must-link joins whatever they say. What is decided about an article is about it
alone and not about all that say the same: an exact copy that is named becomes a text of its own, and follows again
when nothing in force names it any more. Both are rows (`ingest.store.duplicates.decisions`) that every later grouping
obeys.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from ingest.errors import BadInput
from ingest.pipeline.cluster import LOCK, WINDOW, cluster_in_transaction, follow_again, part
from ingest.pipeline.linked import linked_with, note_link
from ingest.pipeline.regroup import MOST_LINKED, NOTHING, regroup
from ingest.store.consumers import changes
from ingest.store.duplicates import clusters, decisions, evidence
from ingest.store.duplicates.decisions import Before
from ingest.store.duplicates.evidence import MUST_LINK
from ingest.store.engine import serialise
from ingest.store.texts import articles
from ingest.types import Article, Decision, Link


def decide(
    connection: Connection, link: Link, one: str, other: str, *, who: str, why: str = "", window: timedelta = WINDOW
) -> Decision:
    """Keep a decision and bring the clusters in line with it.

    BadInput where an article does not exist or what is in force says the opposite.
    """
    serialise(connection, LOCK)
    for article_id in (one, other):
        _seated(connection, article_id, window)
    before = _before(connection, (one, other))
    known = {standing.id for standing in decisions.about(connection, [one])}
    decision = decisions.add(connection, link, one, other, who=who, why=why)
    for article_id in (decision.a, decision.b):
        part(connection, _article(connection, article_id), window)
    if link == Link.MUST:
        note_link(connection, decision)
    _bring_in_line(connection, decision)
    if decision.id not in known:
        decisions.keep_before(connection, decision.id, _changed(connection, before))
    return decision


def undo(connection: Connection, decision_id: int, *, who: str) -> Decision:
    """Undo a decision and bring the clusters in line; BadInput where there is none of that number in force."""
    serialise(connection, LOCK)
    decision = decisions.undo(connection, decision_id, who=who)
    if decision.link == Link.MUST:
        evidence.forget_match(connection, decision.a, decision.b, MUST_LINK)
    before = decisions.take_before(connection, decision_id)
    _bring_in_line(connection, decision, before)  # before they are one text again: ids go by what stood together
    for article_id in (decision.a, decision.b):
        if not decisions.about(connection, [article_id]):
            follow_again(connection, article_id)
    _bring_in_line(connection, decision, before)
    return decision


def choose(connection: Connection, article_id: str) -> str:
    """Make an article the representative of its cluster; returns the cluster's id."""
    serialise(connection, LOCK)
    place = clusters.of_article(connection, article_id)
    if place is None:
        raise BadInput("representative", "a clustered article", article_id)
    clusters.choose(connection, place.cluster_id, article_id)
    changes.record(connection, changes.CLUSTER, cluster_id=place.cluster_id)  # grouping finds it in line already
    regroup(connection, [place.leader])
    return place.cluster_id


def _seated(connection: Connection, article_id: str, window: timedelta) -> None:
    """An article that has not been clustered yet is clustered first: a decision has somewhere to take effect."""
    if clusters.of_article(connection, article_id) is None:
        cluster_in_transaction(connection, _article(connection, article_id), window=window)


def _bring_in_line(connection: Connection, decision: Decision, before: Before = NOTHING) -> None:
    regroup(connection, _near(connection, (decision.a, decision.b)), before)


def _near(connection: Connection, pair: tuple[str, str]) -> set[str]:
    """The leaders of two articles and of all that stand with them."""
    places = clusters.of_articles(connection, pair).values()
    near = clusters.leaders_in(connection, sorted({place.cluster_id for place in places}))
    return {*(place.leader for place in places), *near}


def _before(connection: Connection, pair: tuple[str, str]) -> Before:
    """Where all stands that a decision about two articles may move."""
    linked = linked_with(connection, sorted(_near(connection, pair)), MOST_LINKED)
    places = {leader: place.cluster_id for leader, place in linked.places.items()}
    places |= {i: place.cluster_id for i, place in clusters.of_articles(connection, pair).items()}
    standing = clusters.standing(connection, places.values())
    chosen = {one.representative: cluster_id for cluster_id, one in standing.items() if one.chosen}
    return Before(places | chosen, frozenset(chosen))


def _changed(connection: Connection, before: Before) -> Before:
    """What of it is otherwise now: the places in clusters that some left or came into."""
    now = {i: place.cluster_id for i, place in clusters.of_articles(connection, before.places).items()}
    moved = {(cluster_id, now[i]) for i, cluster_id in before.places.items() if now[i] != cluster_id}
    touched = {cluster_id for both in moved for cluster_id in both}
    places = {i: cluster_id for i, cluster_id in before.places.items() if cluster_id in touched}
    return Before(places, frozenset(before.chosen) & places.keys())


def _article(connection: Connection, article_id: str) -> Article:
    article = articles.load(connection, article_id)
    if article is None:
        raise BadInput("decision", "the ids of two articles", f"{article_id}, which is none")
    return article
