"""Whole articles and changes as plain dictionaries, and their JSON: `FullArticle` without making the models.

Of an article of twenty sentences the models alone took 0.7 ms, the dictionaries take a tenth of all that is left. The
values come from our own tables and need no validation; a test reads every record back through the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

import orjson
from pydantic import BaseModel

from ingest.publish.article import SCHEMA_VERSION
from ingest.types import NEEDS_REVIEW, Block

Record = dict[str, Any]
"""One of the published shapes; its keys stand in the order of the model's fields."""

_FORMAT = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class ChangeRow(Protocol):
    """A change as the store keeps it."""

    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def article(self) -> str | None: ...
    @property
    def cluster(self) -> str | None: ...
    @property
    def revision(self) -> int | None: ...
    @property
    def at(self) -> datetime: ...


def to_json(record: Any) -> bytes:
    """The JSON of records, or of models among them; half characters, which JSON cannot hold, become U+FFFD."""
    try:
        return orjson.dumps(record, _of_model, _FORMAT)
    except TypeError:  # a lone surrogate: orjson refuses what is no Unicode text
        return orjson.dumps(_whole_characters(record), _of_model, _FORMAT)


def article_record(row: Mapping[str, Any]) -> Record:
    """The whole article as it goes out; row: as `ingest.store.texts.outgoing.whole` gives it."""
    text, flags = row["text"], row["flags"]
    return {
        "schema_version": SCHEMA_VERSION,
        "id": row["id"],
        "revision": row["revision"],
        "url": row["url"],
        "source": row["source"],
        "author": row["author"],
        "feeds": [{"id": feed["id"], "url": feed["url"], "title": feed["title"]} for feed in row["feeds"]],
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
        "extraction": _extraction(row),
        "duplicate": duplicate_record(row),
        "related": [{"id": other, "similarity": close} for other, close in row["related"]],
        "text_sha256": sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    }


def duplicate_record(row: Mapping[str, Any]) -> Record | None:
    """What an article's cluster says about it; None: not clustered yet."""
    if row["cluster_id"] is None or row["representative"] is None:
        return None
    return {
        "cluster_id": row["cluster_id"],
        "size": row["size"],
        "canonical_id": row["representative"],
        "is_canonical": row["representative"] == row["id"],
        "kind": row["kind"],
        "similarity": row["similarity"],
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


def change_record(change: ChangeRow, article: Record | None) -> Record:
    """A change as it goes out, with its article as it is now where that is wanted and there."""
    return {
        "schema_version": SCHEMA_VERSION,
        "seq": change.seq,
        "kind": change.kind,
        "article_id": change.article,
        "cluster_id": change.cluster,
        "revision": change.revision,
        "at": change.at,
        "article": article,
    }


def _extraction(row: Mapping[str, Any]) -> Record | None:
    if row["method"] is None:
        return None
    return {"method": row["method"], "removed_count": row["removed_count"], "removed": None}


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


def _of_model(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(f"expected something that JSON can hold, got {type(value).__name__}")


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if isinstance(value, Mapping):
        return {_whole_characters(name): _whole_characters(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_characters(part) for part in value]
    return _whole_characters(value.model_dump()) if isinstance(value, BaseModel) else value
