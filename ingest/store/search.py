"""Full text over the English and the original of every article.

Asked in the words of people: each word must be there or begin one that is ("missile" finds "missiles"), a phrase in
quotation marks must be there as it stands, a word with a minus must not. Case and accents don't matter on SQLite; on
PostgreSQL accents do. Whatever is typed is a valid question: nothing of it reaches the engine as syntax.
"""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, func, literal_column, select, table, text

from ingest.store.schema import articles

MOST_TERMS = 12
"""Words of a question that count; the rest is left out."""

TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
WORD = re.compile(r"\w+")
DOCUMENT = "to_tsvector('simple', title || ' ' || text || ' ' || original_title || ' ' || original_text)"
"""As in the index on PostgreSQL, letter by letter."""


def matching(connection: Connection, words: str) -> ColumnElement[bool] | None:
    """The condition that an article fits the question; None where there is no word in it."""
    if connection.dialect.name == "postgresql":
        question = tsquery(words)
        if not question:
            return None
        return literal_column(DOCUMENT).op("@@")(func.to_tsquery("simple", question))
    question = fts_query(words)
    if not question:
        return None
    found = select(literal_column("rowid", Integer)).select_from(table("articles_search"))
    return articles.c.number.in_(
        found.where(text("articles_search MATCH :words").bindparams(bindparam("words", question, unique=True)))
    )


def terms(words: str) -> tuple[tuple[bool, bool, tuple[str, ...]], ...]:
    """The terms of a question: whether it must be absent, whether it is a phrase, its words."""
    found: list[tuple[bool, bool, tuple[str, ...]]] = []
    for minus, phrase, word in TERM.findall(words.replace("\0", " ")):
        parts = tuple(WORD.findall(phrase or word))
        if parts:
            found.append((bool(minus), bool(phrase), parts))
    return tuple(found[:MOST_TERMS])


def fts_query(words: str) -> str:
    """The question for FTS5; "" where nothing is asked for."""
    present: list[str] = []
    absent: list[str] = []
    for minus, phrase, parts in terms(words):
        (absent if minus else present).append('"' + " ".join(parts) + '"' + ("" if phrase else "*"))
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
