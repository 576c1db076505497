"""The tables: SQL is the truth, everything else (queues, indexes, caches) can be rebuilt from it.

One row in `documents` is one text on its way: its stage, its one state, its lease. The id it gets at the door is the
id consumers know it by, so a status URL answered at push time never dangles and a message needs nothing but that id.
Texts that are read whole (blocks, sentences, spans) are JSON in the row they belong to; what is searched for has
columns and an index. Times are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    text,
)

from ingest.types import Stage, State

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Utc(TypeDecorator[datetime]):
    """An aware datetime in UTC: timestamptz on PostgreSQL, sortable text on SQLite. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a timezone-aware datetime, got {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts rows by itself only in INTEGER PRIMARY KEY
Json = JSON(none_as_null=True)


def _one_of(column: str, values: type[Stage] | type[State]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def _id(name: str = "id", **options: Any) -> Column[str]:
    return Column(name, String(32), **options)


feeds = Table(
    "feeds",
    metadata,
    _id(primary_key=True),
    Column("url", Text, nullable=False, unique=True),  # canonical: one site twice is one feed
    Column("title", Text, nullable=False, server_default=""),
    Column("site_url", Text),
    Column("tags", Json, nullable=False, server_default="[]"),
    Column("note", Text, nullable=False, server_default=""),
    Column("language", String(8)),  # hint for its entries
    Column("kind", String(16)),  # rss, atom, json, sitemap; None: not parsed yet
    Column("full_content", Boolean, nullable=False, server_default=text("false")),  # entries carry the article
    Column("obey_robots", Boolean, nullable=False, server_default=text("true")),  # for its article pages
    Column("state", String(16), nullable=False, server_default="active"),  # active, paused, gone
    Column("interval_s", Integer, nullable=False, server_default="3600"),
    Column("wanted_s", Integer, nullable=False, server_default="0"),  # what the feed asks for: ttl, Cache-Control, …
    Column("quiet", Json),  # {"hours": […], "days": […]} in UTC, Monday 0, when it wants no polls
    Column("entries", Integer, nullable=False, server_default="0"),  # in it at its last reading
    Column("next_poll_at", Utc, nullable=False),
    Column("queued_at", Utc),  # when a worker was last told; None: tell
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("lease_until", Utc),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_sha256", String(64)),
    Column("validated_at", Utc),  # last poll without validators: they are distrusted now and then
    Column("last_polled_at", Utc),
    Column("last_success_at", Utc),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("polls", Integer, nullable=False, server_default="0"),
    Column("not_modified", Integer, nullable=False, server_default="0"),
    Column("new_entries", Integer, nullable=False, server_default="0"),
    Column("created_at", Utc, nullable=False),
    Index("ix_feeds_due", "state", "next_poll_at"),
)

entries = Table(
    "entries",
    metadata,
    _id(primary_key=True),
    _id("feed_id", nullable=False),
    Column("guid", Text, nullable=False),
    _id("document_id"),
    Column("url", Text),
    Column("title", Text, nullable=False, server_default=""),
    Column("summary", Text, nullable=False, server_default=""),
    Column("author", Text),
    Column("published", Utc),
    Column("updated", Utc),
    Column("sha256", String(64), nullable=False),  # of what the feed said: a change is a revision
    Column("first_seen", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False),
    UniqueConstraint("feed_id", "guid"),
    Index("ix_entries_document", "document_id"),
    Index("ix_entries_url", "url"),
)

polls = Table(  # every poll of a feed and how it ended: exactly one row each
    "polls",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _id("feed_id", nullable=False),
    Column("at", Utc, nullable=False),
    Column("outcome", String(16), nullable=False),  # news, no-news, not-modified, failed, gone, moved
    Column("status", Integer),  # HTTP; None: no answer
    Column("detail", Text, nullable=False, server_default=""),
    Column("entries", Integer, nullable=False, server_default="0"),  # in the feed
    Column("fresh", Integer, nullable=False, server_default="0"),  # new or changed among them
    Column("size", Integer, nullable=False, server_default="0"),  # bytes of the answer, unpacked
    Column("ms", Integer, nullable=False, server_default="0"),
    Column("next_s", Integer, nullable=False),  # seconds until the next poll, as decided by this one
    Index("ix_polls_feed", "feed_id", "id"),
    Index("ix_polls_at", "at"),
)

sites = Table(  # one row per registered domain: who may ask it now, and when the next may
    "sites",
    metadata,
    Column("domain", String(253), primary_key=True),
    Column("owner", Text),  # who talks to it now
    Column("lease_until", Utc),
    Column("free_at", Utc, nullable=False),  # nobody asks before
    Column("slot_at", Utc, nullable=False),  # the last moment given to one who waits
    Column("held_for", Text),  # a feed that found the site busy goes before its articles
    Column("held_until", Utc),
    Column("gap_s", Float),  # the site's own Crawl-delay; None: it names none
)

robots = Table(  # robots.txt of an origin, as last fetched (RFC 9309)
    "robots",
    metadata,
    Column("origin", Text, primary_key=True),  # scheme, host and port
    Column("status", Integer),  # HTTP; None: no answer
    Column("rules", Text, nullable=False, server_default=""),
    Column("fetched_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
)

aliases = Table(  # other keys of a document: addresses that were seen to lead to it
    "aliases",
    metadata,
    Column("key", Text, primary_key=True),
    _id("document_id", nullable=False),
    Index("ix_aliases_document", "document_id"),
)

documents = Table(
    "documents",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=True),  # short name inside the store, for the bands
    _id(nullable=False, unique=True),
    Column("key", Text, nullable=False, unique=True),  # what makes two inputs one: see ingest.store.documents
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
    CheckConstraint(_one_of("stage", Stage), name="stage"),
    CheckConstraint(_one_of("state", State), name="state"),
    Index("ix_documents_ready", "state", "stage", "next_run_at"),
    Index("ix_documents_created", "created_at"),
    Index("ix_documents_url", "url"),
    Index("ix_documents_reason", "state", "reason"),
    Index("ix_documents_listed", "state", "number"),
)

pages = Table(
    "pages",
    metadata,
    _id("document_id", primary_key=True),
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
    _id("document_id", primary_key=True),
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
    _id(primary_key=True),
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

ARTICLES_SEARCH = {  # full text over both languages, kept by the database itself; asked through ingest.store.search
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
    _id("article_id", primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("article", Json, nullable=False),
    Column("replaced_at", Utc, nullable=False),
)

article_models = Table(  # which model made how much of what an article says now
    "article_models",
    metadata,
    _id("article_id", primary_key=True),
    Column("model", String(128), primary_key=True),  # name@revision
    Column("sentences", Integer, nullable=False),
    Index("ix_article_models_model", "model", "article_id", "sentences"),
)

outcomes = Table(  # the trail: exactly one row per unit, stage and attempt
    "outcomes",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _id("document_id", nullable=False),
    Column("stage", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("outcome", String(16), nullable=False),  # done, rejected, waiting, retry, quarantined, lost-lease, removed
    Column("reason", String(64)),
    Column("detail", Text),
    Column("ms", Integer),
    Column("worker", Text),
    Column("at", Utc, nullable=False),
    Index("ix_outcomes_document", "document_id", "id"),
    Index("ix_outcomes_at", "at", "stage", "outcome"),
    sqlite_autoincrement=True,  # metrics follow the trail by number, also after it was pruned
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

tallies = Table(  # what is counted by all processes together and belongs to no unit
    "tallies",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("total", BigInteger, nullable=False),
)

site_blocks = Table(  # what a site repeats
    "site_blocks",
    metadata,
    Column("site", String(253), primary_key=True),
    Column("fingerprint", LargeBinary(8), primary_key=True),
    Column("articles", Integer, nullable=False),  # different articles it stood in
    Column("last_document", String(32), nullable=False),
    Column("sample", Text, nullable=False),
    Column("first_seen", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False),
    Index("ix_site_blocks_seen", "site", "last_seen"),
    Index(  # the sites themselves, each the row that counts its articles
        "ix_site_blocks_sites",
        "articles",
        "site",
        sqlite_where=text("fingerprint = x'0000000000000000'"),
        postgresql_where=text("fingerprint = '\\x0000000000000000'::bytea"),
    ),
)

site_pins = Table(  # what a person said about a site's block
    "site_pins",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("site", String(253), nullable=False),
    Column("fingerprint", LargeBinary(8), nullable=False),
    Column("keep", Boolean, nullable=False),  # False: always drop
    Column("sample", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("undone_at", Utc),
    Index("ix_site_pins_site", "site"),
)

signatures = Table(  # of each different text: exact copies share the one of the first of them
    "signatures",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=False),  # articles.number
    Column("scheme", String(64), primary_key=True),
    _id("article_id", nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),  # of the normalised English text
    Column("size", Integer, nullable=False),  # how many stems were signed
    Column("terms", LargeBinary, nullable=False),  # keys of the weightiest terms, 4 bytes each
    Column("first_s", BigInteger, nullable=False),  # earliest and latest of the exact copies,
    Column("last_s", BigInteger, nullable=False),  # seconds since 1970
    Column("leaves_s", BigInteger),  # when its rows leave the index; None: they have
    Index("ix_signatures_article", "article_id"),
    Index(
        "ix_signatures_leaves",
        "leaves_s",
        sqlite_where=text("leaves_s IS NOT NULL"),
        postgresql_where=text("leaves_s IS NOT NULL"),
    ),
)

bands = Table(  # the index of candidates: only texts inside the window have rows
    "bands",
    metadata,
    Column("hash", Integer, primary_key=True, autoincrement=False),  # of scheme, band number and its rows; 32 bits
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # signatures.number
    sqlite_with_rowid=False,
)

vectors = Table(  # what texts inside the window are weighed by before they are read; see ingest.dedup.features.pack
    "vectors",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=False),  # signatures.number
    Column("packed", LargeBinary, nullable=False),
)

clusters = Table(
    "clusters",
    metadata,
    _id(primary_key=True),
    Column("representative", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("weakest", Float),  # similarity of the weakest match that holds it together; None: a single article
    Column("created_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    _id("merged_into"),  # a redirect: consumers' ids never dangle
    Column("chosen", Boolean, nullable=False, server_default=text("false")),  # representative set by a person
    Index("ix_clusters_changed", "changed_at", "id"),
    Index("ix_clusters_size", "size", "id"),
    Index(  # the lists of clusters leave single articles out, which most are
        "ix_clusters_plural",
        "changed_at",
        "id",
        sqlite_where=text("size >= 2"),
        postgresql_where=text("size >= 2"),
    ),
    Index("ix_clusters_weakest", "weakest", "id", sqlite_where=text("size >= 2"), postgresql_where=text("size >= 2")),
)

members = Table(
    "members",
    metadata,
    _id("article_id", primary_key=True),
    _id("cluster_id", nullable=False),
    _id(
        "leader", nullable=False, server_default=""
    ),  # the first article with the same text, itself where it is no exact copy
    Column("words", Integer, nullable=False, server_default="0"),
    Column("kind", String(16)),  # in what way it is a copy of the representative's text; None: it is that
    Column("joined_at", Utc, nullable=False),
    Index("ix_members_cluster", "cluster_id"),
    Index("ix_members_leader", "leader"),
    Index(
        "ix_members_kind",
        "kind",
        "article_id",
        sqlite_where=text("kind IS NOT NULL"),
        postgresql_where=text("kind IS NOT NULL"),
    ),
)

matches = Table(
    "matches",
    metadata,
    _id("a", primary_key=True),
    _id("b", primary_key=True),
    Column("estimated", Float, nullable=False),
    Column("exact", Float, nullable=False),
    Column("score", Float, nullable=False, server_default="0"),  # of the weighed evidence: what clusters are made by
    Column("rule", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("passages", Json, nullable=False),
    Column("at", Utc, nullable=False),
    CheckConstraint("a < b", name="ordered"),
    Index("ix_matches_b", "b"),
    Index("ix_matches_score", "score", "a", "b"),  # the most doubtful first
)

related = Table(
    "related",
    metadata,
    _id("a", primary_key=True),
    _id("b", primary_key=True),
    Column("similarity", Float, nullable=False),
    Column("at", Utc, nullable=False),
    CheckConstraint("a < b", name="ordered"),
    Index("ix_related_b", "b"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("link", String(16), nullable=False),
    _id("a", nullable=False),
    _id("b", nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("undone_at", Utc),
    Column("undone_by", Text),
    CheckConstraint("a < b", name="ordered"),
    Index("ix_decisions_a", "a"),
    Index("ix_decisions_b", "b"),
)

changes = Table(  # one monotonic sequence for consumers; see ingest.store.changes
    "changes",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),  # upsert, delete, cluster, merge, split
    _id("article_id"),
    _id("cluster_id"),
    Column("revision", Integer),
    Column("at", Utc, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice, even after the newest row was deleted
)

leases = Table(  # named work that only one process does at a time
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", Text),
    Column("until", Utc, nullable=False),
    Column("done_at", Utc),  # when the work last ended well
)

users = Table(  # people of the console
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("password_hash", Text, nullable=False),  # argon2id
    Column("role", String(16), nullable=False),  # reader, operator, admin
    Column("failures", Integer, nullable=False, server_default="0"),  # wrong passwords in a row
    Column("locked_until", Utc),
    Column("created_at", Utc, nullable=False),
    Column("disabled_at", Utc),
)

sessions = Table(  # who is logged in; the cookie holds the secret, the row only its hash
    "sessions",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("user", String(64), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Index("ix_sessions_user", "user"),
    Index("ix_sessions_expires", "expires_at"),
)

tokens = Table(  # programs of consumers; 256 random bits need no slow hash
    "tokens",
    metadata,
    _id(primary_key=True),
    Column("name", Text, nullable=False),
    Column("prefix", String(16), nullable=False),  # shown in lists, so that a leaked one can be found
    Column("sha256", String(64), nullable=False, unique=True),
    Column("scopes", Json, nullable=False),  # read, ingest, admin
    Column("created_by", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("last_used_at", Utc),
    Column("revoked_at", Utc),
)

audit = Table(  # every act of a person, in the transaction of the act; append only
    "audit",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("who", Text, nullable=False),
    Column("act", String(32), nullable=False),  # join, split, pin, pause-feed, retry, log-in, …
    Column("subject", Text, nullable=False),  # "cluster:ID", "feed:ID", "site:NAME", …
    Column("detail", Json, nullable=False),
    Column("at", Utc, nullable=False),
    Index("ix_audit_subject", "subject", "id"),
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

webhooks = Table(  # who is told of changes, and how far each is; see ingest.store.webhooks
    "webhooks",
    metadata,
    _id(primary_key=True),
    Column("url", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("kinds", Json, nullable=False),  # of changes it is told of; []: all
    Column("with_articles", Boolean, nullable=False),  # each change brings its article
    Column("at_once", Integer, nullable=False),  # changes in one message, at most
    Column("secret", Text, nullable=False),  # signs, so it must be readable
    Column("former_secret", Text),  # signs as well until then, after a rotation
    Column("former_until", Utc),
    Column("state", String(16), nullable=False, server_default="active"),  # active, paused, dead
    Column("reason", Text),  # of paused and dead ones, for people
    Column("seq", BigInteger, nullable=False),  # the subscriber took everything up to this change
    Column("sending", BigInteger),  # last change of the message on its way: a retry sends the same one
    Column("next_try_at", Utc, nullable=False),
    Column("epoch", Integer, nullable=False, server_default="0"),  # fences off workers that lost their lease
    Column("lease_until", Utc),
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("failing_since", Utc),
    Column("tried_at", Utc),
    Column("delivered_at", Utc),
    Column("delivered", BigInteger, nullable=False, server_default="0"),  # messages taken
    Column("last_status", Integer),  # HTTP; None: no answer
    Column("last_error", Text),
    Column("test_asked_at", Utc),  # somebody wants a test message sent
    Column("tested_at", Utc),
    Column("test_result", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Index("ix_webhooks_due", "state", "next_try_at"),
)
