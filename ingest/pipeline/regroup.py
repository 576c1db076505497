"""Clusters made anew where something changed, with ids that stay.

What stands together is a function of the verified pairs and the decisions (`ingest.dedup.partition`); this module
asks it for all texts that the changed ones are linked with, and brings the rows in line: the part with most of a
cluster's articles keeps its id, a cluster that went into another leaves a redirect, a part that comes apart again
gets back the id of its founder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from ingest.dedup.partition import partition
from ingest.store.consumers import changes
from ingest.store.duplicates import clusters, decisions
from ingest.store.duplicates.clusters import MUST_LINK, Member, Standing
from ingest.types import Copy, Link

MOST_LINKED = 400
"""Different texts that are looked at together. One that is linked with more is regrouped with those nearest to it:
only a flood of near-copies comes here, and time must stay bounded."""

REPRESENTATIVE_SHARE = 0.6
"""A representative has at least this share of the words of the longest member: no teaser stands for its article."""

RECHOSEN = 200
"""Up to this size the representative is chosen among all members whenever one comes; in larger clusters the newcomer
is compared with the one that stands."""


@dataclass(frozen=True, slots=True)
class Linked:
    """Texts that are linked with one another, by their leaders, and what links or parts them."""

    leaders: tuple[str, ...]
    pairs: tuple[tuple[str, str, float, float, str, str], ...]  # a, b, score, similarity, rule, kind
    must: tuple[tuple[str, str], ...]
    cannot: tuple[tuple[str, str], ...]


def regroup(connection: Connection, changed: Iterable[str]) -> dict[str, str]:
    """Group anew all that is linked with these leaders; returns the cluster of each leader looked at."""
    linked = _linked(connection, sorted(set(changed)))
    if not linked.leaders:
        return {}
    places = clusters.of_articles(connection, linked.leaders)
    scored = [(a, b, score) for a, b, score, *_ in linked.pairs]
    groups = partition(sorted(places), scored, linked.must, linked.cannot)
    sizes = clusters.sizes(connection, sorted(places))
    before = {leader: place.cluster_id for leader, place in places.items()}
    standing = clusters.standing(connection, before.values())
    ids = _ids(connection, groups, places, sizes, standing)
    for group, cluster_id in zip(groups, ids, strict=True):
        clusters.move(connection, [leader for leader in group if before[leader] != cluster_id], cluster_id)
    for group, cluster_id in zip(groups, ids, strict=True):
        _keep(connection, group, cluster_id, linked, before, standing)
    _announce(connection, groups, ids, before, set(standing))
    return {leader: cluster_id for group, cluster_id in zip(groups, ids, strict=True) for leader in group}


def gather(connection: Connection, leader: str) -> None:
    """Bring a leader's exact copies into its cluster, and the clusters they leave in line."""
    place = clusters.of_article(connection, leader)
    assert place is not None, f"leader {leader} has a place"
    left = {copy.cluster_id for copy in clusters.led_by(connection, leader)} - {place.cluster_id}
    clusters.move(connection, [leader], place.cluster_id)
    rest = clusters.leaders_in(connection, sorted(left))
    regroup(connection, [leader, *rest])
    for cluster_id in sorted(clusters.standing(connection, left)):
        if not clusters.leaders_in(connection, [cluster_id]):
            clusters.merge(connection, cluster_id, clusters.of_articles(connection, [leader])[leader].cluster_id)
            changes.record(connection, changes.MERGE, cluster_id=cluster_id)


def _linked(connection: Connection, seeds: Sequence[str]) -> Linked:
    """All that pairs and must-links reach from the seeds, and the rest of the clusters they stand in."""
    leaders, edge = set(seeds), list(seeds)
    pairs: dict[tuple[str, str], tuple[str, str, float, float, str, str]] = {}
    words: set[tuple[Link, str, str]] = set()
    while edge:
        for pair in clusters.pairs_of(connection, edge):
            if pair[4] != MUST_LINK:  # that is noted between articles; as decisions they are read below
                pairs[pair[0], pair[1]] = pair
        words.update(decisions.between_leaders(connection, edge))
        reached = {end for a, b, *_ in pairs.values() for end in (a, b)}
        reached |= {end for link, a, b in words if link == Link.MUST for end in (a, b)}
        places = clusters.of_articles(connection, edge)
        reached |= set(clusters.leaders_in(connection, sorted({place.cluster_id for place in places.values()})))
        edge = sorted(reached - leaders)[: max(0, MOST_LINKED - len(leaders))]
        leaders |= set(edge)
    inside = tuple(pair for pair in pairs.values() if pair[0] in leaders and pair[1] in leaders)
    must = tuple(sorted({(min(a, b), max(a, b)) for link, a, b in words if link == Link.MUST and a != b}))
    cannot = tuple(sorted({(min(a, b), max(a, b)) for link, a, b in words if link == Link.CANNOT and a != b}))
    must = tuple(pair for pair in must if pair[0] in leaders and pair[1] in leaders)
    return Linked(tuple(sorted(leaders)), inside, must, cannot)


