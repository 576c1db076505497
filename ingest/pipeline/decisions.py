"""A person's word about two articles takes effect at once, and its undoing puts back what was.

A cannot-link parts two articles now, a must-link joins whatever they say. What is decided about an article is about it
alone and not about all that say the same: an exact copy that is named becomes a text of its own, and follows again
when nothing in force names it any more. Both are rows (`ingest.store.duplicates.decisions`) that every later grouping
obeys.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from ingest.dedup.explain import RULE_SAME_APART, compare
from ingest.dedup.minhash import SCHEME
from ingest.errors import BadInput
from ingest.pipeline.cluster import LOCK, WINDOW, cluster_in_transaction, join_text, keys_of
from ingest.pipeline.compare import SAME_SCORE, newcomer, same_text, text_of
from ingest.pipeline.placement import as_node
from ingest.pipeline.regroup import regroup
from ingest.store.consumers import changes
from ingest.store.duplicates import clusters, decisions, evidence, signatures
from ingest.store.duplicates.evidence import MUST_LINK
from ingest.store.engine import serialise
from ingest.store.texts import articles
from ingest.types import Article, Copy, Decision, Link, Match


def decide(
    connection: Connection, link: Link, one: str, other: str, *, who: str, why: str = "", window: timedelta = WINDOW
) -> Decision:
    """Keep a decision and bring the clusters in line with it.

    BadInput where an article does not exist or what is in force says the opposite.
    """
    serialise(connection, LOCK)
    decision = decisions.add(connection, link, one, other, who=who, why=why)
    for article_id in (decision.a, decision.b):
        _seated(connection, article_id, window)
        _part(connection, article_id, window)
    if link == Link.MUST:
        _note(connection, decision)
    _bring_in_line(connection, decision)
    return decision


def undo(connection: Connection, decision_id: int, *, who: str) -> Decision:
    """Undo a decision and bring the clusters in line; BadInput where there is none of that number in force."""
    serialise(connection, LOCK)
    decision = decisions.undo(connection, decision_id, who=who)
    if decision.link == Link.MUST:
        evidence.forget_match(connection, decision.a, decision.b, MUST_LINK)
    _bring_in_line(connection, decision)  # before they are one text again: ids go by what stood together
    for article_id in (decision.a, decision.b):
        _reunite(connection, article_id)
    _bring_in_line(connection, decision)
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


def _bring_in_line(connection: Connection, decision: Decision) -> None:
    places = clusters.of_articles(connection, (decision.a, decision.b)).values()
    near = clusters.leaders_in(connection, sorted({place.cluster_id for place in places}))
    regroup(connection, {*(place.leader for place in places), *near})


def _note(connection: Connection, decision: Decision) -> None:
    """A match for people to see, where the texts themselves gave none, with what was measured all the same."""
    if evidence.match_exists(connection, decision.a, decision.b):
        return
    a, b = _article(connection, decision.a), _article(connection, decision.b)
    found, passages = compare(a.title, a.text, b.title, b.text)
    measured = found.jaccard if found is not None else 0.0
    match = Match(a.id, b.id, round(measured, 4), round(measured, 4), MUST_LINK, Copy.NEAR, passages)
    evidence.save_matches(connection, [(match, 0.0)])


def _part(connection: Connection, article_id: str, window: timedelta) -> None:
    """Make an exact copy a text of its own: a decision is about it, not about all that say the same."""
    place = clusters.of_article(connection, article_id)
    assert place is not None, f"article {article_id} has a place"
    if place.leader == article_id:
        return
    article = _article(connection, article_id)
    lengths = clusters.lengths(connection, [article_id, place.leader])
    same = same_text(article_id, place.leader, lengths[article_id], lengths[place.leader], RULE_SAME_APART)
    evidence.forget_pairs(connection, article_id)
    evidence.save_matches(connection, [(same, SAME_SCORE)])  # the leader may be too old to be found in the index
    clusters.change_member(connection, article_id, leader=article_id, words=place.words)
    as_node(connection, article, newcomer(text_of(article)), window)


def _reunite(connection: Connection, article_id: str) -> None:
    """Make a text that only decisions had made one an exact copy again."""
    place = clusters.of_article(connection, article_id)
    if place is None or place.leader != article_id or decisions.about(connection, [article_id]):
        return
    others = [
        end for pair in evidence.pairs_of(connection, [article_id]) if pair[4] == RULE_SAME_APART for end in pair[:2]
    ]
    signed = signatures.load(connection, sorted({article_id, *others}), SCHEME)
    if article_id not in signed:
        return
    same = [one for one in signed.values() if one.digest == signed[article_id].digest]
    seats = clusters.of_articles(connection, [one.article_id for one in same])
    there = [one for one in same if seats[one.article_id].joined < place.joined]  # before it became a text of its own
    if not there:
        return
    first = min(there, key=lambda one: one.number)  # whom a newcomer that says the same would follow
    for one in signatures.of_article(connection, article_id):
        signatures.remove(connection, one, keys_of(one))
    join_text(connection, first, [copy.article_id for copy in clusters.led_by(connection, article_id)])


def _article(connection: Connection, article_id: str) -> Article:
    article = articles.load(connection, article_id)
    if article is None:
        raise BadInput("decision", "the ids of two articles", f"{article_id}, which is none")
    return article
