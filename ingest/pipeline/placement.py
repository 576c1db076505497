"""Texts given their places among the others: looked up, verified, indexed, joined; several in one go.

Each phase asks or writes for all of them at once, and what comes out is what one after another would have given: each
is compared with what was there and with those before it, and the clusters are a function of the pairs that were found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from ingest.dedup import candidates
from ingest.dedup.explain import RULE_SAME
from ingest.dedup.features import Features, pack
from ingest.dedup.minhash import SCHEME
from ingest.pipeline.compare import Comparison, Newcomer, Promising, kin, nearest, promising, reader_of, same_text
from ingest.pipeline.linked import Lots
from ingest.pipeline.lookup import RELATED_S, Lookup
from ingest.pipeline.meanings import Asking, near
from ingest.pipeline.regroup import RECHOSEN, gather, rank, regroup, regroup_each
from ingest.pipeline.texts import Akin, Span
from ingest.pipeline.window import index_of
from ingest.store.consumers import changes
from ingest.store.duplicates import clusters, decisions, embeddings, evidence, signatures
from ingest.store.duplicates.clusters import Member
from ingest.store.duplicates.signatures import Candidate, Entry, Signed, seconds
from ingest.store.texts import articles
from ingest.types import Article, Copy, Match


@dataclass(frozen=True, slots=True)
class Coming:
    """An article that is to be given a place, and what the rows say of it."""

    article: Article
    new: Newcomer
    number: int
    span: Span  # its own time, and the times of those that follow it already
    seat: Member | None  # where it stood before; None: nowhere
    decided: bool  # a decision in force names it
    founded: bool  # a cluster or a redirect has the id that it would found one under
    own: bool = False  # it is to be a text of its own, whatever else says the same
    parted_from: str | None = None  # whose exact copy it is all the same; see `ingest.store.duplicates.clusters`

    @property
    def id(self) -> str:
        """The article's id."""
        return self.article.id

    @property
    def cluster_id(self) -> str:
        """Where it stands until grouping says better."""
        return self.seat.cluster_id if self.seat is not None else clusters.id_of(self.id)


@dataclass(slots=True)
class _Found:
    """What was found out about some newcomers."""

    nodes: list[Coming] = field(default_factory=list)  # texts of their own
    mute: list[Coming] = field(default_factory=list)  # with too little text to compare
    following: list[tuple[Coming, Candidate]] = field(default_factory=list)  # exact copies, and the texts they follow
    parted: list[tuple[Coming, Candidate]] = field(default_factory=list)  # nodes, and the texts they would follow
    near: dict[str, list[Promising]] = field(default_factory=dict)
    akin: dict[str, Akin] = field(default_factory=dict)
    matches: list[tuple[Match, float]] = field(default_factory=list)


def place(connection: Connection, coming: Sequence[Coming], window: timedelta) -> set[str]:
    """Give articles their places; returns those that opened a cluster of their own that nothing is linked with."""
    found = _look_up(connection, coming, window)
    found.matches = _verify(connection, found.nodes, found.near)
    signatures.save(connection, [_entry(one, window) for one in found.nodes])
    _extend(connection, found.following + found.parted, window)
    _seat(connection, found)
    _forget_meanings(connection, found)
    opened = _open(connection, found)
    _group(connection, found, opened)
    _relate(connection, found, opened)
    return opened


def relate(connection: Connection, some: Sequence[Coming]) -> None:
    """Find the accounts of the same events as texts that have their places, instead of those that were found before.

    Each is compared with all that is there, but with others of these only where they come before it: once is enough.
    """
    for one in some:
        evidence.forget_related(connection, one.id)
    lookup = Lookup(index_of(connection), [(one.new, one.span) for one in some], RELATED_S)
    later = {one.number for one in some}
    found = _Found(nodes=list(some))
    for one in some:
        found.akin[one.id] = _without(lookup.akin(one.new, one.span), later)
        later.discard(one.number)
    _relate(connection, found, set())


