"""The sentence encoder that the settings name, for commands that look for related coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.errors import Misconfigured
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.dedup.embedding import Encoder


def the_encoder(settings: Settings) -> Encoder | None:
    """The encoder, read when it is first asked; None where none is named, Misconfigured where it is not there."""
    if settings.related_encoder is None:
        return None
    from models import minilm
    from models.manifest import ModelError

    try:
        return minilm.load(settings.related_encoder)
    except ModelError as error:
        raise Misconfigured(f"related_encoder: {error}") from None
