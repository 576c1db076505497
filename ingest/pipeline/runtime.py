"""What one process holds while it works: built once, after the fork, and handed to every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ingest.dedup.embedding import Encoder
from ingest.settings import Settings
from ingest.store.engine import Database
from ingest.types import LanguageIdentifier, SentenceTranslator


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a step needs that is not its document."""

    database: Database
    settings: Settings
    owner: str  # under which this process holds leases
    identifier: LanguageIdentifier
    translator: SentenceTranslator
    fetcher: Any = None
    encoder: Encoder | None = None  # what related coverage is weighed by, beside words
    fatal: tuple[type[Exception], ...] = ()
    """What the translator and the encoder raise when no document is to blame (damaged weights). Without the one the
    process has to end; the other is done without."""
