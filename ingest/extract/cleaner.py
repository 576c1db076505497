"""The line cleaner: every line of a page, or part of a glued one, kept or dropped with a reason.

One cleaner for both kinds of input: lines of plain text, and the blocks that the vote over an HTML page kept. The
order is: explicit rules, headline and repeats, the site's memory, the score. A rule wins over the score.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ingest.extract.dates import find_date
from ingest.extract.features import is_sentence
from ingest.extract.glue import split_glued
from ingest.extract.headline import find_headline, same_text
from ingest.extract.rules import Hit, RuleTable, builtin_rules, fold, wording
from ingest.extract.score import score_lines
from ingest.types import Block, BlockKind, Metadata

KEEP = 0.5
"""Score from which a line is kept."""

_LIST_ITEM = re.compile(r"^\s*(?:[-–•*·▪]|\d{1,2}[.)])\s")
_QUOTED = re.compile(r"^[«„“\"].*[»“”\"][.!?]?$")
_END = re.compile(r"[.!?…:;,][»”\"“)’'\]]*\s*$")
_WORD = re.compile(r"[^\W\d_]+")
_TWICE = re.compile(r"^(?P<name>\S.{1,60}?)\s*(?P=name)\s*[-–|,•·]?\s*(?P<date>\d.{5,40})$")


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the input or a part of it; `kind` is what markup said it is, None where nothing did."""

    text: str
    line: int | None = None
    kind: BlockKind | None = None
    glued_before: bool = False  # the part before it stood in the same line
    glued_after: bool = False


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What the cleaner made of a page."""

    title: str | None
    blocks: tuple[Block, ...]
    metadata: Metadata


def clean_lines(
    parts: Sequence[Part],
    *,
    title: str | None = None,
    scores: Sequence[float] | None = None,
    rules: RuleTable | None = None,
) -> Cleaned:
    """The blocks of a page, each kept or dropped, with the title and what date lines, bylines and credits say.

    title: the headline where the page named it; None: look for it among the lines.
    scores: how likely each part is article text; None: by the line scorer.
    """
    rules = rules or builtin_rules()
    pieces = [_pieces(part, rules) for part in parts]
    if scores is not None:
        scores = [score for score, cut in zip(scores, pieces, strict=True) for _ in cut]
    parts = [piece for cut in pieces for piece in cut]
    lines = [wording(part.text) for part in parts]
    hits = [rules.match(line) for line in lines]
    scores = score_lines(lines, hits) if scores is None else scores
    blocks = [_decide(part, hit, score) for part, hit, score in zip(parts, hits, scores, strict=True)]
    _keep_before_kept(blocks, hits)
    _tell_sources(blocks)
    title = _take_headline(blocks, parts, title)
    _part_glued_links(blocks, parts)
    _drop_repeats(blocks)
    blocks = [_with_kind(block, parts[i].kind) for i, block in enumerate(blocks)]
    return Cleaned(title, tuple(blocks), _metadata(blocks, hits))


def _pieces(part: Part, rules: RuleTable) -> list[Part]:
    """The line cut at its seams and before the furniture that ends it."""
    texts: list[str] = []
    for text in split_glued(part.text):
        cut = rules.cut(text)
        texts += [text[: cut.start], text[cut.start :]] if cut and cut.start > 0 else [text]
    texts = [stripped for text in texts if (stripped := text.strip())]
    last = len(texts) - 1
    return [replace(part, text=text, glued_before=i > 0, glued_after=i < last) for i, text in enumerate(texts)]


def _decide(part: Part, hit: Hit | None, score: float) -> Block:
    """A block by rule, else by score."""
    if hit is not None and hit.rule.kind != "keep":
        return Block(part.text, hit.rule.block_kind, False, hit.rule.id, hit.matched, part.line)
    if score >= KEEP:
        return Block(part.text, BlockKind.PARAGRAPH, True, None, f"score {score:.2f}", part.line)
    return Block(part.text, BlockKind.BOILERPLATE, False, "score", f"score {score:.2f}", part.line)


def _keep_before_kept(blocks: list[Block], hits: Sequence[Hit | None]) -> None:
    """A line that a rule keeps ("Key points") is kept where kept text follows it: menus hold such words too."""
    for i, hit in enumerate(hits[:-1]):
        if hit is not None and hit.rule.kind == "keep" and not blocks[i].kept and blocks[i + 1].kept:
            blocks[i] = replace(blocks[i], kind=BlockKind.HEADING, kept=True, rule=hit.rule.id, evidence=hit.matched)


def _tell_sources(blocks: list[Block]) -> None:
    """A name twice and a date ("Báo Quốc TếBáo Quốc Tế27/10/2023") is the publication and the day, run together."""
    for i, block in enumerate(blocks):
        if len(block.text) < 160 and (match := _TWICE.match(block.text)) and find_date(match["date"]):
            blocks[i] = replace(
                block, kind=BlockKind.METADATA, kept=False, rule="source-and-date", evidence=match["name"].strip()
            )


def _take_headline(blocks: list[Block], parts: Sequence[Part], title: str | None) -> str | None:
    """The title; its line and the repeats of it are dropped as headline."""
    if title is None:
        furniture = [block.rule not in (None, "score") for block in blocks]
        place = find_headline([part.text for part in parts], furniture)
        title = parts[place].text if place is not None else None
    if title is None:
        return None
    first = True
    for i, block in enumerate(blocks):
        if (block.kept or block.rule == "score") and same_text(block.text, title):
            rule = "headline" if first else "repeated-headline"
            blocks[i] = replace(block, kind=BlockKind.TITLE, kept=False, rule=rule, evidence="")
            first = False
    return title


def _part_glued_links(blocks: list[Block], parts: Sequence[Part]) -> None:
    """Between two paragraphs, two texts in one line without a full stop: a related link, and the subhead after it."""
    for i in range(len(blocks) - 1):
        link, subhead = blocks[i], blocks[i + 1]
        if not (parts[i].glued_after and parts[i + 1].glued_before and link.rule in (None, "score")):
            continue
        between = _paragraph_at(blocks, parts, i, -1) and _paragraph_at(blocks, parts, i + 1, +1)
        if between and _unended(link.text, 6, 45) and _unended(subhead.text, 2, 16):
            blocks[i] = replace(link, kind=BlockKind.BOILERPLATE, kept=False, rule="glued-link", evidence="")
            blocks[i + 1] = replace(
                subhead, kind=BlockKind.HEADING, kept=True, rule="glued-subhead", evidence="after a link"
            )


def _paragraph_at(blocks: Sequence[Block], parts: Sequence[Part], i: int, step: int) -> bool:
    """Is the next line in this direction running text that is kept?"""
    i += step
    return 0 <= i < len(blocks) and blocks[i].kept and is_sentence(blocks[i].text)


def _unended(text: str, least: int, most: int) -> bool:
    return not _END.search(text) and least <= len(_WORD.findall(text)) <= most


def _drop_repeats(blocks: list[Block]) -> None:
    """A kept line that says what an earlier one said goes: leads and pull quotes stand twice on many pages."""
    seen: dict[str, int] = {}
    for i, block in enumerate(blocks):
        if not block.kept or len(block.text) < 40:
            continue
        key = fold(block.text)
        if key in seen:
            blocks[i] = replace(
                block,
                kind=BlockKind.BOILERPLATE,
                kept=False,
                rule="repeated-line",
                evidence=f"as line {blocks[seen[key]].line}" if block.line is not None else "",
            )
        else:
            seen[key] = i


def _with_kind(block: Block, told: BlockKind | None) -> Block:
    """What a kept block is: as the markup says, else by its looks."""
    if not block.kept or block.kind is BlockKind.HEADING:
        return block
    if told is not None:
        return replace(block, kind=told)
    if _LIST_ITEM.match(block.text):
        return replace(block, kind=BlockKind.LIST_ITEM)
    if len(block.text) < 120 and not _END.search(block.text):
        return replace(block, kind=BlockKind.HEADING)
    if _QUOTED.match(block.text):
        return replace(block, kind=BlockKind.QUOTE)
    return block


def _metadata(blocks: Sequence[Block], hits: Sequence[Hit | None]) -> Metadata:
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
