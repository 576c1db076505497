"""Clusters as rows: who is in which, and ids that consumers can keep.

A *node* is one different text: its leader (the first article that said it) and the exact copies of it. Pairs are
verified between leaders; a copy follows its leader wherever it goes.

What people decide about an article is about it alone: while a decision names it, it is a node of its own. Whose exact
copy it is goes on all the same, as though nobody had decided anything: it is *parted from* the leader it would follow,
follows again once nothing names it, nobody follows it meanwhile, and where the leader's text changes or goes it leads
the others if it is the first of them. So the nodes are those without any decision, and one more for each article that
is parted; articles inside the window that say the same are one node and those that are parted from it.

An id belongs to a founder, an article: growing keeps it, a cluster that is merged leaves a redirect under its id, and
when it comes apart again the part with its founder gets it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, or_, select, update

from ingest.store.duplicates import evidence
from ingest.store.duplicates.evidence import AT_ONCE
from ingest.store.engine import db_now
from ingest.store.ids import ALPHABET, LENGTH
from ingest.store.schema import articles, clusters, members
from ingest.types import Cluster, Copy


@dataclass(frozen=True, slots=True)
class Member:
    """An article in its cluster, with what the choice of a representative depends on."""

    article_id: str
    cluster_id: str
    leader: str
    words: int
    kind: str | None
    parted_from: str | None  # the leader that it follows again once no decision names it
    lang: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A cluster's own row, as far as it may change."""

    representative: str
    chosen: bool  # the representative, by a person
    size: int
    weakest: float | None
    created: datetime | None = field(default=None, compare=False)  # None: not yet


@lru_cache(maxsize=10_000)  # asked for seven times for each article that is placed
def id_of(founder: str) -> str:
    """The id of the cluster that an article founds: always the same, of the form of all ids, and telling nothing."""
    number = int.from_bytes(hashlib.blake2b(f"cluster:{founder}".encode(), digest_size=13).digest(), "big")
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def of_article(connection: Connection, article_id: str) -> Member | None:
    """The article's place; None before it was clustered."""
    row = connection.execute(_PLACE, {"article_id": article_id}).first()
    return None if row is None else Member(*row)


def of_articles(connection: Connection, article_ids: Iterable[str]) -> dict[str, Member]:
    """The places of articles, by article."""
    ids = sorted(set(article_ids))
    return {
        member.article_id: member
        for start in range(0, len(ids), AT_ONCE)
        for member in _members(connection, _PLACES, ids=ids[start : start + AT_ONCE])
    }


def placed(connection: Connection, article_ids: Iterable[str]) -> set[str]:
    """Those of the articles that have a place."""
    return set(connection.scalars(_PLACED, {"ids": list(article_ids)}))


def led_by(connection: Connection, leader: str, limit: int | None = None) -> list[Member]:
    """The exact copies of a leader, itself included, in the order they came."""
    return _members(connection, _LED if limit is None else _LED.limit(limit), leader=leader)


def copies_of(connection: Connection, leader: str, limit: int | None = None) -> list[Member]:
    """The exact copies of a leader, itself and those that are parted from it included, in the order they came."""
    return _members(connection, _COPIES if limit is None else _COPIES.limit(limit), leader=leader)


def parted(connection: Connection, article_ids: Sequence[str]) -> set[str]:
    """Those of the articles that a decision parts from the leader they would follow."""
    return set(connection.scalars(_PARTED, {"ids": list(article_ids)}))


def together_with(connection: Connection, article_ids: Sequence[str]) -> dict[str, set[str]]:
    """The articles of each of these articles' clusters."""
    if not article_ids:
        return {}
    mine = {row[0]: row[1] for row in connection.execute(_CLUSTERS, {"ids": list(article_ids)}).all()}
    inside: dict[str, set[str]] = {}
    for article_id, cluster_id in connection.execute(_INSIDE, {"ids": sorted(set(mine.values()))}).all():
        inside.setdefault(cluster_id, set()).add(article_id)
    return {article_id: inside[cluster_id] for article_id, cluster_id in mine.items()}


def in_clusters(connection: Connection, cluster_ids: Sequence[str]) -> dict[str, list[Member]]:
    """The members of clusters, by cluster."""
    inside: dict[str, list[Member]] = {cluster_id: [] for cluster_id in cluster_ids}
    for start in range(0, len(cluster_ids), AT_ONCE):
        for member in _members(connection, _TOGETHER, ids=cluster_ids[start : start + AT_ONCE]):
            inside[member.cluster_id].append(member)
    return inside


def leaders_in(connection: Connection, cluster_ids: Sequence[str]) -> list[str]:
    """The leaders of all texts in these clusters."""
    return list(connection.scalars(_LEADERS, {"ids": list(cluster_ids)}))


def _members(connection: Connection, query: Select[Any], **values: object) -> list[Member]:
    return [Member(*row) for row in connection.execute(query, values).all()]


