"""What extraction and language made of a page: blocks kept and dropped, metadata, spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Text, cast, delete, func, insert, select

from ingest.store.engine import db_now
from ingest.store.schema import extractions
from ingest.types import Block, BlockKind, Document, Identified, Metadata, Span

REMOVED = '"kept": false'
"""How a removed block is written. It stands nowhere else: inside a string each quotation mark has a backslash."""


def save(
    connection: Connection, document_id: str, revision: int, document: Document, identified: Identified, title_lang: str
) -> None:
    """Keep a document with its languages as this revision; a second run of the same revision replaces the first."""
    connection.execute(
        delete(extractions).where(extractions.c.document_id == document_id, extractions.c.revision == revision)
    )
    connection.execute(
        insert(extractions).values(
            document_id=document_id,
            revision=revision,
            title=document.title,
            blocks=[_block_out(block) for block in document.blocks],
            metadata=_metadata_out(document.metadata),
            method=document.method,
            lang=identified.lang,
            title_lang=title_lang,
            spans=spans_out(identified.spans),
            at=db_now(),
        )
    )


def load(
    connection: Connection, document_id: str, revision: int | None = None
) -> tuple[Document, Identified, str] | None:
    """A document, its languages and its title's; the newest revision where none is named, None where there is none."""
    query = select(extractions).where(extractions.c.document_id == document_id)
    if revision is not None:
        query = query.where(extractions.c.revision == revision)
    row = connection.execute(query.order_by(extractions.c.revision.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    document = Document(
        title=row["title"],
        blocks=tuple(_block_in(block) for block in row["blocks"]),
        metadata=_metadata_in(row["metadata"]),
        method=row["method"],
    )
    return document, Identified(row["lang"], spans_in(row["spans"])), row["title_lang"]


def removed_of(connection: Connection, document_ids: Sequence[str]) -> dict[str, tuple[Block, ...]]:
    """For each of these documents the blocks that its newest extraction removed; left out where there is none."""
    other = extractions.alias()
    newest = select(func.max(other.c.revision)).where(other.c.document_id == extractions.c.document_id)
    query = select(extractions.c.document_id, extractions.c.blocks).where(
        extractions.c.document_id.in_(document_ids), extractions.c.revision == newest.scalar_subquery()
    )
    return {
        row.document_id: tuple(_block_in(block) for block in row.blocks if not block["kept"])
        for row in connection.execute(query)
    }


def removed_count() -> ColumnElement[int]:
    """How many blocks an extraction removed, counted where they lie: to read them is half the work of an article.

    NULL where there is no extraction. The division is the database's own: for `//` SQLAlchemy calls Python's floor,
    once a row, and that fails at NULL.
    """
    blocks = cast(extractions.c.blocks, Text)
    shorter: ColumnElement[int] = func.length(blocks) - func.length(func.replace(blocks, REMOVED, ""))
    return shorter.op("/", precedence=8, return_type=Integer())(len(REMOVED))


def forget(connection: Connection, document_id: str) -> None:
    """Remove every extraction of a document."""
    connection.execute(delete(extractions).where(extractions.c.document_id == document_id))


def spans_out(spans: tuple[Span, ...]) -> list[list[Any]]:
    """Spans as JSON: [start, end, language]."""
    return [[span.start, span.end, span.lang] for span in spans]


def spans_in(rows: list[list[Any]]) -> tuple[Span, ...]:
    """Spans from JSON."""
    return tuple(Span(start, end, lang) for start, end, lang in rows)


def _block_out(block: Block) -> dict[str, Any]:
    return {name: value for name, value in asdict(block).items() if value not in (None, "")}


def _block_in(row: dict[str, Any]) -> Block:
    return Block(**{**row, "text": row.get("text", ""), "kind": BlockKind(row["kind"])})


def _metadata_out(metadata: Metadata) -> dict[str, Any]:
    out = {name: value for name, value in asdict(metadata).items() if value not in (None, ())}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in out.items()}


def _metadata_in(row: dict[str, Any]) -> Metadata:
    values = dict(row)
    for name in ("published", "updated"):
        if name in values:
            values[name] = datetime.fromisoformat(values[name])
    values["credits"] = tuple(values.get("credits", ()))
    return Metadata(**values)
