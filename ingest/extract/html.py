"""An HTML page: three extractors vote on its lines, the line cleaner goes over what they keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.extract.boxes import boxed
from ingest.extract.cleaner import KEEP_VOTED, Part, clean_lines
from ingest.extract.limits import MAX_ELEMENTS, count_elements, harmless
from ingest.extract.linear import HtmlLine, page_lines
from ingest.extract.metadata import (
    MIN_DESCRIPTION,
    guess_date,
    read_metadata,
    read_told,
    shown_author,
)
from ingest.extract.page_features import PAGE_FEATURES, html_matrix
from ingest.extract.repair import repair_lines
from ingest.extract.rules import builtin_rules
from ingest.extract.score import builtin_forest
from ingest.extract.shown import drop_next_articles, reveal
from ingest.extract.site_memory import SiteMemory
from ingest.extract.vote import parse, readability_text, resiliparse_text, serialized, trafilatura_text, votes
from ingest.extract.walls import find_wall, page_facts
from ingest.extract.wording import wording
from ingest.types import Block, BlockKind, Document, Page, Rejection, Stage
from ingest.urls import registered_domain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METHOD = "html-vote/1"
BODY_METHOD = "json-ld/1"

HIDDEN = ("hidden", "the page does not show it")

MIN_BODY = 400
"""Characters from which a text in JSON-LD can be an article."""

SCANT = 0.25
"""Share of the text that a page's JSON-LD gives below which the page itself is taken for an empty shell."""

MIN_TEXT = 60
"""Characters of a whole page below which no extractor is asked: the shortest article of 210 pages has 193, and on
next to nothing they try everything they have (25 ms for "<p>x", 7 ms for a small article)."""

MARGIN = 25
"""Lines before the first and after the last agreed one that are scored too."""

AHEAD = 80
"""Lines before the first agreed one in which a line that the head describes is looked for: a standfirst stands above
pictures and share bars. Of 168 such lines on 210 pages 164 are article text."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A page's lines and who voted for each."""

    tree: Any  # lxml
    lines: list[HtmlLine]  # repaired
    votes: list[list[bool]]
    body: tuple[str, ...]  # the lines of the article's text in JSON-LD, if it is there
    told: list[float]  # 1 for lines that are in that text, 0 for others; -1 for all where there is none
    described: list[bool]  # lines that are in what the head says the article is about
    whole: bool  # all three extractors looked; False: the page is too heavy for two of them


def look_at(html: str, url: str | None) -> Looked | None:
    """The lines of a page with the votes on them; None where there is no page in it."""
    safe = harmless(html)
    tree = parse(safe)
    if tree is None:
        return None
    lines = page_lines(tree)
    shown = [drop_next_articles(tree, url), not page_facts(tree, ()).paid and reveal(tree, lines)]
    if any(shown):
        safe, lines = serialized(tree), page_lines(tree)
    heavy = count_elements(safe) > MAX_ELEMENTS
    if sum(len(line.text) for line in lines) < MIN_TEXT:
        texts = ["", "", ""]
    elif heavy:
        texts = ["", "", resiliparse_text(safe)]
    else:
        texts = [trafilatura_text(tree, url), readability_text(tree), resiliparse_text(safe)]
    body, described = read_told(tree)
    body = body if sum(map(len, body)) >= MIN_BODY else ()
    ballots = votes(lines, [*texts, "\n".join(body), "\n".join(described)])
    return Looked(
        tree=tree,
        lines=_repaired(lines),
        votes=[ballot[:3] for ballot in ballots],
        body=body,
        told=[float(ballot[3]) if body else -1.0 for ballot in ballots],
        described=[
            ballot[4] and len(line.text) >= MIN_DESCRIPTION for line, ballot in zip(lines, ballots, strict=True)
        ],
        whole=not heavy,
    )


def extract_html(html: str, page: Page, memory: SiteMemory | None = None) -> Document | Rejection:
    """The article of an HTML page, or why there is none."""
    looked = look_at(html, page.url)
    if looked is None:
        return Rejection(Stage.EXTRACT, "no-text", "There is no text in the page.")
    return read_article(looked, score_page(looked), page, memory)


