"""Tables of those who send: feeds and their polls, entries, sites and what they repeat."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from ingest.store.schema.columns import BigId, Json, Utc, identifier, metadata

feeds = Table(
    "feeds",
    metadata,
    identifier(primary_key=True),
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
    identifier(primary_key=True),
    identifier("feed_id", nullable=False),
    Column("guid", Text, nullable=False),
    identifier("document_id"),
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
    identifier("feed_id", nullable=False),
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
