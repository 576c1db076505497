"""Whole articles as plain dictionaries that `pydantic_core.to_json` writes: `FullArticle` without making the models.

Of an article of twenty sentences the models alone took 0.7 ms, the dictionaries take a tenth of all that is left. The
values come from our own tables and need no validation; a test reads every record back through the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from ingest.publish.article import SCHEMA_VERSION, Duplicate, FeedShape, RelatedShape
from ingest.types import NEEDS_REVIEW, Block

Record = dict[str, Any]
"""One of the published shapes; its keys stand in the order of the model's fields."""


def article_record(
    row: Mapping[str, Any],
    *,
    extraction: Record | None,
    duplicate: Duplicate | None,
    related: Sequence[RelatedShape] = (),
    feeds: Sequence[FeedShape] = (),
) -> Record:
    """The whole article as it goes out; row: of the table `articles`, its JSON columns read."""
    text, flags = row["text"], row["flags"]
    return {
        "schema_version": SCHEMA_VERSION,
        "id": row["id"],
        "revision": row["revision"],
        "url": row["url"],
        "source": row["source"],
        "author": row["author"],
        "feeds": feeds,
        "published": row["published"],
        "updated": row["updated"],
        "seen": row["seen"],
        "changed": row["changed_at"],
        "title": row["title"],
        "text": text,
        "original": {
            "title": row["original_title"],
            "text": row["original_text"],
            "lang": row["lang"],
            "spans": [{"start": start, "end": end, "lang": lang} for start, end, lang in row["spans"]],
        },
        "title_sentences": [_sentence(kept) for kept in row["title_sentences"]],
        "sentences": [_sentence(kept) for kept in row["sentences"]],
        "flags": flags,
        "needs_review": NEEDS_REVIEW in flags,
        "credits": row["credits"],
        "image_url": row["image_url"],
        "extraction": extraction,
        "duplicate": duplicate,
        "related": related,
        "text_sha256": sha256(text.encode()).hexdigest(),
    }


def removed_record(block: Block) -> Record:
    """A piece that was left out."""
    return {
        "text": block.text,
        "kind": block.kind,
        "rule": block.rule,
        "evidence": block.evidence,
        "line": block.line,
    }


def _sentence(kept: Mapping[str, Any]) -> Record:
    return {
        "source": kept["source"],
        "target": kept["target"],
        "source_start": kept["start"],
        "source_end": kept["end"],
        "start": kept["target_start"],
        "end": kept["target_end"],
        "lang": kept["lang"],
        "model": kept.get("model"),
        "flags": kept.get("flags", ()),
        "score": kept.get("score"),
    }
