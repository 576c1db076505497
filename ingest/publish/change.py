"""A change as consumers follow it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from ingest.publish.article import SCHEMA_VERSION, FullArticle, Shape


class ChangeKind(StrEnum):
    """What changed."""

    UPSERT = "upsert"
    """The article's content is new or changed."""
    DELETE = "delete"
    """The article was taken down: drop its text, keep its id."""
    CLUSTER = "cluster"
    """The cluster has other members, or another canonical article."""
    MERGE = "merge"
    """The cluster lives on in another."""
    SPLIT = "split"
    """An article left the cluster for one of its own."""


class ChangeShape(Shape):
    """One change. Apply changes in the order of `seq`; applying one twice does no harm."""

    schema_version: str = SCHEMA_VERSION
    seq: int = Field(ge=1)
    """Grows with every change; numbers may be left out, never given twice or out of order."""
    kind: ChangeKind
    article_id: str | None
    cluster_id: str | None
    revision: int | None
    """Of the article at the time of the change; the article itself may be newer."""
    at: datetime
    article: FullArticle | None
    """As it is now, where `include=articles` asks for it; null: taken down since, or not about an article."""


class Changes(Shape):
    """Changes in order."""

    items: tuple[ChangeShape, ...]
    since: int
    """What to ask with next, also after an empty answer."""
    newest: int
    """The latest number there is: how far behind this answer leaves you."""
