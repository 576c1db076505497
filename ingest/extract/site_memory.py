"""What a site repeats is furniture: block fingerprints per site, counted over different articles.

The counting itself stands behind a Protocol: in SQL for the workers (`ingest.store.site_memory`), in a dict for tests
and for a filter that remembers nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ingest.extract.rules import fold

MIN_ARTICLES = 3
"""Different articles of a site a block must have stood in, the present one aside, before it is furniture."""

Pin = Literal["keep", "drop"]


@dataclass(frozen=True, slots=True)
class Seen:
    """How often a site has shown one block: the weight decays with time, `articles` are different ones."""

    articles: int = 0
    pin: Pin | None = None


class SiteMemory(Protocol):
    """Answers how well a site's blocks are known."""

    def seen(self, site: str, article: str, fingerprints: Iterable[str]) -> Mapping[str, Seen]:
        """What is known of these blocks of `site`, not counting `article` itself; unknown ones may be absent."""


def fingerprint(text: str) -> str:
    """128 bits of the block's folded text, as 32 hexadecimal digits."""
    return hashlib.blake2b(fold(text).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(slots=True)
class DictSiteMemory:
    """A memory that lasts as long as the process."""

    articles: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    pins: dict[tuple[str, str], Pin] = field(default_factory=dict)

    def seen(self, site: str, article: str, fingerprints: Iterable[str]) -> Mapping[str, Seen]:
        return {
            print_: Seen(
                len(self.articles.get((site, print_), set()) - {article}),
                self.pins.get((site, print_)),
            )
            for print_ in fingerprints
        }

    def learn(self, site: str, article: str, fingerprints: Iterable[str]) -> None:
        """Count the blocks of one article."""
        for print_ in fingerprints:
            self.articles.setdefault((site, print_), set()).add(article)
