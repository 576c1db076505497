"""Short ids in the words of people: languages, states, kinds of copy, flags."""

from __future__ import annotations

from ingest.types import BlockKind, Copy, State

LANGUAGES = {
    "fr": "French",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
    "ca": "Catalan",
    "da": "Danish",
    "no": "Norwegian",
    "sv": "Swedish",
    "af": "Afrikaans",
    "ro": "Romanian",
    "pl": "Polish",
    "cs": "Czech",
    "und": "undetermined",
}

STATES = {
    State.PENDING: "in the queue",
    State.RUNNING: "being worked on",
    State.RETRY: "will be tried again",
    State.WAITING: "waiting for a model",
    State.DONE: "done",
    State.REJECTED: "no article",
    State.QUARANTINED: "quarantined",
    State.REMOVED: "taken down",
}

KINDS = {
    Copy.EXACT: "exact copy",
    Copy.NEAR: "edited copy",
    Copy.TRANSLATED: "translation",
    Copy.TEASER: "teaser or excerpt",
    Copy.REVISION: "another version by the same publisher",
}

MANY_KINDS = {
    Copy.EXACT: "exact copies",
    Copy.NEAR: "edited copies",
    Copy.TRANSLATED: "translations",
    Copy.TEASER: "teasers or excerpts",
    Copy.REVISION: "other versions by the same publisher",
}

ASIDE = {
    BlockKind.TITLE: "headline",
    BlockKind.METADATA: "metadata",
    BlockKind.CAPTION: "caption",
}
"""Kinds of block that are set aside, not struck out: they left the text but are kept as what they are."""


def language(code: str | None) -> str:
    """The English name of a language; its code where we have none."""
    return LANGUAGES.get(code or "und", code or "undetermined")


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 member`, `2 members`, `1,204 members`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def plain(short: str) -> str:
    """A hyphenated id as words: `number-mismatch` is `number mismatch`."""
    return short.replace("-", " ").replace("_", " ")
