"""Tables of what came in and what became of it: documents, pages, extractions, articles, sentences seen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    event,
    text,
)

from ingest.store.schema.columns import BigId, Json, Utc, identifier, metadata, one_of
from ingest.types import Stage, State

aliases = Table(  # other keys of a document: addresses that were seen to lead to it
    "aliases",
    metadata,
    Column("key", Text, primary_key=True),
    identifier("document_id", nullable=False),
    Index("ix_aliases_document", "document_id"),
)

documents = Table(
    "documents",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=True),  # short name inside the store, for the bands
    identifier(nullable=False, unique=True),
    Column("key", Text, nullable=False, unique=True),  # what makes two inputs one: see ingest.store.texts.documents
    Column("origin", String(16), nullable=False),  # feed, url, file, push
    Column("url", Text),
    Column("given_id", Text),  # the id a JSONL line or a push came with
    Column("source", Text),
    Column("revision", Integer, nullable=False, server_default="0"),  # of the newest page
    Column("stage", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),  # at this stage
    Column("epoch", Integer, nullable=False, server_default="0"),  # fences off workers that lost their lease
    Column("lease_until", Utc),
    Column("lease_owner", Text),
    Column("next_run_at", Utc, nullable=False),
    Column("queued_at", Utc),  # when a worker was last told; None: tell
    Column("reason", String(64)),  # of rejected, waiting, quarantined
    Column("detail", Text),
    Column("last_error", Text),
    Column("created_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    CheckConstraint(one_of("stage", Stage), name="stage"),
    CheckConstraint(one_of("state", State), name="state"),
    Index("ix_documents_ready", "state", "stage", "next_run_at"),
    Index("ix_documents_created", "created_at"),
    Index("ix_documents_url", "url"),
    Index("ix_documents_reason", "state", "reason"),
    Index("ix_documents_listed", "state", "number"),
)

pages = Table(
    "pages",
    metadata,
    identifier("document_id", primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("url", Text),
    Column("content_type", String(128), nullable=False),
    Column("charset", String(64)),
    Column("body", LargeBinary, nullable=False),  # zstd
    Column("sha256", String(64), nullable=False),
    Column("fetched", Utc, nullable=False),
    Column("title", Text),
    Column("published", Utc),
    Column("author", Text),
    Column("summary", Text),
    Column("language", String(8)),
)

extractions = Table(
    "extractions",
    metadata,
    identifier("document_id", primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("title", Text),
    Column("blocks", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("method", String(64), nullable=False),
    Column("lang", String(8), nullable=False),
    Column("title_lang", String(8), nullable=False),
    Column("spans", Json, nullable=False),
    Column("at", Utc, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    identifier(primary_key=True),
    Column("number", BigId, nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("url", Text),
    Column("source", Text),
    Column("author", Text),
    Column("published", Utc),
    Column("updated", Utc),
    Column("seen", Utc, nullable=False),
    Column("sort_at", Utc, nullable=False),  # published, else seen: the order of lists and of the window
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("original_title", Text, nullable=False),
    Column("original_text", Text, nullable=False),
    Column("lang", String(8), nullable=False),
    Column("spans", Json, nullable=False),
    Column("title_sentences", Json, nullable=False),
    Column("sentences", Json, nullable=False),
    Column("flags", Json, nullable=False),
    Column("needs_review", Boolean, nullable=False, server_default=text("false")),
    Column("credits", Json, nullable=False),
    Column("image_url", Text),
    Column("text_digest", String(32), nullable=False),  # of the normalised English: exact copies share it
    Column("changed_at", Utc, nullable=False),
    Index("ix_articles_sort", "sort_at", "id"),
    Index("ix_articles_lang", "lang", "sort_at", "id"),
    Index("ix_articles_source", "source", "sort_at", "id"),
    Index("ix_articles_exact", "text_digest"),
    Index(
        "ix_articles_review",
        "sort_at",
        "id",
        sqlite_where=text("needs_review IS 1"),
        postgresql_where=text("needs_review IS true"),
    ),
)

ARTICLES_SEARCH = {  # full text over both languages, kept by the database itself; asked through store.texts.search
    "sqlite": (
        "CREATE VIRTUAL TABLE articles_search USING fts5(title, text, original_title, original_text, "
        "content='articles', content_rowid='number', tokenize='unicode61 remove_diacritics 2')",
        "INSERT INTO articles_search (articles_search, rank) VALUES ('secure-delete', 1)",  # a takedown leaves no word
        "CREATE TRIGGER articles_search_insert AFTER INSERT ON articles BEGIN "
        "INSERT INTO articles_search (rowid, title, text, original_title, original_text) "
        "VALUES (new.number, new.title, new.text, new.original_title, new.original_text); END",
        "CREATE TRIGGER articles_search_delete AFTER DELETE ON articles BEGIN "
        "INSERT INTO articles_search (articles_search, rowid, title, text, original_title, original_text) "
        "VALUES ('delete', old.number, old.title, old.text, old.original_title, old.original_text); END",
        "CREATE TRIGGER articles_search_update AFTER UPDATE OF title, text, original_title, original_text ON articles "
        "BEGIN INSERT INTO articles_search (articles_search, rowid, title, text, original_title, original_text) "
        "VALUES ('delete', old.number, old.title, old.text, old.original_title, old.original_text); "
        "INSERT INTO articles_search (rowid, title, text, original_title, original_text) "
        "VALUES (new.number, new.title, new.text, new.original_title, new.original_text); END",
    ),
    "postgresql": (  # stored, so that a walk along another index need not take the texts apart again
        "ALTER TABLE articles ADD COLUMN articles_search_words tsvector GENERATED ALWAYS AS (to_tsvector('simple', "
        "title || ' ' || text || ' ' || original_title || ' ' || original_text)) STORED",
        "CREATE INDEX articles_search ON articles USING gin (articles_search_words)",
    ),
}

for _dialect, _statements in ARTICLES_SEARCH.items():
    for _statement in _statements:
        _made: Any = DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
        event.listen(articles, "after_create", _made)


def is_ours(name: str | None, kind: str, _parents: object = None) -> bool:
    """Whether a table or index of the database is described by `metadata`; the search index's parts are not."""
    return not (name or "").startswith("articles_search")


revisions = Table(  # what an article said before
    "revisions",
    metadata,
    identifier("article_id", primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("article", Json, nullable=False),
    Column("replaced_at", Utc, nullable=False),
)

article_models = Table(  # which model made how much of what an article says now
    "article_models",
    metadata,
    identifier("article_id", primary_key=True),
    Column("model", String(128), primary_key=True),  # name@revision
    Column("sentences", Integer, nullable=False),
    Index("ix_article_models_model", "model", "article_id", "sentences"),
)

translation_memory = Table(
    "translation_memory",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),  # of model, options and normalised sentence
    Column("model", String(128), nullable=False),
    Column("lang", String(8), nullable=False),
    Column("target", Text, nullable=False),
    Column("flags", Json, nullable=False),
    Column("score", Float),
    Column("used_at", Utc, nullable=False),
    Index("ix_translation_memory_used", "used_at"),
)

receipts = Table(  # idempotency keys of pushes: the same key answers the same
    "receipts",
    metadata,
    Column("sha256", String(64), primary_key=True),  # of token and key
    Column("body_sha256", String(64), nullable=False),
    Column("answer", Json, nullable=False),
    Column("at", Utc, nullable=False),
    Index("ix_receipts_at", "at"),
)
