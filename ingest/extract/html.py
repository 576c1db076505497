"""An HTML page: three extractors vote on its lines, the line cleaner goes over what they keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ingest.extract.cleaner import Part, clean_lines
from ingest.extract.limits import MAX_ELEMENTS, count_elements, harmless
from ingest.extract.linear import HtmlLine, page_lines
from ingest.extract.metadata import MAX_BODY, guess_date, read_body, read_metadata
from ingest.extract.page_features import PAGE_FEATURES, html_matrix
from ingest.extract.repair import repair_text
from ingest.extract.rules import builtin_rules, wording
from ingest.extract.score import builtin_forest
from ingest.extract.site_memory import SiteMemory
from ingest.extract.vote import parse, readability_text, resiliparse_text, trafilatura_text, votes
from ingest.extract.walls import find_wall, page_facts
from ingest.types import Block, BlockKind, Document, Page, Rejection, Stage
from ingest.urls import registered_domain

METHOD = "html-vote/1"
BODY_METHOD = "json-ld/1"

MIN_BODY = 400
"""Characters from which a text in JSON-LD can be an article."""

SCANT = 0.25
"""Share of the text that a page's JSON-LD gives below which the page itself is taken for an empty shell."""

MARGIN = 25
"""Lines before the first and after the last agreed one that are scored too."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A page's lines and who voted for each."""

    tree: Any  # lxml
    lines: list[HtmlLine]
    votes: list[list[bool]]
    whole: bool  # all three extractors looked; False: the page is too heavy for two of them


def look_at(html: str, url: str | None) -> Looked | None:
    """The lines of a page with the votes on them; None where there is no page in it."""
    safe = harmless(html)
    tree = parse(safe)
    if tree is None:
        return None
    lines = page_lines(tree)
    heavy = count_elements(safe) > MAX_ELEMENTS
    texts = ["", ""] if heavy else [trafilatura_text(tree, url), readability_text(tree)]
    texts.append(resiliparse_text(safe))
    return Looked(tree, lines, votes(lines, texts), not heavy)


def extract_html(html: str, page: Page, memory: SiteMemory | None = None) -> Document | Rejection:
    """The article of an HTML page, or why there is none."""
    looked = look_at(html, page.url)
    if looked is None:
        return Rejection(Stage.EXTRACT, "no-text", "There is no text in the page.")
    lines = [_repaired(line) for line in looked.lines]
    scores = score_page(lines, looked)
    parts = [
        Part(line.text, None, line.kind, score)
        for line, score in zip(lines, scores, strict=True)
        if line.text.strip() and (looked.whole or score > 0)  # of a page that is too heavy only what may be kept
    ]
    title, others, metadata = read_metadata(looked.tree, page.url)
    site = registered_domain(page.url) if page.url else None
    clean = partial(clean_lines, title=title or page.title, others=others, site=site, memory=memory)
    facts = page_facts(looked.tree, [line.linked for line in lines])
    cleaned, method = clean(parts), METHOD
    if not facts.paid and (told := _told_body(looked.tree, cleaned.blocks)):
        cleaned, method = clean(told), BODY_METHOD
    blocks = tuple(
        replace(block, kept=False, rule="caption") if block.kept and block.kind is BlockKind.CAPTION else block
        for block in cleaned.blocks
    )
    if (wall := find_wall(blocks, cleaned.title, facts)) is not None:
        return Rejection(Stage.EXTRACT, wall.reason, wall.detail)
    if not any(block.kept for block in blocks):
        return Rejection(Stage.EXTRACT, "no-text", f"None of its {len(lines)} lines reads like an article.")
    said = cleaned.metadata  # by the lines: date lines, bylines, credits
    metadata = replace(
        metadata,
        author=metadata.author or said.author or page.author,
        published=metadata.published or said.published or page.published or guess_date(looked.tree, page.url),
        language=metadata.language or page.language,
        credits=said.credits,
    )
    return Document(cleaned.title, blocks, metadata, method)


def _told_body(tree: Any, blocks: Sequence[Block]) -> list[Part]:
    """The text that JSON-LD gives where the page shows hardly any of it; empty: the page is no such shell."""
    kept = sum(len(block.text) for block in blocks if block.kept)
    if kept > SCANT * MAX_BODY:
        return []
    lines = read_body(tree)
    size = sum(map(len, lines))
    return [Part(line, vote=1.0) for line in lines] if size >= MIN_BODY and kept < SCANT * size else []


def _repaired(line: HtmlLine) -> HtmlLine:
    text = repair_text(line.text)
    return line if text == line.text else replace(line, text=text)


def score_page(lines: Sequence[HtmlLine], looked: Looked) -> list[float]:
    """How likely each line is article text: by the page scorer; by the one vote there is where a page is too heavy.

    Lines far from everything the extractors kept are not scored: they are 0.
    """
    if not looked.whole:
        return [float(any(ballot)) for ballot in looked.votes]
    start, end = stretch(looked.votes)
    if start == end:
        return []
    wordings = [wording(line.text) for line in lines[start:end]]
    hits = [builtin_rules().match(line) for line in wordings]
    matrix = html_matrix(lines[start:end], wordings, hits, looked.votes[start:end])
    scored = builtin_forest("page_weights.json", PAGE_FEATURES).probability(matrix)
    return [0.0] * start + [float(p) for p in scored] + [0.0] * (len(lines) - end)


def stretch(ballots: Sequence[Sequence[bool]]) -> tuple[int, int]:
    """First and one past the last line that is near one that two extractors keep, or any where no two agree."""
    for quorum in (2, 1):
        voted = [place for place, ballot in enumerate(ballots) if sum(ballot) >= quorum]
        if voted:
            return max(0, voted[0] - MARGIN), min(len(ballots), voted[-1] + 1 + MARGIN)
    return 0, len(ballots)