def read_article(
    looked: Looked, scores: Sequence[float], page: Page, memory: SiteMemory | None = None
) -> Document | Rejection:
    """The article of a page whose lines are scored, one number from 0 to 1 a line."""
    lines = looked.lines
    parts = [
        Part(line.text, None, line.kind, score, outside=outside)
        for line, score, outside in zip(lines, scores, _outside(lines, scores), strict=True)
        if line.text.strip() and (looked.whole or score > 0)  # of a page that is too heavy only what may be kept
    ]
    title, others, metadata = read_metadata(looked.tree, page.url)
    site = registered_domain(page.url) if page.url else None
    clean = partial(clean_lines, title=title or page.title, others=others, site=site, memory=memory)
    facts = page_facts(looked.tree, [line.linked for line in lines])
    cleaned, method = clean(parts), METHOD
    if not facts.paid and (told := _told_body(looked.body, cleaned.blocks)):
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
        author=metadata.author or said.author or page.author or shown_author(looked.tree),
        published=metadata.published or said.published or page.published or guess_date(looked.tree, page.url),
        language=metadata.language or page.language,
        credits=said.credits,
    )
    return Document(cleaned.title, blocks, metadata, method)


def _outside(lines: Sequence[HtmlLine], scores: Sequence[float]) -> list[tuple[str, str] | None]:
    """Of each line the rule and the evidence by which the markup says that it is none of the article."""
    outside: list[tuple[str, str] | None] = [HIDDEN if line.hidden_by == "attribute" else None for line in lines]
    for place, heading in boxed(lines, scores, builtin_rules(), keep=KEEP_VOTED).items():
        outside[place] = outside[place] or ("box", f"in a box under “{heading}”")
    return outside


def _told_body(body: Sequence[str], blocks: Sequence[Block]) -> list[Part]:
    """The text that JSON-LD gives where the page shows hardly any of it; empty: the page is no such shell."""
    kept = sum(len(block.text) for block in blocks if block.kept)
    return [Part(line, vote=1.0) for line in body] if kept < SCANT * sum(map(len, body)) else []


def _repaired(lines: list[HtmlLine]) -> list[HtmlLine]:
    texts = repair_lines([line.text for line in lines])
    return [line if text == line.text else replace(line, text=text) for line, text in zip(lines, texts, strict=True)]


def score_page(looked: Looked) -> list[float]:
    """How likely each line is article text: by the page scorer; by the one vote there is where a page is too heavy.

    Lines far from everything the extractors kept are not scored: they are 0.
    """
    if not looked.whole:
        return [float(any(ballot)) for ballot in looked.votes]
    start, end = stretch(looked)
    if start == end:
        return []
    scored = builtin_forest("page_weights.json", PAGE_FEATURES).probability(looked_matrix(looked))
    return [0.0] * start + [float(p) for p in scored] + [0.0] * (len(looked.lines) - end)


def looked_matrix(looked: Looked) -> NDArray[np.float32]:
    """The features of the lines that are scored (`stretch`), shape (lines, len(PAGE_FEATURES))."""
    start, end = stretch(looked)
    lines = looked.lines[start:end]
    wordings = [wording(line.text) for line in lines]
    hits = [builtin_rules().match(line) for line in wordings]
    told = list(zip(looked.told[start:end], looked.described[start:end], strict=True))
    return html_matrix(lines, wordings, hits, looked.votes[start:end], told)


def stretch(looked: Looked) -> tuple[int, int]:
    """First and one past the last line that is near one that two extractors keep, or any where no two agree.

    It begins earlier where the head describes an earlier line.
    """
    count = len(looked.lines)
    for quorum in (2, 1):
        voted = [place for place, ballot in enumerate(looked.votes) if sum(ballot) >= quorum]
        if voted:
            first = voted[0]
            ahead = [place for place in range(max(0, first - AHEAD), first) if looked.described[place]]
            return max(0, min([first - MARGIN, *ahead])), min(count, voted[-1] + 1 + MARGIN)
    return 0, count
