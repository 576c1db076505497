"""Articles as consumers read them, and what each said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from ingest.store.consumers import changes
from ingest.store.engine import db_now
from ingest.store.schema import articles, documents, revisions
from ingest.store.texts import provenance
from ingest.store.texts.extractions import spans_in, spans_out
from ingest.types import NEEDS_REVIEW, Article, Sentence

_NUMBERS = select(articles.c.id, articles.c.number).where(articles.c.id.in_(bindparam("ids", expanding=True)))


def save(connection: Connection, article: Article, *, text_digest: str) -> None:
    """Keep an article and announce it; one that says something new replaces the former, which stays as a revision.

    The revision is counted here, whatever the article brings: another page, another rule or another model may each
    make it say something new, and consumers need one count. What says nothing new changes nothing.
    text_digest: of the normalised English text, the same for exact copies.
    """
    changes.hold(connection)
    before = connection.execute(select(articles).where(articles.c.id == article.id)).mappings().first()
    values = _out(article) | {"text_digest": text_digest}
    revision = 1
    if before is None:
        number = select(documents.c.number).where(documents.c.id == article.id).scalar_subquery()
        connection.execute(insert(articles).values(number=number, revision=1, changed_at=db_now(), **values))
    elif any(before[name] != value for name, value in values.items()):
        revision = before["revision"] + 1
        values["revision"] = revision
        _keep_former(connection, before)
        connection.execute(update(articles).where(articles.c.id == article.id).values(changed_at=db_now(), **values))
    else:
        return
    provenance.note(connection, article)
    changes.record(connection, changes.UPSERT, article_id=article.id, revision=revision)


def load(connection: Connection, article_id: str) -> Article | None:
    """One article; None where there is none under this id."""
    row = connection.execute(select(articles).where(articles.c.id == article_id)).mappings().first()
    return None if row is None else from_row(row)


def load_many(connection: Connection, article_ids: list[str]) -> dict[str, Article]:
    """Articles by id; an id without an article is missing from the answer."""
    rows = connection.execute(select(articles).where(articles.c.id.in_(article_ids))).mappings()
    return {row["id"]: from_row(row) for row in rows}


def numbers(connection: Connection, article_ids: Sequence[str]) -> dict[str, int]:
    """The short numbers of articles by id; an id without an article is missing from the answer."""
    return {row[0]: row[1] for row in connection.execute(_NUMBERS, {"ids": list(article_ids)}).all()}


def forget(connection: Connection, article_id: str) -> None:
    """Remove an article and everything it ever said, and announce that it is gone."""
    connection.execute(delete(revisions).where(revisions.c.article_id == article_id))
    provenance.forget(connection, article_id)
    removed = connection.execute(delete(articles).where(articles.c.id == article_id)).rowcount
    if removed:
        changes.record(connection, changes.DELETE, article_id=article_id)


def from_row(row: RowMapping) -> Article:
    """The article of a row of the table `articles`."""
    return Article(
        id=row["id"],
        revision=row["revision"],
        url=row["url"],
        source=row["source"],
        author=row["author"],
        published=row["published"],
        updated=row["updated"],
        seen=row["seen"],
        title=row["title"],
        text=row["text"],
        original_title=row["original_title"],
        original_text=row["original_text"],
        lang=row["lang"],
        spans=spans_in(row["spans"]),
        sentences=_sentences_in(row["sentences"]),
        title_sentences=_sentences_in(row["title_sentences"]),
        flags=tuple(row["flags"]),
        credits=tuple(row["credits"]),
        image_url=row["image_url"],
    )


def _out(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "url": article.url,
        "source": article.source,
        "author": article.author,
        "published": article.published,
        "updated": article.updated,
        "seen": article.seen,
        "sort_at": article.published or article.seen,
        "title": article.title,
        "text": article.text,
        "original_title": article.original_title,
        "original_text": article.original_text,
        "lang": article.lang,
        "spans": spans_out(article.spans),
        "sentences": _sentences_out(article.sentences),
        "title_sentences": _sentences_out(article.title_sentences),
        "flags": list(article.flags),
        "needs_review": NEEDS_REVIEW in article.flags,
        "credits": list(article.credits),
        "image_url": article.image_url,
    }


def _keep_former(connection: Connection, row: RowMapping) -> None:
    former = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
        if name not in ("number", "sort_at", "needs_review")
    }
    connection.execute(
        delete(revisions).where(revisions.c.article_id == row["id"], revisions.c.revision == row["revision"])
    )
    connection.execute(
        insert(revisions).values(article_id=row["id"], revision=row["revision"], article=former, replaced_at=db_now())
    )


def _sentences_out(sentences: tuple[Sentence, ...]) -> list[dict[str, Any]]:
    """As JSON gives them back: a list is no tuple, and what seems to differ would be a revision."""
    rows = (asdict(sentence) | {"flags": list(sentence.flags)} for sentence in sentences)
    return [{name: value for name, value in row.items() if value not in (None, [])} for row in rows]


def _sentences_in(rows: list[dict[str, Any]]) -> tuple[Sentence, ...]:
    return tuple(Sentence(**{**row, "model": row.get("model"), "flags": tuple(row.get("flags", ()))}) for row in rows)
