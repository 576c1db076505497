"""What the console can have done by others: handed in by who starts the application, none of it imported here.

To take a text down and to ask a site are the pipeline's business, which models there are is known to `models`. A
server that was started without one of them shows its pages without that button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol, cast

from fastapi import Depends, HTTPException, Request

from ingest.feeds.preview import Preview
from ingest.store.engine import Database


class TakeDown(Protocol):
    """Removes a document for good."""

    def __call__(self, database: Database, document_id: str, *, who: str, why: str) -> bool:
        """False where there is none, or it is down already."""


class Scout(Protocol):
    """Looks at a feed once."""

    def __call__(self, url: str) -> Preview:
        """The feed at an address, or the one its page announces; an IngestError says why there is none."""


class Model(Protocol):
    """A translation model, installed or only named; see `models.manifest.Checkpoint`."""

    @property
    def id(self) -> str:
        """name@revision, as it stands beside every sentence."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def languages(self) -> Sequence[str]:
        """ISO 639-1 codes it translates into English."""

    @property
    def licence(self) -> str: ...

    @property
    def directory(self) -> Path | None:
        """None: it could be fetched."""

    @property
    def builtin(self) -> bool: ...


class Shelf(Protocol):
    """All models, and which of them translates a language now; see `models.manifest.Manifest`."""

    @property
    def checkpoints(self) -> Sequence[Model]: ...

    @property
    def routes(self) -> Mapping[str, Model]: ...


class LookAtShelf(Protocol):
    """Finds out which models there are now."""

    def __call__(self) -> Shelf: ...


@dataclass(frozen=True, slots=True)
class Handed:
    """What this application was given; None: it does without."""

    take_down: TakeDown | None = None
    scout: Scout | None = None
    shelf: LookAtShelf | None = None


def handed(request: Request) -> Handed:
    """What this application was given."""
    return cast(Handed, request.app.state.handed)


def the_remover(request: Request) -> TakeDown:
    """Who takes texts down; 503 where nobody does."""
    found = handed(request).take_down
    if found is None:
        raise HTTPException(503, "This server takes nothing down; `ingest takedown` does.")
    return found


def the_scout(request: Request) -> Scout:
    """Who looks at feeds; 503 where nobody does."""
    found = handed(request).scout
    if found is None:
        raise HTTPException(503, "This server asks no sites; `ingest feeds check` does.")
    return found


TheHanded = Annotated[Handed, Depends(handed)]
TheRemover = Annotated[TakeDown, Depends(the_remover)]
TheScout = Annotated[Scout, Depends(the_scout)]
