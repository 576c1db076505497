"""A page as it came, to a document: what it is, what it says, or why it is no article."""

from __future__ import annotations

from dataclasses import replace

from ingest.extract.decode import decode, describe_binary, is_broken_utf8, looks_like_feed, looks_like_html
from ingest.extract.lines import extract_lines
from ingest.extract.site_memory import SiteMemory
from ingest.types import Block, BlockKind, Document, Metadata, Page, Rejection, Stage

MAX_BYTES = 5 * 1024 * 1024
"""Bytes of a page; the largest of 210 news pages has 1.3 MB."""

METHOD = "html-vote/1"
SUMMARY_METHOD = "feed-summary/1"
MIN_SUMMARY = 80
"""Characters a feed's own summary needs to stand in for the article."""


def extract_page(page: Page, memory: SiteMemory | None = None) -> Document | Rejection:
    """The article of a page, or why there is none; a page behind a wall falls back to the feed's own summary."""
    result = _extract(page, memory)
    if isinstance(result, Rejection) and result.reason not in ("empty", "binary", "too-large"):
        return _from_summary(page) or result
    return result


def _extract(page: Page, memory: SiteMemory | None) -> Document | Rejection:
    body = page.body
    if len(body) > MAX_BYTES:
        return _reject("too-large", f"It has {len(body):,} bytes; at most {MAX_BYTES:,} are taken.")
    if not body.strip():
        return _reject("empty", "There is nothing in it.")
    if (what := describe_binary(body)) is not None:
        return _reject("binary", f"It is {what}, not a page or a text.")
    text = decode(body, page.charset)
    if looks_like_feed(text):
        return _reject("feed", "It is a feed or a sitemap, not an article: add it as a feed.")
    if looks_like_html(text, page.content_type):
        from ingest.extract.html import extract_html

        return extract_html(text, page, memory)
    if is_broken_utf8(body, page.charset):
        return _reject("broken-encoding", "It is UTF-8 with bytes in it that are none: the file is damaged.")
    document = extract_lines(text.splitlines(), url=page.url, title=page.title, memory=memory)
    return with_hints(document, page) if isinstance(document, Document) else document


def with_hints(document: Document, page: Page) -> Document:
    """What the door said about the page, where the page itself says nothing."""
    told = document.metadata
    return replace(
        document,
        title=document.title or page.title,
        metadata=replace(
            told,
            author=told.author or page.author,
            published=told.published or page.published,
            language=told.language or page.language,
        ),
    )


def _from_summary(page: Page) -> Document | None:
    summary = (page.summary or "").strip()
    if len(summary) < MIN_SUMMARY:
        return None
    blocks = tuple(
        Block(line.strip(), BlockKind.PARAGRAPH, True, "feed-summary") for line in summary.split("\n") if line.strip()
    )
    return with_hints(Document(page.title, blocks, Metadata(), SUMMARY_METHOD), page)


def _reject(reason: str, detail: str) -> Rejection:
    return Rejection(Stage.EXTRACT, reason, detail)
