"""Near-duplicates: from cleaned English to clusters, with the evidence for each pair.

normalize   a text without its typography          frequency   how much a word says (frozen tables)
features    stems, word pairs, sentences           minhash     signatures by datasketch, keys of the index
candidates  which of those that share a band       verify      copy or not, and what was measured
partition   clusters from pairs and decisions      explain     kind, rule and shared passages
related     accounts of one event, never merged    batch       all of it in memory, for the filter

Pure functions; the index, the clusters and the decisions are rows of `ingest.store`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.dedup.batch import Duplicate, Item, Verdict, cluster_batch

__all__ = ["Duplicate", "Item", "Verdict", "cluster_batch"]


def __getattr__(name: str) -> Any:
    """The in-memory clustering, imported when asked for: it brings numpy, which the web and the fetchers need not."""
    if name in __all__:
        from ingest.dedup import batch

        return getattr(batch, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
