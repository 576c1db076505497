"""A cluster as consumers read it: which articles are one text, and what says so."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ingest.publish.article import SCHEMA_VERSION, ArticleSummary, RelatedShape, Shape
from ingest.types import Copy, Match


class SharedPassageShape(Shape):
    """The same passage in the English text of both, in code points."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


class MatchShape(Shape):
    """A verified pair, and what it was accepted by."""

    a: str
    b: str
    estimated: float
    """Jaccard similarity as the MinHash signatures estimate it."""
    exact: float
    """Weighted Jaccard similarity of the words' stems."""
    rule: str
    kind: Copy
    passages: tuple[SharedPassageShape, ...]


class ClusterSummary(Shape):
    """What a list says about a cluster."""

    schema_version: str = SCHEMA_VERSION
    id: str
    """Stable: it stays when the cluster grows; after a merge it leads to the cluster it lives on in."""
    size: int = Field(ge=1)
    canonical: ArticleSummary
    """The article that should be read."""
    chosen: bool
    """The canonical article was chosen by a person."""
    weakest: float | None
    """Similarity of the weakest match that holds it together; null for a single article."""
    languages: tuple[str, ...]
    sources: tuple[str, ...]
    kinds: tuple[Copy, ...]
    created: datetime
    changed: datetime


class FullCluster(Shape):
    """One cluster with its members and the matches between them."""

    schema_version: str = SCHEMA_VERSION
    id: str
    size: int = Field(ge=1)
    canonical_id: str
    chosen: bool
    weakest: float | None
    created: datetime
    changed: datetime
    members: tuple[ArticleSummary, ...]
    """The oldest first; at most 200, `size` says how many there are."""
    matches: tuple[MatchShape, ...]
    related: tuple[RelatedShape, ...]


def match_shape(match: Match) -> MatchShape:
    """A match as it goes out."""
    return MatchShape(
        a=match.a,
        b=match.b,
        estimated=match.estimated,
        exact=match.exact,
        rule=match.rule,
        kind=match.kind,
        passages=tuple(
            SharedPassageShape(a_start=p.a_start, a_end=p.a_end, b_start=p.b_start, b_end=p.b_end)
            for p in match.passages
        ),
    )
