"""Tables of people: who may log in, who is logged in, what they did."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from ingest.store.schema.columns import BigId, Json, Utc, metadata

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
