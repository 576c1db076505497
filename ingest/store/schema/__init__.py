"""The tables: SQL is the truth, everything else (queues, indexes, caches) can be rebuilt from it.

One row in `documents` is one text on its way: its stage, its one state, its lease. The id it gets at the door is the
id consumers know it by, so a status URL answered at push time never dangles and a message needs nothing but that id.
Texts that are read whole (blocks, sentences, spans) are JSON in the row they belong to; what is searched for has
columns and an index. Times are UTC.
"""

from ingest.store.schema.columns import BigId, Json, Utc, metadata
from ingest.store.schema.consumers import changes, tokens, webhooks
from ingest.store.schema.duplicates import (
    bands,
    clusters,
    decisions,
    embeddings,
    fresh_keys,
    index_log,
    matches,
    members,
    places_before,
    related,
    signatures,
    vectors,
)
from ingest.store.schema.operators import audit, sessions, users
from ingest.store.schema.queue import leases, outcomes, tallies
from ingest.store.schema.sources import entries, feeds, polls, robots, site_blocks, site_pins, sites
from ingest.store.schema.texts import (
    ARTICLES_SEARCH,
    aliases,
    article_models,
    articles,
    documents,
    extractions,
    is_ours,
    pages,
    receipts,
    revisions,
    translation_memory,
)

__all__ = [
    "ARTICLES_SEARCH",
    "BigId",
    "Json",
    "Utc",
    "aliases",
    "article_models",
    "articles",
    "audit",
    "bands",
    "changes",
    "clusters",
    "decisions",
    "documents",
    "embeddings",
    "entries",
    "extractions",
    "feeds",
    "fresh_keys",
    "index_log",
    "is_ours",
    "leases",
    "matches",
    "members",
    "metadata",
    "outcomes",
    "pages",
    "places_before",
    "polls",
    "receipts",
    "related",
    "revisions",
    "robots",
    "sessions",
    "signatures",
    "site_blocks",
    "site_pins",
    "sites",
    "tallies",
    "tokens",
    "translation_memory",
    "users",
    "vectors",
    "webhooks",
]
