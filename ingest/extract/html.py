"""An HTML page: three extractors vote on its lines, the line cleaner goes over what they keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ingest.extract.cleaner import Part, clean_lines
from ingest.extract.limits import MAX_DEPTH, MAX_ELEMENTS, count_elements, depth, harmless
from ingest.extract.linear import page_lines
from ingest.extract.repair import repair_text
from ingest.extract.site_memory import SiteMemory
from ingest.extract.vote import parse, readability_text, resiliparse_text, trafilatura_text, votes
from ingest.types import BlockKind, Document, Metadata, Page, Rejection, Stage
from ingest.urls import registered_domain

METHOD = "html-vote/1"
QUORUM = 2


def extract_html(html: str, page: Page, memory: SiteMemory | None = None) -> Document | Rejection:
    """The article of an HTML page, or why there is none."""
    safe = harmless(html)
    heavy = count_elements(safe) > MAX_ELEMENTS or depth(safe) > MAX_DEPTH
    tree = parse(safe)
    if tree is None:
        return Rejection(Stage.EXTRACT, "no-text", "There is no page in it.")
    lines = page_lines(tree)
    texts = [resiliparse_text(safe)]
    if not heavy:
        texts += [trafilatura_text(safe, page.url), readability_text(safe)]
    ballots = votes(lines, texts)
    quorum = 1 if heavy else QUORUM
    parts = [
        Part(text, None, line.kind, float(sum(ballot) >= quorum))
        for line, ballot in zip(lines, ballots, strict=True)
        if (text := repair_text(line.text))
    ]
    title, metadata = page_metadata(safe, page)
    site = registered_domain(page.url) if page.url else None
    cleaned = clean_lines(parts, title=title, site=site, memory=memory)
    blocks = tuple(
        replace(block, kept=False, rule="caption") if block.kept and block.kind is BlockKind.CAPTION else block
        for block in cleaned.blocks
    )
    if not any(block.kept for block in blocks):
        return Rejection(Stage.EXTRACT, "no-text", f"None of its {len(lines)} lines reads like an article.")
    metadata = replace(metadata, credits=cleaned.metadata.credits)
    return Document(cleaned.title, blocks, metadata, METHOD)


def page_metadata(html: str, page: Page) -> tuple[str | None, Metadata]:
    """Title and metadata as the page's head states them; the door's hints where it does not."""
    import trafilatura

    found: Any = trafilatura.extract_metadata(html, default_url=page.url, extensive=False)
    if found is None:
        return page.title, Metadata(author=page.author, published=page.published, language=page.language)
    published = _day(found.date) or page.published
    return found.title or page.title, Metadata(
        author=found.author or page.author,
        published=published,
        source=found.sitename,
        site=found.hostname,
        canonical_url=found.url,
        language=found.language or page.language,
        image_url=found.image,
    )


def _day(date: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(date).replace(tzinfo=UTC) if date else None
    except ValueError:
        return None
