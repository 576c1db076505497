"""What is known of pairs of articles: matches, verified between leaders, and accounts of one event."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, or_, select

from ingest.store.engine import db_now
from ingest.store.schema import matches, related
from ingest.types import Match, Related

SAME_TEXT = "same-text"
MUST_LINK = "must-link"
AT_ONCE = 500
"""Ids in one statement; both databases take thousands."""

_PAIRS = [
    select(matches.c.a, matches.c.b, matches.c.score, matches.c.exact, matches.c.rule, matches.c.kind).where(
        column.in_(bindparam("some", expanding=True)), matches.c.rule != SAME_TEXT
    )
    for column in (matches.c.a, matches.c.b)
]
_ADD_MATCH = insert(matches).values(at=db_now())
_ADD_RELATED = insert(related).values(at=db_now())
_FORGET_MATCH, _FORGET_RELATED = (
    delete(table).where(table.c.a == bindparam("one"), table.c.b == bindparam("other")) for table in (matches, related)
)


def save_matches(connection: Connection, found: Sequence[tuple[Match, float]]) -> None:
    """Keep verified pairs with the score of their evidence; a pair that is known is replaced."""
    if found:
        connection.execute(_FORGET_MATCH, [{"one": match.a, "other": match.b} for match, _ in found])
        rows = [
            {
                "a": match.a,
                "b": match.b,
                "estimated": match.estimated,
                "exact": match.exact,
                "score": score,
                "rule": match.rule,
                "kind": str(match.kind),
                "passages": [[p.a_start, p.a_end, p.b_start, p.b_end] for p in match.passages],
            }
            for match, score in found
        ]
        connection.execute(_ADD_MATCH, rows)


def forget_match(connection: Connection, a: str, b: str, rule: str) -> None:
    """Remove a pair that one rule had accepted."""
    connection.execute(delete(matches).where(matches.c.a == a, matches.c.b == b, matches.c.rule == rule))


def match_exists(connection: Connection, a: str, b: str) -> bool:
    """Whether a pair was verified, by whatever rule."""
    return connection.execute(select(matches.c.a).where(matches.c.a == a, matches.c.b == b)).first() is not None


def pairs_of(connection: Connection, leaders: Sequence[str]) -> list[tuple[str, str, float, float, str, str]]:
    """(a, b, score, similarity, rule, kind) of the pairs that name any of these leaders, but no exact copies' pairs."""
    found: dict[tuple[str, str], tuple[str, str, float, float, str, str]] = {}
    for start in range(0, len(leaders), AT_ONCE):
        for query in _PAIRS:
            rows = connection.execute(query, {"some": leaders[start : start + AT_ONCE]}).all()
            found |= {(row[0], row[1]): tuple(row) for row in rows}
    return list(found.values())


def save_related(connection: Connection, found: Sequence[Related]) -> None:
    """Keep pairs of accounts of one event; a pair that is known is replaced.

    They stay where a decision brings the two into one cluster, since it may be undone; whoever reads them leaves out
    those that stand together: what is a copy is no other account.
    """
    if found:
        connection.execute(_FORGET_RELATED, [{"one": pair.a, "other": pair.b} for pair in found])
        connection.execute(_ADD_RELATED, [{"a": p.a, "b": p.b, "similarity": p.similarity} for p in found])


def forget_related(connection: Connection, article_id: str) -> None:
    """Remove what an article was found to be another account of."""
    connection.execute(delete(related).where(or_(related.c.a == article_id, related.c.b == article_id)))


def forget_pairs(connection: Connection, article_id: str) -> None:
    """Remove what was verified about an article."""
    for table in (matches, related):
        connection.execute(delete(table).where(or_(table.c.a == article_id, table.c.b == article_id)))
