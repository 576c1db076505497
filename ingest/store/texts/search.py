"""Full text over the English and the original of every article.

Asked in the words of people: each word must be there or begin one that is ("missile" finds "missiles"), a phrase in
quotation marks must be there as it stands, a word with a minus must not. On SQLite a word that stands in COMMON
articles is enough as it stands: to gather all that it begins is what costs. Case and accents don't matter there; on
PostgreSQL accents do. Whatever is typed is a valid question: nothing of it reaches the engine as syntax.

Answers are not ranked: to rank is to read every match, and a common word stands in most articles. They come in the
order of arrival, the latest first, which both engines walk without knowing the rest. Two common words in 100,000
articles: 350 ms when all were gathered, 19 ms to the first fifty (SQLite, processor time).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, bindparam, func, literal_column, select, table, text

from ingest.store.schema import articles

FIRST_LOOK, MOST_AT_ONCE = 100, 1_600
"""Matches that are looked at together: few at first, more where filters leave little of them."""

COMMON = 500
"""Articles from which on a word is common."""

MOST_TERMS = 12
"""Words of a question that count; the rest is left out."""

TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
WORD = re.compile(r"\w+")
ROWID = literal_column("rowid", Integer)
DOCUMENT = "articles_search_words"
"""The column on PostgreSQL that holds every article's words."""


def matching(connection: Connection, words: str) -> ColumnElement[bool] | None:
    """The condition that an article fits the question; None where there is no word in it."""
    if connection.dialect.name == "postgresql":
        question = tsquery(words)
        if not question:
            return None
        return literal_column(DOCUMENT).op("@@")(func.to_tsquery("simple", question))
    question = fts_query(words)
    return articles.c.number.in_(_found(question)) if question else None


def newest(connection: Connection, words: str, *, before: int | None = None) -> Iterator[Sequence[int]]:
    """The numbers of the articles that fit the question in groups, the latest arrival first.

    before: only arrivals before this one. Nothing where there is no word in the question.
    """
    size = FIRST_LOOK
    if connection.dialect.name == "postgresql":
        fits = matching(connection, words)
        while fits is not None:
            query = select(articles.c.number).where(fits).order_by(articles.c.number.desc()).limit(size)
            group = connection.scalars(query if before is None else query.where(articles.c.number < before)).all()
            if group:
                yield group
            if len(group) < size:
                return
            before, size = group[-1], min(size * 2, MOST_AT_ONCE)
    elif question := _question(connection, words):
        with connection.execute(_arrivals(question, before)) as found:  # one walk: asking again gathers anew
            while rows := found.fetchmany(size):
                yield [row[0] for row in rows]
                size = min(size * 2, MOST_AT_ONCE)


def latest(connection: Connection, words: str, most: int) -> ColumnElement[bool] | None:
    """The condition that an article is among the `most` latest arrivals that fit; None where there is no word."""
    if connection.dialect.name == "postgresql":
        fits = matching(connection, words)
        if fits is None:
            return None
        return articles.c.number.in_(
            select(articles.c.number).where(fits).order_by(articles.c.number.desc()).limit(most)
        )
    question = _question(connection, words)
    return articles.c.number.in_(_arrivals(question, None).limit(most)) if question else None


def _question(connection: Connection, words: str) -> str:
    """The question for FTS5, its common words as they stand."""
    asked = {parts for minus, phrase, parts in terms(words) if not minus and not phrase}
    return fts_query(words, common=frozenset(parts for parts in asked if _is_common(connection, parts)))


def _is_common(connection: Connection, parts: tuple[str, ...]) -> bool:
    found = _found('"' + " ".join(parts) + '"').limit(COMMON).subquery()
    return connection.scalar(select(func.count()).select_from(found)) == COMMON


def _found(question: str) -> Select[Any]:
    asked = text("articles_search MATCH :words").bindparams(bindparam("words", question, unique=True))
    return select(ROWID).select_from(table("articles_search")).where(asked)


def _arrivals(question: str, before: int | None) -> Select[Any]:
    found = _found(question).order_by(ROWID.desc())
    return found if before is None else found.where(before > ROWID)


def terms(words: str) -> tuple[tuple[bool, bool, tuple[str, ...]], ...]:
    """The terms of a question: whether it must be absent, whether it is a phrase, its words."""
    found: list[tuple[bool, bool, tuple[str, ...]]] = []
    for minus, phrase, word in TERM.findall(words.replace("\0", " ")):
        parts = tuple(WORD.findall(phrase or word))
        if parts:
            found.append((bool(minus), bool(phrase), parts))
    return tuple(found[:MOST_TERMS])


def fts_query(words: str, *, common: Collection[tuple[str, ...]] = ()) -> str:
    """The question for FTS5, common words as they stand and others as beginnings; "" where nothing is asked for."""
    present: list[str] = []
    absent: list[str] = []
    for minus, phrase, parts in terms(words):
        (absent if minus else present).append('"' + " ".join(parts) + '"' + ("" if phrase or parts in common else "*"))
    if not present:
        return ""
    return " AND ".join(present) + "".join(f" NOT {term}" for term in absent)


def tsquery(words: str) -> str:
    """The question for PostgreSQL's to_tsquery; "" where nothing is asked for."""
    made = []
    for minus, phrase, parts in terms(words):
        joined = " <-> ".join(f"'{part}'" for part in parts) + ("" if phrase else ":*")
        made.append(f"!({joined})" if minus else f"({joined})")
    return " & ".join(made) if any(not term.startswith("!") for term in made) else ""
