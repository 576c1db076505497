"""Plain text, given as lines with the furniture still in: the article in them."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.extract.cleaner import Cleaned, Part, clean_lines
from ingest.extract.repair import repair_lines, single_blanks
from ingest.extract.site_memory import SiteMemory
from ingest.extract.walls import find_wall
from ingest.types import Document, Rejection, Stage
from ingest.urls import registered_domain

METHOD = "lines/1"

MAX_LINES = 20_000
"""Lines of one document; the longest dump of a real page among 218 had 673."""

MAX_CHARACTERS = 5_000_000
"""Characters of one document, the limit of a page in bytes."""


def extract_lines(
    lines: Sequence[str], *, url: str | None = None, title: str | None = None, memory: SiteMemory | None = None
) -> Document | Rejection:
    """The article in the lines of a plain text, or why there is none.

    The `line` of a block is the number of the input line, from 0; a line split in parts gives several blocks.
    title: the headline where it is known; None: look for it among the lines.
    """
    if len(lines) > MAX_LINES or sum(map(len, lines)) > MAX_CHARACTERS:
        return Rejection(
            Stage.EXTRACT,
            "too-large",
            f"The text has {len(lines):,} lines and {sum(map(len, lines)):,} characters; "
            f"at most {MAX_LINES:,} and {MAX_CHARACTERS:,} are taken.",
        )
    parts = [
        Part(text, number)
        for number, line in enumerate(repair_lines(lines))
        for piece in line.split("\n")
        if (text := single_blanks(piece))
    ]
    if not parts:
        return Rejection(Stage.EXTRACT, "empty", "There is no text in it.")
    site = registered_domain(url) if url and memory is not None else None
    return _document(clean_lines(parts, title=title, site=site, memory=memory))


def _document(cleaned: Cleaned) -> Document | Rejection:
    if not any(block.kept for block in cleaned.blocks):
        return Rejection(
            Stage.EXTRACT, "no-text", f"None of its {len(cleaned.blocks)} lines reads like the text of an article."
        )
    if (wall := find_wall(cleaned.blocks, cleaned.title)) is not None:
        return Rejection(Stage.EXTRACT, wall.reason, wall.detail)
    return Document(cleaned.title, cleaned.blocks, cleaned.metadata, METHOD)