def _ids(
    connection: Connection,
    groups: Sequence[tuple[str, ...]],
    places: dict[str, Member],
    sizes: dict[str, int],
    standing: dict[str, Standing],
) -> list[str]:
    """An id for each group: the standing cluster it holds most articles of, else its founder's.

    Of two that are as large, the older cluster lives on, and the part with its founder keeps its id.
    """
    claims = []
    for position, group in enumerate(groups):
        held: Counter[str] = Counter()
        for leader in group:
            held[places[leader].cluster_id] += sizes.get(leader, 1)
        founded = {clusters.id_of(leader) for leader in group}
        claims += [
            (
                -count,
                standing[cluster_id].created or datetime.max.replace(tzinfo=UTC),
                cluster_id not in founded,
                cluster_id,
                position,
            )
            for cluster_id, count in held.items()
            if cluster_id in standing
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
    """The founder's id: of a member whose cluster lives on in another, else of the earliest whose id is free."""
    ordered = sorted(group, key=lambda leader: (places[leader].at, leader))
    founded = [clusters.id_of(leader) for leader in ordered]
    redirects = clusters.redirects(connection, founded)
    used = set(clusters.standing(connection, founded)) | taken
    for cluster_id in (*(i for i in founded if i in redirects), *founded):
        if cluster_id not in used:
            return cluster_id
    return next(  # every founder's id is in use elsewhere: found one more
        cluster_id for n in range(1, 1000) if (cluster_id := clusters.id_of(f"{ordered[0]}/{n}")) not in used
    )


def _keep(
    connection: Connection,
    group: Sequence[str],
    cluster_id: str,
    linked: Linked,
    before_of: dict[str, str],
    standing: dict[str, Standing],
) -> None:
    """Bring the rows of one cluster in line; announces it where something about it changed."""
    moved = any(before_of[leader] != cluster_id for leader in group)
    members = clusters.in_cluster(connection, cluster_id)
    before = standing.get(cluster_id)
    chosen = before is not None and before.chosen and any(m.article_id == before.representative for m in members)
    best = before.representative if before is not None and chosen else choose_representative(members)
    now = Standing(best, chosen, len(members), _weakest(group, members, linked))
    kinds = _kinds(members, best, linked)
    other_kinds = {m.article_id: kinds[m.article_id] for m in members if m.kind != kinds[m.article_id]}
    clusters.set_kinds(connection, other_kinds)
    if now != before or moved:
        clusters.save(connection, cluster_id, now)
        clusters.forget_related(connection, [member.article_id for member in members])
    if now != before or moved or other_kinds:
        changes.record(connection, changes.CLUSTER, cluster_id=cluster_id)


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


def _announce(
    connection: Connection,
    groups: Sequence[tuple[str, ...]],
    ids: Sequence[str],
    before: dict[str, str],
    standing: set[str],
) -> None:
    """Say which clusters live on in others and which came out of others."""
    now = {leader: cluster_id for group, cluster_id in zip(groups, ids, strict=True) for leader in group}
    for old in sorted(standing - set(ids)):
        into = Counter(now[leader] for leader, cluster_id in before.items() if cluster_id == old)
        if into:
            clusters.merge(connection, old, min(into, key=lambda cluster_id: (-into[cluster_id], cluster_id)))
            changes.record(connection, changes.MERGE, cluster_id=old)
    for group, cluster_id in zip(groups, ids, strict=True):
        left = [leader for leader in group if before[leader] in standing and before[leader] != cluster_id]
        if left and cluster_id not in standing:
            changes.record(connection, changes.SPLIT, cluster_id=cluster_id, article_id=left[0])