def _without(akin: Akin, numbers: Collection[int]) -> Akin:
    here = ~np.isin(akin.texts.numbers[akin.rows], list(numbers))
    return Akin(akin.shared[here], akin.texts, akin.rows[here])


def as_node(
    connection: Connection, article: Article, new: Newcomer, window: timedelta, *, parted_from: str | None = None
) -> None:
    """Make an article a text of its own, whatever else says the same.

    parted_from: the leader it follows again later; None: it leads.
    """
    place(connection, [replace(coming_of(connection, article, new), own=True, parted_from=parted_from)], window)


def coming_of(connection: Connection, article: Article, new: Newcomer) -> Coming:
    """What the rows say of one article, wherever it stood before."""
    times = [seconds(at(article))]
    times += [seconds(copy.at) for copy in clusters.copies_of(connection, article.id, limit=candidates.MOST)]
    return Coming(
        article=article,
        new=new,
        number=articles.numbers(connection, [article.id])[article.id],
        span=Span(min(times), max(times)),
        seat=clusters.of_article(connection, article.id),
        decided=bool(decisions.about(connection, [article.id])),
        founded=bool(clusters.taken(connection, [clusters.id_of(article.id)])),
    )


def resign(connection: Connection, old: Signed, new: Newcomer, leaves_s: int | None, reach_s: int) -> None:
    """Sign a text under this version's scheme, and compare it with what its old signature did not find."""
    span = Span(old.first_s, old.last_s)
    signed = _signed(old.article_id, old.number, new, span)
    matches: list[tuple[Match, float]] = []
    if leaves_s is not None:
        near = promising(new, Lookup(index_of(connection), [(new, span)], reach_s).near(new, span))
        matches = _pairs(connection, new, near, reader_of(connection).features(connection, [one.other for one in near]))
    signatures.save(connection, [Entry(signed, new.keys, leaves_s, pack(new.text.features))])
    evidence.save_matches(connection, matches)
    if matches:
        regroup(connection, [old.article_id])


def at(article: Article) -> datetime:
    """When an article counts as published: never later than it was seen."""
    return min(article.published or article.seen, article.seen)


def _look_up(connection: Connection, coming: Sequence[Coming], window: timedelta) -> _Found:
    """Who follows whom, and what the others share bands and weighty terms with."""
    found = _Found()
    asking = [(one.new, one.span) for one in coming if one.new.text.features.comparable]
    lookup = Lookup(index_of(connection), asking, int(window.total_seconds()))
    for one in coming:
        if not one.new.text.features.comparable:
            found.mute.append(one)
            continue
        leader = None if one.own else _leader(connection, lookup, one)
        if leader is not None:
            of = found.parted if one.decided else found.following
            of.append((one, lookup.extend(leader, one.span.first_s)))
        if leader is not None and not one.decided:
            continue
        found.nodes.append(one)
        found.near[one.id] = promising(one.new, lookup.near(one.new, one.span))
        found.akin[one.id] = lookup.akin(one.new, one.span)
        lookup.add(_candidate(one), one.new)
    return found


def _leader(connection: Connection, lookup: Lookup, one: Coming) -> Candidate | None:
    """The text that an article is an exact copy of; nobody's is that of one that is parted from it."""
    same = lookup.same_texts(one.new, one.span)
    parted = clusters.parted(connection, [other.article_id for other in same]) if same else set()
    return next((other for other in same if other.article_id not in parted), None)


def _candidate(one: Coming) -> Candidate:
    size, text = len(one.new.text.features.rare), one.new.text
    return Candidate(one.number, one.id, one.new.hashes, text.digest, size, one.span.first_s, one.span.last_s)


def _verify(
    connection: Connection, nodes: Sequence[Coming], near: dict[str, list[Promising]]
) -> list[tuple[Match, float]]:
    """The pairs of newcomers with what they are copies of, each with the score of its evidence."""
    ours = {one.number: one.new.text.features for one in nodes}
    asked = {p.other.number: p.other for some in near.values() for p in some if p.other.number not in ours}
    features = reader_of(connection).features(connection, asked.values()) | ours
    pairs = [pair for one in nodes for pair in _pairs(connection, one.new, near[one.id], features)]
    for one in nodes:
        reader_of(connection).remember(_candidate(one), one.new.text.features)
    return pairs


