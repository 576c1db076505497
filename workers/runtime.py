"""What this process holds while it works: built on first use, never before a fork."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ingest.language import Identifier
from ingest.pipeline.runtime import Runtime
from ingest.settings import Settings, load
from ingest.store import engine, owners
from models import marian


@dataclass(frozen=True, slots=True)
class _Held:
    pid: int
    runtime: Runtime


_held: _Held | None = None


def current() -> Runtime:
    """This process's runtime; a child that was forked off builds its own."""
    global _held
    if _held is None or _held.pid != os.getpid():
        _held = _Held(os.getpid(), build(load()))
    return _held.runtime


def build(settings: Settings) -> Runtime:
    """A runtime by these settings; models are found now and read when first needed."""
    return Runtime(
        database=engine.connect(settings.sqlalchemy_url),
        settings=settings,
        owner=owners.this_process(),
        identifier=Identifier(),
        translator=marian.load(
            settings.data_dir,
            device=settings.device,
            compute_type=settings.compute_type,
            threads=settings.translate_threads,
        ),
    )
