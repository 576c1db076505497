"""What people decided about pairs of articles: rows that are never deleted, only undone, and always obeyed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BindParameter, Connection, RowMapping, bindparam, delete, insert, or_, select, update

from ingest.errors import BadInput
from ingest.store.engine import db_now
from ingest.store.schema import articles, decisions, members, places_before
from ingest.types import Decision, Link


@dataclass(frozen=True, slots=True)
class Before:
    """Where articles stood before a decision: the leaders of texts, the two it names, chosen representatives."""

    places: Mapping[str, str] = field(default_factory=dict)  # cluster by article
    chosen: Collection[str] = ()  # those that a person made their cluster's representative


_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_ABOUT = (
    select(decisions)
    .where(decisions.c.undone_at.is_(None), or_(decisions.c.a.in_(_IDS), decisions.c.b.in_(_IDS)))
    .order_by(decisions.c.id)
)

_ONE, _OTHER = members.alias("one"), members.alias("other")
_LEADERS: BindParameter[str] = bindparam("leaders", expanding=True)
_BETWEEN = (
    select(decisions.c.link, _ONE.c.leader, _OTHER.c.leader)
    .join(_ONE, _ONE.c.article_id == decisions.c.a)
    .join(_OTHER, _OTHER.c.article_id == decisions.c.b)
    .where(decisions.c.undone_at.is_(None), or_(_ONE.c.leader.in_(_LEADERS), _OTHER.c.leader.in_(_LEADERS)))
)


def add(connection: Connection, link: Link, one: str, other: str, *, who: str, why: str = "") -> Decision:
    """Keep a decision and return it; the one in force where the same was decided before.

    BadInput where an article does not exist or the decision contradicts what is in force: a pair that is to stand
    together, through whatever chain of must-links, cannot be kept apart before one of those is undone.
    """
    a, b = min(one, other), max(one, other)
    if a == b:
        raise BadInput("decision", "two different articles", f"{a} twice")
    for article_id in (a, b):
        if connection.execute(select(articles.c.id).where(articles.c.id == article_id)).first() is None:
            raise BadInput("decision", "the ids of two articles", f"{article_id}, which is none")
    for standing in about(connection, [a]):
        if (standing.a, standing.b, standing.link) == (a, b, link):
            return standing
    _refuse_contradiction(connection, link, a, b)
    query = insert(decisions).values(link=str(link), a=a, b=b, who=who, why=why, at=db_now())
    number = connection.execute(query).inserted_primary_key
    assert number is not None, "the database numbers decisions"
    return get(connection, number[0])


def undo(connection: Connection, decision_id: int, *, who: str) -> Decision:
    """Mark a decision as undone and return it; BadInput where there is none of that number or it was undone before."""
    standing = get(connection, decision_id)
    if standing.undone is not None:
        raise BadInput(
            f"decision {decision_id}", "a decision in force", f"one undone at {standing.undone:%Y-%m-%d %H:%M}"
        )
    values = {"undone_at": db_now(), "undone_by": who}
    connection.execute(update(decisions).where(decisions.c.id == decision_id).values(**values))
    return get(connection, decision_id)


def keep_before(connection: Connection, decision_id: int, before: Before) -> None:
    """Keep where articles stood before a decision changed it."""
    rows = [
        {"decision_id": decision_id, "article_id": id_, "cluster_id": cluster_id, "chosen": id_ in before.chosen}
        for id_, cluster_id in before.places.items()
    ]
    if rows:
        connection.execute(insert(places_before), rows)


def take_before(connection: Connection, decision_id: int) -> Before:
    """Where articles stood before a decision that is undone now; it is not kept any longer."""
    p = places_before.c
    rows = connection.execute(select(p.article_id, p.cluster_id, p.chosen).where(p.decision_id == decision_id)).all()
    connection.execute(delete(places_before).where(p.decision_id == decision_id))
    return Before({row.article_id: row.cluster_id for row in rows}, frozenset(r.article_id for r in rows if r.chosen))


def hand_on(connection: Connection, article_id: str, heir: str) -> None:
    """Keep for an article where another one stood before decisions, whose text it goes on with; its own place stays."""
    p = places_before.c
    known = select(p.decision_id).where(p.article_id == heir)
    rows = connection.execute(
        select(p.decision_id, p.cluster_id).where(p.article_id == article_id, p.decision_id.not_in(known))
    ).all()
    values = [{"decision_id": row[0], "article_id": heir, "cluster_id": row[1], "chosen": False} for row in rows]
    if values:
        connection.execute(insert(places_before), values)


def forget_before(connection: Connection, article_id: str) -> None:
    """Let go of where an article stood before decisions: it is taken down."""
    connection.execute(delete(places_before).where(places_before.c.article_id == article_id))


def get(connection: Connection, decision_id: int) -> Decision:
    """One decision; BadInput where there is none of that number."""
    row = connection.execute(select(decisions).where(decisions.c.id == decision_id)).mappings().first()
    if row is None:
        raise BadInput("decision", "the number of a decision", str(decision_id))
    return _decision(row)


def standing(connection: Connection, limit: int | None = None) -> list[Decision]:
    """All decisions, the newest first, those undone included."""
    query = select(decisions).order_by(decisions.c.id.desc()).limit(limit)
    return [_decision(row) for row in connection.execute(query).mappings()]


def about(connection: Connection, article_ids: Sequence[str]) -> list[Decision]:
    """The decisions in force that name any of these articles, in the order they were made."""
    if not article_ids:
        return []
    return [_decision(row) for row in connection.execute(_ABOUT, {"ids": list(article_ids)}).mappings()]


def between_leaders(connection: Connection, leaders: Sequence[str]) -> list[tuple[Link, str, str]]:
    """The decisions in force as they bear on texts: (link, leader, leader), where either is one of these."""
    rows = connection.execute(_BETWEEN, {"leaders": list(leaders)}).all()
    return [(Link(link), a, b) for link, a, b in rows]


def joined_with(connection: Connection, article_id: str) -> set[str]:
    """The article and all that must-links in force join it with, through whatever chain."""
    reached, edge = {article_id}, [article_id]
    while edge:
        found = {
            end
            for decision in about(connection, edge)
            if decision.link == Link.MUST
            for end in (decision.a, decision.b)
        }
        edge = sorted(found - reached)
        reached |= found
    return reached


def _refuse_contradiction(connection: Connection, link: Link, a: str, b: str) -> None:
    with_a = joined_with(connection, a)
    if link == Link.CANNOT:
        if b in with_a:
            raise BadInput(
                "cannot-link", "two articles that no must-link joins", f"{a} and {b}, which one does: undo it first"
            )
        return
    with_b = joined_with(connection, b)
    for decision in about(connection, sorted(with_a)):
        if decision.link != Link.CANNOT:
            continue
        if {decision.a, decision.b} <= with_a | with_b and len({decision.a, decision.b} & with_a) == 1:
            raise BadInput(
                "must-link",
                "two articles that no cannot-link parts",
                f"{a} and {b}, parted by decision {decision.id}: undo it first",
            )


def _decision(row: RowMapping) -> Decision:
    return Decision(
        id=row["id"],
        link=Link(row["link"]),
        a=row["a"],
        b=row["b"],
        who=row["who"],
        when=row["at"],
        why=row["why"],
        undone=row["undone_at"],
    )
