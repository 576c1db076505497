"""Tables of what belongs together: signatures and their index, clusters, matches, decisions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
    text,
)

from ingest.store.schema.columns import BigId, Json, Utc, identifier, metadata

signatures = Table(  # of each different text: exact copies share the one of the first of them
    "signatures",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=False),  # articles.number
    Column("scheme", String(64), primary_key=True),
    identifier("article_id", nullable=False),
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

fresh_keys = Table(  # on SQLite, what came lately: texts whose rows of `bands` are written many texts at a time
    "fresh_keys",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=False),  # signatures.number
    Column("keys", LargeBinary, nullable=False),  # of its rows, 4 bytes each
)

vectors = Table(  # what texts inside the window are weighed by before they are read; see ingest.dedup.features.pack
    "vectors",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=False),  # signatures.number
    Column("packed", LargeBinary, nullable=False),
)

embeddings = Table(  # what texts inside the window mean, where an encoder is named; see ingest.dedup.embedding
    "embeddings",
    metadata,
    Column("stamp", BigId, primary_key=True, autoincrement=True),
    Column("number", BigInteger, nullable=False),  # signatures.number
    Column("encoder", String(64), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),  # of the text that was encoded; signatures.digest
    Column("at_s", BigInteger, nullable=False),  # when the text counts as published, in seconds since 1970
    Column("packed", LargeBinary, nullable=False),
    Index("ix_embeddings_number", "number"),
    Index("ix_embeddings_digest", "digest"),
    sqlite_autoincrement=True,  # a stamp is never given twice, even after the newest row was deleted
)

index_log = Table(  # the texts that entered the index, left it or changed in it, in this order; only the latest
    "index_log",
    metadata,
    Column("stamp", BigId, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),  # signatures.number
)

clusters = Table(
    "clusters",
    metadata,
    identifier(primary_key=True),
    Column("representative", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("weakest", Float),  # similarity of the weakest match that holds it together; None: a single article
    Column("created_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    identifier("merged_into"),  # a redirect: consumers' ids never dangle
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
    identifier("article_id", primary_key=True),
    identifier("cluster_id", nullable=False),
    identifier(
        "leader", nullable=False, server_default=""
    ),  # the first article with the same text, itself where it is no exact copy
    identifier("parted_from"),  # the leader it would follow, were it not for a decision; None: it follows or leads
    Column("words", Integer, nullable=False, server_default="0"),
    Column("kind", String(16)),  # in what way it is a copy of the representative's text; None: it is that
    Column("joined_at", Utc, nullable=False),
    Index("ix_members_cluster", "cluster_id"),
    Index("ix_members_leader", "leader"),
    Index(  # few are
        "ix_members_parted",
        "parted_from",
        sqlite_where=text("parted_from IS NOT NULL"),
        postgresql_where=text("parted_from IS NOT NULL"),
    ),
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
    identifier("a", primary_key=True),
    identifier("b", primary_key=True),
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
    identifier("a", primary_key=True),
    identifier("b", primary_key=True),
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
    identifier("a", nullable=False),
    identifier("b", nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("undone_at", Utc),
    Column("undone_by", Text),
    CheckConstraint("a < b", name="ordered"),
    Index("ix_decisions_a", "a"),
    Index("ix_decisions_b", "b"),
)

places_before = Table(  # where articles stood before a decision changed it: undoing it gives clusters their ids back
    "places_before",
    metadata,
    Column("decision_id", BigId, primary_key=True, autoincrement=False),
    identifier("article_id", primary_key=True),
    identifier("cluster_id", nullable=False),
    Column("chosen", Boolean, nullable=False),  # whether it was that cluster's representative, by a person
)
