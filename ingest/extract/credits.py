"""What date lines, bylines and credits among the lines say about their article."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ingest.extract.dates import find_date
from ingest.extract.rules import Hit
from ingest.types import Block, BlockKind, Metadata

_TWICE = re.compile(r"^(?P<name>\S.{1,60}?)\s*(?P=name)\s*[-–|,•·]?\s*(?P<date>\d.{5,40})$")


def tell_sources(blocks: list[Block]) -> None:
    """A name twice and a date ("Báo Quốc TếBáo Quốc Tế27/10/2023") is the publication and the day, run together."""
    for i, block in enumerate(blocks):
        if len(block.text) < 160 and (match := _TWICE.match(block.text)) and find_date(match["date"]):
            blocks[i] = replace(
                block, kind=BlockKind.METADATA, kept=False, rule="source-and-date", evidence=match["name"].strip()
            )


def metadata_of(blocks: Sequence[Block], hits: Sequence[Hit | None]) -> Metadata:
    """What date lines, bylines and credits say."""
    published: datetime | None = None
    author = source = None
    credit_lines: list[str] = []
    for block, hit in zip(blocks, hits, strict=True):
        if block.rule == "source-and-date":
            source = source or block.evidence
            published = published or find_date(block.text[len(block.evidence) * 2 :])
        elif block.rule == "date-line":
            published = published or find_date(block.text)
        elif hit is not None and hit.rule.id == block.rule:
            if block.rule == "byline":
                author = author or _after_label(block.text)
            elif hit.rule.kind == "credit":
                credit_lines.append(block.text)
                if block.rule == "source-credit" and (named := _named_source(block.text)):
                    source = source or named
            elif hit.credit:
                credit_lines.append(hit.credit)
    return Metadata(author=author, published=published, source=source, credits=tuple(dict.fromkeys(credit_lines)))


def _after_label(text: str) -> str:
    """ "Par Jean Dupont" -> "Jean Dupont"."""
    return re.sub(r"^\W*(?:\w+ (?:par|by|von)|\w+)\s*:?\s+", "", text, count=1, flags=re.IGNORECASE).strip(" |•·,")


def _named_source(text: str) -> str | None:
    match = re.match(r"^\W*(?:sources?|quellen?)\s*:\s*(\S.{0,60})$", text, re.IGNORECASE)
    return match[1].strip() if match else None