# Statements of every clustering step are built once: building one costs as much as running it.
_MEMBERS = (
    select(
        members.c.article_id,
        members.c.cluster_id,
        members.c.leader,
        members.c.words,
        members.c.kind,
        members.c.parted_from,
        articles.c.lang,
        articles.c.sort_at,
    )
    .join(articles, articles.c.id == members.c.article_id)
    .order_by(articles.c.number)
)
_PLACE = _MEMBERS.where(members.c.article_id == bindparam("article_id"))
_PLACES = _MEMBERS.where(members.c.article_id.in_(bindparam("ids", expanding=True)))
_PLACED = select(members.c.article_id).where(members.c.article_id.in_(bindparam("ids", expanding=True)))
_PARTED = _PLACED.where(members.c.parted_from.is_not(None))
_LED = _MEMBERS.where(members.c.leader == bindparam("leader"))
_COPIES = _MEMBERS.where(
    or_(members.c.leader == bindparam("leader"), members.c.parted_from == bindparam("leader")),
)
_TOGETHER = _MEMBERS.where(members.c.cluster_id.in_(bindparam("ids", expanding=True)))
_LEADERS = select(members.c.article_id).where(
    members.c.cluster_id.in_(bindparam("ids", expanding=True)), members.c.leader == members.c.article_id
)
_CLUSTERS = select(members.c.article_id, members.c.cluster_id).where(
    members.c.article_id.in_(bindparam("ids", expanding=True))
)
_INSIDE = select(members.c.article_id, members.c.cluster_id).where(
    members.c.cluster_id.in_(bindparam("ids", expanding=True))
)
_ADD_MEMBER = insert(members).values(joined_at=db_now())
_MOVE = (
    update(members)
    .where(members.c.leader == bindparam("of"), members.c.cluster_id != bindparam("into"))
    .values(cluster_id=bindparam("into"))
)
_SET_KIND = update(members).where(members.c.article_id == bindparam("member"))
_STANDING = select(
    clusters.c.id,
    clusters.c.representative,
    clusters.c.chosen,
    clusters.c.size,
    clusters.c.weakest,
    clusters.c.created_at,
).where(clusters.c.id.in_(bindparam("ids", expanding=True)), clusters.c.merged_into.is_(None))
_REDIRECTS = (
    select(clusters.c.id)
    .where(clusters.c.id.in_(bindparam("ids", expanding=True)), clusters.c.merged_into.is_not(None))
    .order_by(clusters.c.changed_at.desc(), clusters.c.id)
)
_TAKEN = select(clusters.c.id).where(clusters.c.id.in_(bindparam("ids", expanding=True)))
_SIZES = (
    select(members.c.leader, func.count())
    .where(members.c.leader.in_(bindparam("some", expanding=True)))
    .group_by(members.c.leader)
)
_CHANGE = update(clusters).where(clusters.c.id == bindparam("cluster_id")).values(changed_at=db_now())
_OWN = ("representative", "chosen", "size", "weakest")
_OPEN = insert(clusters).values(created_at=db_now(), changed_at=db_now())


def lengths(connection: Connection, article_ids: Sequence[str]) -> dict[str, int]:
    """Characters of the English text of articles, in the order asked for."""
    a = articles.c
    query = select(a.id, func.length(a.text)).where(a.id.in_(article_ids))
    found = {row[0]: int(row[1]) for row in connection.execute(query)}
    return {article_id: found[article_id] for article_id in article_ids if article_id in found}


def add_members(connection: Connection, rows: Sequence[tuple[str, str, str, str | None, int, Copy | None]]) -> None:
    """Give articles their places: (article, cluster, leader, parted from, words, kind) each; they must have none."""
    names = ("article_id", "cluster_id", "leader", "parted_from", "words", "kind")
    if rows:
        connection.execute(_ADD_MEMBER, [dict(zip(names, row, strict=True)) for row in rows])


def change_member(connection: Connection, article_id: str, *, leader: str, parted_from: str | None, words: int) -> None:
    """Note that an article has another text, or is a text of its own, from now on; its cluster stays."""
    change = update(members).where(members.c.article_id == article_id)
    connection.execute(change.values(leader=leader, parted_from=parted_from, words=words, joined_at=db_now()))


def remove_member(connection: Connection, article_id: str) -> None:
    """Take an article out of its cluster, with its pairs and what it is related to."""
    connection.execute(delete(members).where(members.c.article_id == article_id))
    evidence.forget_pairs(connection, article_id)


def follow(connection: Connection, copies: Sequence[str], leader: str) -> None:
    """Make articles exact copies of a leader, parted from it no longer."""
    change = update(members).where(members.c.article_id.in_(copies))
    connection.execute(change.values(leader=leader, parted_from=None))


def succeed(connection: Connection, leader: str, heir: str) -> None:
    """Make one of a leader's exact copies the leader of the others."""
    followed, apart = members.c.leader == leader, members.c.parted_from == leader
    connection.execute(update(members).where(followed, members.c.article_id != leader).values(leader=heir))
    connection.execute(update(members).where(apart).values(parted_from=heir))
    follow(connection, [heir], heir)