def _pairs(
    connection: Connection, new: Newcomer, near: Iterable[Promising], features: dict[int, Features]
) -> list[tuple[Match, float]]:
    beside = Comparison(connection, new)
    found = (beside.match(one, features[one.other.number]) for one in near if one.other.number in features)
    return [pair for pair in found if pair is not None]


def _entry(one: Coming, window: timedelta) -> Entry:
    signed = _signed(one.id, one.number, one.new, one.span)
    return Entry(signed, one.new.keys, _leaves(one.article, window), pack(one.new.text.features))


def _signed(article_id: str, number: int, new: Newcomer, span: Span) -> Signed:
    size = len(new.text.features.rare)
    digest, terms = new.text.digest, new.packed_terms
    return Signed(number, article_id, SCHEME, new.hashes, digest, size, terms, span.first_s, span.last_s)


def _leaves(article: Article, window: timedelta) -> int:
    """When a text leaves the index: so long after it came in, and after it was published, that no copy can be near."""
    return seconds(max(at(article), datetime.now(UTC)) + window)


def _extend(connection: Connection, following: Sequence[tuple[Coming, Candidate]], window: timedelta) -> None:
    """Keep the texts that are followed in the index for as long as their latest copy."""
    times = [(leader.number, one.span.first_s, _leaves(one.article, window)) for one, leader in following]
    signatures.extend(connection, SCHEME, times)


def _seat(connection: Connection, found: _Found) -> None:
    """Rows for the newcomers, each where it stands until grouping says better, and for the pairs."""
    where = {one.id: one.cluster_id for one in found.nodes}
    old = {leader.article_id for _, leader in found.following} - set(where)
    where |= {i: seat.cluster_id for i, seat in clusters.of_articles(connection, old).items()} if old else {}
    lengths = clusters.lengths(connection, sorted(old)) if old else {}
    lengths |= {one.id: len(one.article.text) for one in found.nodes}
    parted = {one.id: leader.article_id for one, leader in found.parted}
    new: list[tuple[Coming, str, str, Copy | None]] = []
    new += [(one, one.id, one.cluster_id, None) for one in (*found.nodes, *found.mute)]
    new += [(one, leader.article_id, where[leader.article_id], Copy.EXACT) for one, leader in found.following]
    rows = []
    for one, leads, cluster_id, kind in new:
        apart, words = parted.get(one.id, one.parted_from), one.new.text.features.words
        if one.seat is not None:
            clusters.change_member(connection, one.id, leader=leads, parted_from=apart, words=words)
        else:
            rows.append((one.id, cluster_id, leads, apart, words, kind))
    clusters.add_members(connection, rows)
    same = [
        (same_text(one.id, leader.article_id, len(one.article.text), lengths[leader.article_id], RULE_SAME), 0.0)
        for one, leader in found.following
    ]
    evidence.save_matches(connection, same + found.matches)


def _forget_meanings(connection: Connection, found: _Found) -> None:
    """Let go of the vectors of those that were texts to compare before and are none any more."""
    others = [one for one, _ in found.following] + found.mute
    if numbers := [one.number for one in others if one.seat is not None]:
        embeddings.forget(connection, numbers)


def _open(connection: Connection, found: _Found) -> set[str]:
    """Open the clusters of those that nothing is linked with, and return who they are."""
    linked = {end for match, _ in found.matches for end in (match.a, match.b)}
    linked |= {leader.article_id for _, leader in found.following}
    opened = [
        one
        for one in (*found.nodes, *found.mute)
        if one.seat is None and not one.decided and not one.founded and one.id not in linked
    ]
    clusters.open_singles(connection, [(one.cluster_id, one.id) for one in opened])
    changes.record_clusters(connection, [one.cluster_id for one in opened])
    return {one.id for one in opened}


