"""Tables of those who read: the sequence of changes, webhooks, tokens."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from ingest.store.schema.columns import BigId, Json, Utc, identifier, metadata

changes = Table(  # one monotonic sequence for consumers; see ingest.store.consumers.changes
    "changes",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),  # upsert, delete, cluster, merge, split
    identifier("article_id"),
    identifier("cluster_id"),
    Column("revision", Integer),
    Column("at", Utc, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice, even after the newest row was deleted
)

tokens = Table(  # programs of consumers; 256 random bits need no slow hash
    "tokens",
    metadata,
    identifier(primary_key=True),
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

webhooks = Table(  # who is told of changes, and how far each is; see ingest.store.consumers.webhooks
    "webhooks",
    metadata,
    identifier(primary_key=True),
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
