"""Pairs worth a person's look: accepted by a narrow margin, and decided by nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, literal, select, tuple_

from ingest.store.schema import decisions, matches, members

MARGIN = 2.0
"""Score below which a pair is doubtful: log-odds of 2, where the model is wrong about one time in eight."""

BEYOND_DOUBT = ("same-text", "same-text-apart", "must-link")
"""Rules whose pairs need no look: the texts are the same, or a person has said so."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A pair and the score it was accepted by."""

    a: str
    b: str
    score: float


def doubtful(
    connection: Connection, *, after: tuple[float, str, str] | None = None, limit: int = 1
) -> tuple[Doubt, ...]:
    """The most doubtful pairs, or those after a place in that order."""
    m = matches.c
    query = select(m.a, m.b, m.score).where(*undecided()).order_by(m.score, m.a, m.b).limit(limit)
    if after is not None:
        query = query.where(m.score >= after[0], tuple_(m.score, m.a, m.b) > tuple_(*(literal(v) for v in after)))
    return tuple(Doubt(row.a, row.b, row.score) for row in connection.execute(query))


def count(connection: Connection) -> int:
    """How many pairs are doubtful and undecided."""
    return connection.scalar(select(func.count()).select_from(matches).where(*undecided())) or 0


def doubtful_clusters(connection: Connection, cluster_ids: Sequence[str]) -> frozenset[str]:
    """Those of the clusters that hold a doubtful pair."""
    query = (
        select(members.c.cluster_id)
        .join(matches, matches.c.a == members.c.article_id)
        .where(members.c.cluster_id.in_(cluster_ids), *undecided())
        .distinct()
    )
    return frozenset(connection.execute(query).scalars())


def undecided() -> tuple[ColumnElement[bool], ...]:
    """The conditions on a match that it is doubtful and nobody decided."""
    d, m = decisions.c, matches.c
    decided = exists().where(d.a == m.a, d.b == m.b, d.undone_at.is_(None))
    return m.score < MARGIN, m.rule.not_in(BEYOND_DOUBT), ~decided
