"""The four things an input can turn out to be."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.types import Page, Rejection, Stage


@dataclass(frozen=True, slots=True)
class PageArrival:
    """Bytes to be read."""

    name: str  # for people: a path, a line of a file
    page: Page
    given_id: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class LinkArrival:
    """An address to be fetched."""

    name: str
    url: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An input that is not kept, but counted and findable: too large to be read."""

    name: str
    rejection: Rejection
    key: str  # what makes the same input the same document
    url: str | None = None
    given_id: str | None = None


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be understood; `problem` names where it stands, what was expected and what came."""

    name: str
    problem: str


Arrival = PageArrival | LinkArrival | Refusal | BadRecord


def too_large(size: int | None, limit: int) -> Rejection:
    """The ending of an input with more bytes than a document may have; size None: nobody counted to the end."""
    got = f"{size:,}" if size is not None else "more"
    return Rejection(Stage.EXTRACT, "too-large", f"at most {limit:,} bytes expected, got {got}")
