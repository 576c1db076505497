"""The JSON Schemas of what goes out, and what may change about them within /v1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ingest.publish.article import ArticleSummary, FullArticle, Shape, Tombstone
from ingest.publish.change import ChangeShape
from ingest.publish.cluster import ClusterSummary, FullCluster
from ingest.publish.feed import FullFeed
from ingest.publish.message import FullWebhook, Message

PUBLISHED: dict[str, type[Shape]] = {
    "article": FullArticle,
    "article-summary": ArticleSummary,
    "cluster": FullCluster,
    "cluster-summary": ClusterSummary,
    "change": ChangeShape,
    "feed": FullFeed,
    "tombstone": Tombstone,
    "webhook": FullWebhook,
    "webhook-message": Message,
}
"""By the name under which /v1/schemas gives them."""

WORDING = frozenset({"description", "title", "examples", "default"})


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one kind of record."""
    made = PUBLISHED[name].model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def breaks(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """What a consumer of the old schema would stumble over in the new one; nothing where it only gained.

    Gaining is: a new property, a new definition. Losing a property, no longer promising one, or any other
    value of a keyword breaks; so does a new value of an enumeration, which a consumer may not know.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key in WORDING and not isinstance(value, dict):
                continue
            if key not in new:
                yield f"{where}/{key}: gone"
            elif key == "required":
                yield from (f"{where}/{name}: no longer always there" for name in sorted(set(value) - set(new[key])))
            else:
                yield from breaks(value, new[key], f"{where}/{key}")
        if "properties" not in where.rsplit("/", 1)[-1] and "$defs" not in where.rsplit("/", 1)[-1]:
            added = set(new) - set(old) - WORDING
            yield from (f"{where}/{key}: a new demand" for key in sorted(added))
    elif json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True):
        yield f"{where}: was {json.dumps(old)}, is {json.dumps(new)}"