def _group(connection: Connection, found: _Found, opened: set[str]) -> None:
    """Group anew what the others are linked with, each lot of linked ones once."""
    lots = Lots()
    for match, _ in found.matches:
        lots.join(match.a, match.b)
    for one in (*found.nodes, *found.mute):
        if one.id not in opened:
            lots.join(one.id, one.id)
    alone = {leader.article_id for _, leader in found.following if leader.article_id not in lots}
    for one, leader in found.following:
        lots.join(one.id, leader.article_id)
    moved: dict[str, set[str]] = {}  # leaders that some follow anew, and the clusters these stood in
    for one, leader in found.following:
        if one.seat is not None:
            moved.setdefault(leader.article_id, set()).add(one.seat.cluster_id)
    changed = {one.id: one for one in (*found.nodes, *found.mute)}
    followed = {leader.article_id for _, leader in found.following}
    some = [(lot, followed & lot) for lot in lots.all()]
    large = _large(connection, {i for _, led in some if len(led) == 1 for i in led & (alone - moved.keys())})
    again: list[set[str]] = []
    for lot, led in some:
        if len(led) == 1 and led <= large.keys():
            for copy in sorted(lot - led):
                _count_in(connection, copy, large[min(led)])
            continue
        seats = {changed[i].cluster_id for i in lot if i in changed and changed[i].seat is not None}
        rest = clusters.leaders_in(connection, sorted(seats)) if seats else ()
        again.append({*led, *(i for i in lot if i in changed), *rest})
    regroup_each(connection, again)
    for leader_id in sorted(moved):
        gather(connection, leader_id, moved[leader_id])


def _large(connection: Connection, leaders: Collection[str]) -> dict[str, str]:
    """The clusters of those leaders that stand in large ones: a copy is counted in there without reading all of it."""
    places = clusters.of_articles(connection, leaders) if leaders else {}
    standing = clusters.standing(connection, {place.cluster_id for place in places.values()}) if places else {}
    where = {leader: place.cluster_id for leader, place in places.items()}
    return {leader: cluster_id for leader, cluster_id in where.items() if standing[cluster_id].size >= RECHOSEN}


def _count_in(connection: Connection, article_id: str, cluster_id: str) -> None:
    """Add an exact copy to a large cluster without reading all of it."""
    standing = clusters.standing(connection, [cluster_id])[cluster_id]
    places = clusters.of_articles(connection, [article_id, standing.representative])
    mine, theirs = places[article_id], places[standing.representative]
    better = not standing.chosen and mine.leader == theirs.leader and rank(mine) < rank(theirs)
    clusters.grow(connection, cluster_id, article_id if better else standing.representative, 1.0)
    if better:
        clusters.set_kinds(connection, {mine.article_id: None, theirs.article_id: Copy.EXACT})
    changes.record(connection, changes.CLUSTER, cluster_id=cluster_id)


def _relate(connection: Connection, found: _Found, opened: set[str]) -> None:
    """Keep the accounts of the same events that are no copies."""
    some = [
        one for one in found.nodes if len(found.akin[one.id]) or one.new.meaning is not None or one.seat is not None
    ]
    joined = clusters.together_with(connection, [one.id for one in some if one.id not in opened])
    own = {one.id: joined.get(one.id, set()) | {one.id} for one in some}
    wanted = {one.id: nearest(found.akin[one.id], own[one.id]) for one in some}
    meant = near(
        connection,
        [Asking(one.new, one.number, one.span, one.seat is not None, own[one.id], wanted[one.id]) for one in some],
    )
    for article_id, close in meant.items():
        known = {other.number for other in wanted[article_id]}
        wanted[article_id] += [other for other in close.texts if other.number not in known]
    asked = {other.number: other for others in wanted.values() for other in others}
    features = reader_of(connection).features(connection, asked.values())
    cosines = {article_id: close.cosines for article_id, close in meant.items()}
    pairs = [pair for one in some for pair in kin(one.new, wanted[one.id], features, cosines.get(one.id, {}))]
    evidence.save_related(connection, pairs)