def move(connection: Connection, some: Sequence[tuple[str, str]]) -> None:
    """Put leaders and their exact copies into clusters: (leader, cluster) each."""
    if some:
        connection.execute(_MOVE, [{"of": leader, "into": cluster_id} for leader, cluster_id in some])


def set_kinds(connection: Connection, kinds: dict[str, Copy | None]) -> None:
    """Note in what way members are copies."""
    if kinds:
        connection.execute(_SET_KIND, [{"member": article_id, "kind": kind} for article_id, kind in kinds.items()])


def get(connection: Connection, cluster_id: str) -> Cluster | None:
    """A cluster with its members, through redirects; None where there never was one of that id."""
    row = connection.execute(select(clusters).where(clusters.c.id == cluster_id)).mappings().first()
    if row is None:
        return None
    if row["merged_into"] is not None:
        return get(connection, row["merged_into"])
    ids = sorted(member.article_id for member in in_clusters(connection, [cluster_id])[cluster_id])
    return Cluster(cluster_id, tuple(ids), row["representative"], row["created_at"], row["changed_at"])


def standing(connection: Connection, cluster_ids: Iterable[str]) -> dict[str, Standing]:
    """The clusters that are no redirects, by id."""
    rows = connection.execute(_STANDING, {"ids": sorted(set(cluster_ids))}).all()
    return {row[0]: Standing(*row[1:]) for row in rows}


def redirects(connection: Connection, cluster_ids: Iterable[str]) -> list[str]:
    """Those of the ids that are redirects, the latest first."""
    return list(connection.scalars(_REDIRECTS, {"ids": sorted(set(cluster_ids))}))


def taken(connection: Connection, cluster_ids: Iterable[str]) -> set[str]:
    """Those of the ids that clusters have, redirects included."""
    return set(connection.scalars(_TAKEN, {"ids": sorted(set(cluster_ids))}))


def sizes(connection: Connection, leaders: Sequence[str]) -> dict[str, int]:
    """How many articles say each leader's text, itself included."""
    found: dict[str, int] = {}
    for start in range(0, len(leaders), AT_ONCE):
        rows = connection.execute(_SIZES, {"some": leaders[start : start + AT_ONCE]}).all()
        found |= {row[0]: row[1] for row in rows}
    return found


def save(connection: Connection, some: Mapping[str, Standing], there: Collection[str]) -> None:
    """Bring clusters up to date, open those that are not there, or bring them back from a redirect."""
    known = [_row(cluster_id, now) for cluster_id, now in some.items() if cluster_id in there]
    if known:
        connection.execute(_CHANGE, known)
    for cluster_id in sorted(some.keys() - set(there)):
        row = _row(cluster_id, some[cluster_id])
        if not connection.execute(_CHANGE, row).rowcount:
            connection.execute(_OPEN, {name: row[name] for name in row if name in _OWN} | {"id": cluster_id})


def _row(cluster_id: str, now: Standing) -> dict[str, object]:
    return {name: getattr(now, name) for name in _OWN} | {"cluster_id": cluster_id, "merged_into": None}


def open_singles(connection: Connection, some: Sequence[tuple[str, str]]) -> None:
    """Open clusters of one article each: (cluster, article)."""
    blank = {"size": 1, "weakest": None, "chosen": False}
    if some:
        connection.execute(_OPEN, [blank | {"id": cluster, "representative": article} for cluster, article in some])


def grow(connection: Connection, cluster_id: str, representative: str, weakest: float) -> None:
    """Count one more member in."""
    query = update(clusters).where(clusters.c.id == cluster_id)
    lowest = func.coalesce(clusters.c.weakest, weakest)
    values = {"size": clusters.c.size + 1, "weakest": lowest, "representative": representative}
    connection.execute(query.values(**values, changed_at=db_now()))


def merge(connection: Connection, cluster_id: str, into: str) -> None:
    """Leave a redirect. Redirects are followed one by one: bringing a cluster back brings back what led to it."""
    redirect = update(clusters).where(clusters.c.id == cluster_id)
    connection.execute(redirect.values(merged_into=into, size=0, weakest=None, chosen=False, changed_at=db_now()))


def drop(connection: Connection, cluster_id: str) -> None:
    """Forget a cluster without members, for a text that was taken down, and the redirects that led to it."""
    gone = [cluster_id]
    while gone:
        connection.execute(delete(clusters).where(clusters.c.id.in_(gone)))
        gone = list(connection.execute(select(clusters.c.id).where(clusters.c.merged_into.in_(gone))).scalars())


def choose(connection: Connection, cluster_id: str, article_id: str) -> None:
    """Make one member the representative because a person says so."""
    here = and_(clusters.c.id == cluster_id, clusters.c.merged_into.is_(None))
    values = {"representative": article_id, "chosen": True, "changed_at": db_now()}
    connection.execute(update(clusters).where(here).values(**values))
