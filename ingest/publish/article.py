"""An article as consumers read it: both languages aligned by sentence, and where every part of it comes from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.types import BlockKind, Copy

SCHEMA_VERSION = "1.0"
"""Of every record we give out: the second number grows with each added field, the first never within /v1."""


class Shape(BaseModel):
    """What goes out; fields that have nothing to say are null, never left out."""

    model_config = ConfigDict(
        frozen=True, use_attribute_docstrings=True, json_schema_serialization_defaults_required=True
    )


class SpanShape(Shape):
    """A stretch of the original text in one language."""

    start: int = Field(ge=0)
    """First character, in code points."""
    end: int = Field(ge=0)
    """Character after the last."""
    lang: str = Field(examples=["fr"])


class SentenceShape(Shape):
    """One sentence on both sides."""

    source: str = Field(examples=["Le barrage sera réparé avant l'hiver."])
    target: str = Field(examples=["The dam will be repaired before winter."])
    source_start: int = Field(ge=0)
    """Where it stands in the original text, in code points."""
    source_end: int = Field(ge=0)
    start: int = Field(ge=0)
    """Where its English stands in the English text, in code points."""
    end: int = Field(ge=0)
    lang: str = Field(examples=["fr"])
    model: str | None = Field(examples=["fr-de-en@1"])
    """Model and revision that translated it; null: it is as it was written."""
    flags: tuple[str, ...]
    score: float | None
    """Mean log-probability of a token; null where the model gives none."""


class Original(Shape):
    """The article in its own words."""

    title: str
    text: str
    lang: str = Field(examples=["fr"])
    """Its main language, ISO 639-1; `und` where it cannot be told."""
    spans: tuple[SpanShape, ...]


class FeedShape(Shape):
    """A feed that named the article."""

    id: str
    url: str
    title: str


class RemovedBlock(Shape):
    """A piece of the page that is not part of the article, and the rule that says so."""

    text: str
    kind: BlockKind
    rule: str | None
    evidence: str
    line: int | None


class Extraction(Shape):
    """How the text was found on the page."""

    method: str = Field(examples=["lines/1"])
    removed_count: int = Field(ge=0)
    removed: tuple[RemovedBlock, ...] | None
    """The pieces themselves, where `include=removed` asks for them."""


class Duplicate(Shape):
    """Which cluster of one text the article belongs to."""

    cluster_id: str
    size: int = Field(ge=1)
    canonical_id: str
    """The article of the cluster that should be read."""
    is_canonical: bool
    kind: Copy | None
    """In what way it is a copy; null: the first of its cluster."""
    similarity: float | None
    """To the canonical article, weighted Jaccard; null where the two were not compared."""


class RelatedShape(Shape):
    """An independent account of the same event: near in content, not a copy."""

    id: str
    similarity: float


class ArticleSummary(Shape):
    """What a list says about an article."""

    schema_version: str = SCHEMA_VERSION
    id: str = Field(examples=["1m7zs34k6jmtrkd148ya"])
    """Stable and opaque; it never names another article, even after this one is gone."""
    revision: int
    """Grows with every change of the content, by one or more."""
    url: str | None = Field(examples=["https://example.org/barrage"])
    source: str | None = Field(examples=["Le Courrier"])
    lang: str
    """Language of the original."""
    title: str
    """English; empty where the page had no headline."""
    excerpt: str
    """How the English text begins."""
    published: datetime | None
    seen: datetime
    """When it came in."""
    changed: datetime
    """When its content last changed."""
    flags: tuple[str, ...]
    needs_review: bool
    duplicate: Duplicate | None
    """null: not clustered yet."""


class FullArticle(Shape):
    """One article with its provenance."""

    schema_version: str = SCHEMA_VERSION
    id: str = Field(examples=["1m7zs34k6jmtrkd148ya"])
    """Stable and opaque; it never names another article, even after this one is gone."""
    revision: int
    """Grows with every change of the content, by one or more."""
    url: str | None = Field(examples=["https://example.org/barrage"])
    source: str | None = Field(examples=["Le Courrier"])
    author: str | None
    feeds: tuple[FeedShape, ...]
    published: datetime | None
    updated: datetime | None
    seen: datetime
    """When it came in."""
    changed: datetime
    """When its content last changed."""
    title: str
    """English; empty where the page had no headline."""
    text: str
    """English, one block of the page a line."""
    original: Original
    title_sentences: tuple[SentenceShape, ...]
    sentences: tuple[SentenceShape, ...]
    flags: tuple[str, ...]
    needs_review: bool
    credits: tuple[str, ...]
    image_url: str | None
    extraction: Extraction | None
    """null: the page it was made of is no longer kept."""
    duplicate: Duplicate | None
    """null: not clustered yet."""
    related: tuple[RelatedShape, ...]
    text_sha256: str
    """Of the English text in UTF-8."""


class Tombstone(Shape):
    """In files of what changed: an article that was taken down. Drop its text, keep its id."""

    schema_version: str = SCHEMA_VERSION
    id: str = Field(examples=["1m7zs34k6jmtrkd148ya"])
    deleted: Literal[True] = True
    at: datetime
    """When it was taken down."""
