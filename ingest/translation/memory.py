"""Sentences already translated, so that syndicated copies, updated articles and repeated notices cost nothing.

A sentence is remembered under what decides its translation: the model, the decoding options, the version of our own
stage, the language and the normalised text. What is kept is the finished result, after second tries and repairs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ingest.types import Remembered

STAGE = "1"
"""Version of normalising, checking and repairing; a change in what they do to a sentence raises it."""


class TranslationMemory(Protocol):
    """Finished sentences by key; the one on SQL is `ingest.store.texts.translation_memory`."""

    def look_up(self, keys: Sequence[str]) -> Mapping[str, Remembered]:
        """Those of the keys that are known."""

    def store(self, entries: Mapping[str, Remembered]) -> None:
        """Remember these; a key that is known already may keep its entry."""


class DictMemory:
    """A memory that ends with the process: for tests, and for filters that are handed one."""

    def __init__(self) -> None:
        self._entries: dict[str, Remembered] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def look_up(self, keys: Sequence[str]) -> dict[str, Remembered]:
        return {key: self._entries[key] for key in keys if key in self._entries}

    def store(self, entries: Mapping[str, Remembered]) -> None:
        self._entries.update(entries)


def memory_key(model: str, options: str, lang: str, text: str) -> str:
    """The key of a normalised sentence: 32 hexadecimal digits of a SHA-256."""
    return _digest((STAGE, model, options, lang, text))


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
