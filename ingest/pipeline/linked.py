"""What hangs together: the texts that pairs, decisions and clusters link with some texts, whatever the chain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ingest.dedup.explain import compare
from ingest.store.duplicates import clusters, decisions, evidence
from ingest.store.duplicates.clusters import Member
from ingest.store.duplicates.evidence import MUST_LINK
from ingest.store.texts import articles
from ingest.types import Copy, Decision, Link, Match

Pair = tuple[str, str, float, float, str, str]  # a, b, score, similarity, rule, kind


@dataclass(frozen=True, slots=True)
class Linked:
    """Texts that are linked with one another, by their leaders, and what links or parts them."""

    leaders: tuple[str, ...]
    places: dict[str, Member]  # where they stand; one that is gone has none
    pairs: tuple[Pair, ...]
    must: tuple[tuple[str, str], ...]
    cannot: tuple[tuple[str, str], ...]


class Lots:
    """Ids, and which of them are linked with one another through whatever chain."""

    def __init__(self) -> None:
        self._lot: dict[str, set[str]] = {}

    def __contains__(self, one: str) -> bool:
        return one in self._lot

    def join(self, a: str, b: str) -> None:
        """Put two into one lot."""
        one, other = self._lot.setdefault(a, {a}), self._lot.setdefault(b, {b})
        if one is not other:
            one, other = (one, other) if len(one) >= len(other) else (other, one)
            one |= other
            self._lot.update(dict.fromkeys(other, one))

    def all(self) -> list[set[str]]:
        """The lots, in the order of their first ids."""
        return sorted({id(lot): lot for lot in self._lot.values()}.values(), key=min)


def linked_with(connection: Connection, seeds: Sequence[str], most: int) -> Linked:
    """All that pairs and must-links reach from the seeds, and the rest of the clusters they stand in; not much more
    than so many leaders."""
    leaders, edge = set(seeds), list(seeds)
    pairs: dict[tuple[str, str], Pair] = {}
    words: set[tuple[Link, str, str]] = set()
    places: dict[str, Member] = {}
    while edge:
        for pair in evidence.pairs_of(connection, edge):
            if pair[4] != MUST_LINK:  # that is noted between articles; as decisions they are read below
                pairs[pair[0], pair[1]] = pair
        words.update(decisions.between_leaders(connection, edge))
        reached = {end for a, b, *_ in pairs.values() for end in (a, b)}
        reached |= {end for link, a, b in words if link == Link.MUST for end in (a, b)}
        there = clusters.of_articles(connection, edge)
        reached |= set(clusters.leaders_in(connection, sorted({place.cluster_id for place in there.values()})))
        places |= there
        edge = sorted(reached - leaders)[: max(0, most - len(leaders))]
        leaders |= set(edge)
    must = {(min(a, b), max(a, b)) for link, a, b in words if link == Link.MUST and a != b}
    cannot = {(min(a, b), max(a, b)) for link, a, b in words if link == Link.CANNOT and a != b}
    return _among(leaders, places, pairs.values(), sorted(must), sorted(cannot))


def _among(
    leaders: Collection[str],
    places: dict[str, Member],
    pairs: Iterable[Pair],
    must: Iterable[tuple[str, str]],
    cannot: Iterable[tuple[str, str]],
) -> Linked:
    """What of it is about these leaders."""
    return Linked(
        tuple(sorted(leaders)),
        {leader: places[leader] for leader in leaders if leader in places},
        tuple(pair for pair in pairs if pair[0] in leaders and pair[1] in leaders),
        tuple(pair for pair in must if pair[0] in leaders and pair[1] in leaders),
        tuple(pair for pair in cannot if pair[0] in leaders and pair[1] in leaders),
    )


def taken_apart(whole: Linked) -> list[Linked]:
    """What is linked, taken apart where nothing links it: no pair, no decision, no cluster."""
    lots, first = Lots(), dict[str, str]()
    for leader in whole.leaders:
        lots.join(leader, leader)
        if leader in whole.places:
            lots.join(leader, first.setdefault(whole.places[leader].cluster_id, leader))
    for a, b in (*((pair[0], pair[1]) for pair in whole.pairs), *whole.must):
        lots.join(a, b)
    return [_among(lot, whole.places, whole.pairs, whole.must, whole.cannot) for lot in lots.all()]


def note_link(connection: Connection, decision: Decision) -> None:
    """Keep a match for people to see where a must-link joins what the texts do not, with what they share all the same.

    An article that is gone has none.
    """
    if evidence.match_exists(connection, decision.a, decision.b):
        return
    a, b = articles.load(connection, decision.a), articles.load(connection, decision.b)
    if a is None or b is None:
        return
    found, passages = compare(a.title, a.text, b.title, b.text)
    measured = round(found.jaccard, 4) if found is not None else 0.0
    evidence.save_matches(connection, [(Match(a.id, b.id, measured, measured, MUST_LINK, Copy.NEAR, passages), 0.0)])
