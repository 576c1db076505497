"""Clusters made anew where something changed, with ids that stay.

What stands together is a function of the verified pairs and the decisions (`ingest.dedup.partition`); this module
asks it for all texts that the changed ones are linked with, and brings the rows in line: the part with most of a
cluster's articles keeps its id, a cluster that went into another leaves a redirect, a part that comes apart again
gets back the id of its founder. Where a decision is undone, ids and chosen representatives go by where the articles
stood before it was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from ingest.dedup.partition import partition
from ingest.pipeline.linked import Linked, linked_with, taken_apart
from ingest.store.consumers import changes
from ingest.store.duplicates import clusters
from ingest.store.duplicates.clusters import Member, Standing
from ingest.store.duplicates.decisions import Before
from ingest.types import Copy

MOST_LINKED = 400
"""Different texts that are looked at together. One that is linked with more is regrouped with those nearest to it:
only a flood of near-copies comes here, and time must stay bounded."""

MOST_LINKED_IN_ALL = 4 * MOST_LINKED
"""Different texts that several lots are linked with and that are read at once."""

REPRESENTATIVE_SHARE = 0.6
"""A representative has at least this share of the words of the longest member: no teaser stands for its article."""

RECHOSEN = 200
"""Up to this size the representative is chosen among all members whenever one comes; in larger clusters the newcomer
is compared with the one that stands."""

NOTHING = Before()


@dataclass(frozen=True, slots=True)
class Grouped:
    """How linked texts should stand."""

    linked: Linked
    groups: Sequence[tuple[str, ...]]
    ids: Sequence[str]  # of their clusters
    standing: dict[str, Standing]  # the clusters they stood in

    def now(self) -> dict[str, str]:
        """The cluster of each leader."""
        return {leader: i for group, i in zip(self.groups, self.ids, strict=True) for leader in group}

    def before(self) -> dict[str, str]:
        """The cluster each leader stood in."""
        return {leader: place.cluster_id for leader, place in self.linked.places.items()}

    def moved(self) -> list[tuple[str, str]]:
        """The leaders that stood elsewhere, and where they should."""
        before = self.before()
        return [(leader, cluster_id) for leader, cluster_id in self.now().items() if before[leader] != cluster_id]


def regroup(connection: Connection, changed: Iterable[str], before: Before = NOTHING) -> dict[str, str]:
    """Group anew all that is linked with these leaders; returns the cluster of each leader looked at.

    before: where some stood once, if they are to stand there again.
    """
    return _settle(connection, [linked_with(connection, sorted(set(changed)), MOST_LINKED)], before)


def regroup_each(connection: Connection, lots: Sequence[Collection[str]]) -> None:
    """Group anew what each lot of leaders is linked with, as one after another would give it.

    What is linked is read for all lots at once and taken apart afterwards; too much of it is done lot by lot.
    """
    whole = linked_with(connection, sorted({leader for lot in lots for leader in lot}), MOST_LINKED_IN_ALL)
    small: list[Linked] = []
    large = set(whole.leaders)
    if len(whole.leaders) < MOST_LINKED_IN_ALL:
        small = [part for part in taken_apart(whole) if len(part.leaders) < MOST_LINKED]
        large.difference_update(*(part.leaders for part in small))
    _settle(connection, small)
    for lot in lots:
        if not large.isdisjoint(lot):
            regroup(connection, lot)


def _settle(connection: Connection, parts: Sequence[Linked], before: Before = NOTHING) -> dict[str, str]:
    """Group what is linked, parts that have nothing to do with one another, and bring the rows in line."""
    leaders = [leader for part in parts for leader in part.leaders]
    if not leaders:
        return {}
    sizes = clusters.sizes(connection, leaders)
    standing = clusters.standing(connection, {place.cluster_id for part in parts for place in part.places.values()})
    free = set(before.places.values()) - clusters.standing(connection, before.places.values()).keys()
    grouped: list[Grouped] = []
    for part in parts:
        scored = [(a, b, score) for a, b, score, *_ in part.pairs]
        groups = partition(sorted(part.places), scored, part.must, part.cannot)
        stood = {leader: place.cluster_id for leader, place in part.places.items()}
        again = {i: cluster_id for i, cluster_id in before.places.items() if cluster_id in free | standing.keys()}
        stood |= {leader: again[leader] for leader in stood.keys() & again.keys()}
        ids = _ids(connection, groups, part.places, sizes, standing, stood, free)
        here = {place.cluster_id for place in part.places.values()} & standing.keys()
        grouped.append(Grouped(part, groups, ids, {cluster_id: standing[cluster_id] for cluster_id in here}))
    clusters.move(connection, [(leader, now) for one in grouped for leader, now in one.moved()])
    _keep(connection, grouped, before)
    return {leader: cluster_id for one in grouped for leader, cluster_id in one.now().items()}


def gather(connection: Connection, leader: str, stood: Collection[str] = ()) -> None:
    """Bring a leader's exact copies into its cluster, and the clusters they leave in line.

    stood: clusters that some of them stood in before; a leader that was moved since took its copies with it.
    """
    place = clusters.of_article(connection, leader)
    assert place is not None, f"leader {leader} has a place"
    left = {*stood, *(copy.cluster_id for copy in clusters.led_by(connection, leader))} - {place.cluster_id}
    clusters.move(connection, [(leader, place.cluster_id)])
    rest = clusters.leaders_in(connection, sorted(left))
    regroup(connection, [leader, *rest])
    for cluster_id in sorted(clusters.standing(connection, left)):
        if not clusters.leaders_in(connection, [cluster_id]):
            clusters.merge(connection, cluster_id, clusters.of_articles(connection, [leader])[leader].cluster_id)
            changes.record(connection, changes.MERGE, cluster_id=cluster_id)


def _ids(
    connection: Connection,
    groups: Sequence[tuple[str, ...]],
    places: dict[str, Member],
    sizes: dict[str, int],
    standing: dict[str, Standing],
    stood: dict[str, str],
    free: Collection[str],
) -> list[str]:
    """An id for each group: the cluster it holds most articles of, standing or to stand again, else its founder's.

    Of two that are as large, the older cluster lives on, and the part with its founder keeps its id.
    """
    claims = []
    for position, group in enumerate(groups):
        held: Counter[str] = Counter()
        for leader in group:
            held[stood[leader]] += sizes.get(leader, 1)
        founded = {clusters.id_of(leader) for leader in group}
        claims += [
            (
                -count,
                (standing[cluster_id].created if cluster_id in standing else None) or datetime.max.replace(tzinfo=UTC),
                cluster_id not in founded,
                cluster_id,
                position,
            )
            for cluster_id, count in held.items()
            if cluster_id in standing or cluster_id in free
        ]
    given: dict[int, str] = {}
    for *_, cluster_id, position in sorted(claims):
        if position not in given and cluster_id not in given.values():
            given[position] = cluster_id
    return [
        given.get(position) or _founded(connection, group, places, set(given.values()))
        for position, group in enumerate(groups)
    ]


def _founded(connection: Connection, group: Sequence[str], places: dict[str, Member], taken: set[str]) -> str:
    """The founder's id: of a member whose cluster lives on in another, the latest to go there, else of the earliest
    whose id is free."""
    ordered = sorted(group, key=lambda leader: (places[leader].at, leader))
    founded = [clusters.id_of(leader) for leader in ordered]
    redirects = clusters.redirects(connection, founded)
    used = set(clusters.standing(connection, founded)) | taken
    for cluster_id in (*redirects, *founded):
        if cluster_id not in used:
            return cluster_id
    return next(  # every founder's id is in use elsewhere: found one more
        cluster_id for n in range(1, 1000) if (cluster_id := clusters.id_of(f"{ordered[0]}/{n}")) not in used
    )


def _keep(connection: Connection, some: Sequence[Grouped], before_that: Before) -> None:
    """Bring the rows of clusters in line, and announce those about which something changed."""
    inside = clusters.in_clusters(connection, [cluster_id for one in some for cluster_id in one.ids])
    changed: dict[str, Standing] = {}
    kinds: dict[str, Copy | None] = {}
    said: list[tuple[str, str, str | None]] = []
    for one in some:
        moved = {cluster_id for _, cluster_id in one.moved()}
        for group, cluster_id in zip(one.groups, one.ids, strict=True):
            members, before = inside[cluster_id], one.standing.get(cluster_id)
            chosen = [i for i in before_that.chosen if before_that.places[i] == cluster_id]
            now = _standing(group, members, one.linked, before, chosen)
            told = _kinds(members, now.representative, one.linked)
            other_kinds = {m.article_id: told[m.article_id] for m in members if m.kind != told[m.article_id]}
            kinds |= other_kinds
            if now != before or cluster_id in moved:
                changed[cluster_id] = now
            if now != before or cluster_id in moved or other_kinds:
                said.append((changes.CLUSTER, cluster_id, None))
        said += _announced(connection, one)
    clusters.set_kinds(connection, kinds)
    clusters.save(connection, changed, {cluster_id for one in some for cluster_id in one.standing})
    changes.record_each(connection, said)


def _standing(
    group: Sequence[str], members: Sequence[Member], linked: Linked, before: Standing | None, chosen: Sequence[str]
) -> Standing:
    """A cluster's row as it should be now.

    chosen: whom people chose to stand for it, besides the one that does.
    """
    inside = {member.article_id for member in members}
    ordered = [before.representative, *chosen] if before is not None and before.chosen else chosen
    best = next((i for i in ordered if i in inside), None)
    size, weakest = len(members), _weakest(group, members, linked)
    return Standing(best or choose_representative(members), best is not None, size, weakest)


def _weakest(group: Sequence[str], members: Sequence[Member], linked: Linked) -> float | None:
    """Similarity of the weakest match inside; 1 where only exact copies stand together, None for a single article."""
    if len(members) == 1:
        return None
    inside = set(group)
    return min((pair[3] for pair in linked.pairs if pair[0] in inside and pair[1] in inside), default=1.0)


def choose_representative(members: Sequence[Member]) -> str:
    """The article that stands for the cluster, by the rule of `ingest.dedup.explain.REPRESENTATIVE`.

    Most complete, so that no teaser stands for its article; the agency's own English before a translation of it; and
    the earliest, which the others copied and which does not change as more of them come in.
    """
    longest = max(member.words for member in members)
    whole = [member for member in members if member.words >= REPRESENTATIVE_SHARE * longest]
    return min(whole, key=rank).article_id


def rank(member: Member) -> tuple[bool, object, str]:
    """What makes one whole article better than another as a representative: lower is better."""
    return member.lang != "en", member.at, member.article_id


def _kinds(members: Sequence[Member], representative: str, linked: Linked) -> dict[str, Copy | None]:
    """In what way each member is a copy: by its match with the representative, else by its strongest match."""
    best: dict[str, tuple[bool, float, Copy]] = {}
    lead = next(member.leader for member in members if member.article_id == representative)
    for a, b, score, _, _, kind in linked.pairs:
        for one, other in ((a, b), (b, a)):
            found = (other == lead, score, Copy(kind))
            if one not in best or found[:2] > best[one][:2]:
                best[one] = found
    kinds: dict[str, Copy | None] = {}
    for member in members:
        if member.article_id == representative:
            kinds[member.article_id] = None
        elif member.leader == lead or member.leader != member.article_id:
            kinds[member.article_id] = Copy.EXACT
        else:
            kinds[member.article_id] = best[member.article_id][2] if member.article_id in best else Copy.NEAR
    return kinds


def _announced(connection: Connection, one: Grouped) -> list[tuple[str, str, str | None]]:
    """Leave redirects from clusters that live on in others; says of these and of those that came out of others."""
    said: list[tuple[str, str, str | None]] = []
    now, before = one.now(), one.before()
    for old in sorted(one.standing.keys() - set(one.ids)):
        into = Counter(now[leader] for leader, cluster_id in before.items() if cluster_id == old)
        if into:
            clusters.merge(connection, old, min(into, key=lambda cluster_id: (-into[cluster_id], cluster_id)))
            said.append((changes.MERGE, old, None))
    for group, cluster_id in zip(one.groups, one.ids, strict=True):
        left = [leader for leader in group if before[leader] in one.standing and before[leader] != cluster_id]
        if left and cluster_id not in one.standing:
            said.append((changes.SPLIT, cluster_id, left[0]))
    return said
