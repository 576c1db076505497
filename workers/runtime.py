"""What this process holds while it works: built on first use, never before a fork."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from functools import cache

from ingest.errors import Misconfigured
from ingest.fetch import Fetcher
from ingest.language import Identifier
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings
from ingest.store import engine
from ingest.store.queue import owners
from ingest.types import LanguageIdentifier
from models import marian, minilm
from models.manifest import ModelError
from workers.deployment import settings


@dataclass(frozen=True, slots=True)
class _Held:
    pid: int
    runtime: Runtime


_held: _Held | None = None


def current() -> Runtime:
    """This process's runtime; a child that was forked off builds its own."""
    global _held
    if _held is None or _held.pid != os.getpid():
        _held = _Held(os.getpid(), build(settings()))
    return _held.runtime


@cache
def identifier() -> LanguageIdentifier:
    """Tells languages apart, as the settings name it; plain data once it is warm, so children may share it."""
    named = settings().detector
    if named == "builtin":
        return Identifier()
    module, _, attribute = named.partition(":")
    try:
        made: LanguageIdentifier = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError) as error:
        raise Misconfigured(f"detector: expected builtin or module:attribute, got {named!r}: {error}") from None
    return made


def build(chosen: Settings) -> Runtime:
    """A runtime by these settings; models are found now and read when first needed."""
    return Runtime(
        database=engine.connect(chosen.sqlalchemy_url),
        settings=chosen,
        owner=owners.this_process(),
        identifier=identifier(),
        fetcher=Fetcher.from_settings(chosen),
        translator=marian.load(
            chosen.data_dir,
            device=chosen.device,
            compute_type=chosen.compute_type,
            threads=chosen.translate_threads,
        ),
        encoder=_encoder(chosen),
        fatal=(ModelError,),
    )


def _encoder(chosen: Settings) -> minilm.MiniLM | None:
    """The encoder of related coverage, where one is named; whether it can be read is said at the first text.

    Starting a service refuses a folder that is not there. One that vanishes later stops nothing: articles are
    clustered without it.
    """
    return None if chosen.related_encoder is None else minilm.MiniLM(chosen.related_encoder)
