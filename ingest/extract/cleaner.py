"""The line cleaner: every line of a page, or part of a glued one, kept or dropped with a reason.

One cleaner for both kinds of input: lines of plain text, and the blocks that the vote over an HTML page kept. The
order is: explicit rules, headline and repeats, the site's memory, the score. A rule wins over the score, but in running
text without markup: reports are written about newsletters and cookies, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ingest.extract.credits import metadata_of, tell_sources
from ingest.extract.glue import split_glued
from ingest.extract.headline import bare, find_headline
from ingest.extract.rules import Hit, RuleTable, builtin_rules
from ingest.extract.score import score_lines
from ingest.extract.site_memory import SiteMemory, heed
from ingest.extract.wording import Wording, ends, is_sentence, wording
from ingest.types import Block, BlockKind, Metadata

KEEP = 0.4
"""Score from which a line of plain text is kept. Cross-validated by site (8 folds, means of three ways to share the
sites out), at .4, .45 and .5: text F1 of windows .965, .966, .966, of whole dumps .949, .950, .948; content lines
.953, .952, .950 and .924, .924, .922; of articles alone 2.3 %, 2.4 % and 2.5 % of the lines are lost. The lowest: a
reader misses a paragraph more than a teaser is in the way."""

KEEP_VOTED = 0.5
"""Score from which a line of an HTML page is kept."""

ANNOUNCES, LIST = 3, 40
"""Words that a line with a colon needs to announce a list, and how many lines after it may be of it."""

KEEP_ITEM, LONGEST_ITEM = 0.05, 200
"""Score and characters of the items of such a list. Cross-validated by site (8 folds, three ways to share the sites
out), with lists as the score alone has them and with this: windows, text F1 .9613 and .9626, content lines .940 and
.945; whole dumps .9438 and .9448, .910 and .914. At a score of .15 the gain is half as large."""

KEEP_PLAIN, MOSTLY = 0.02, 0.5
"""Score from which a line is kept in a text without furniture, and how much of the text, in characters, the score keeps
already. Of 80 written articles that nothing was fitted to and that come alone 9 % of the lines are lost, not 16 %.
Three of their windows are taken for such a text, and one of 436 windows and dumps of the web."""

_BY_NUMBERS = (None, "score", "vote")
"""Rules of blocks that no rule has taken."""

_LIST_ITEM = re.compile(r"^\s*(?:[-–•*·▪]|\d{1,2}[.)])\s")
_QUOTED = re.compile(r"^[«„“\"].*[»“”\"][.!?]?$")
_END = re.compile(r"[.!?…:;,][\s»”\"“)’'\]]*$")
_WORD = re.compile(r"[^\W\d_]+")


Scorer = Callable[[Sequence[Wording], Sequence[Hit | None]], Sequence[float]]
"""Says how likely each line is article text; see `score.score_lines` for the one that ships."""


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the input or a part of it; `kind` is what markup said it is, None where nothing did."""

    text: str
    line: int | None = None
    kind: BlockKind | None = None
    vote: float | None = None  # how sure the vote over a page is that it is article text; None: ask the line scorer
    glued_before: bool = False  # the part before it stood in the same line
    glued_after: bool = False
    outside: tuple[str, str] | None = None  # rule and evidence where the markup says that it is none of the article


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
    others: Sequence[str] = (),
    site: str | None = None,
    memory: SiteMemory | None = None,
    rules: RuleTable | None = None,
    score: Scorer = score_lines,
) -> Cleaned:
    """The blocks of a page, each kept or dropped, with the title and what date lines, bylines and credits say.

    title: the headline where the page named it; None: look for it among the lines.
    others: other wordings of the headline on the page; their lines are dropped too.
    site: whose page it is, for the memory of what sites repeat.
    """
    rules = rules or builtin_rules()
    parts = [piece for part in parts for piece in _pieces(part, rules)]
    lines = [wording(part.text) for part in parts]
    hits = [rules.match(line) for line in lines]
    if any(part.vote is None for part in parts):
        scores = score(lines, hits)
    else:
        scores = [part.vote or 0.0 for part in parts]
    blocks = [_decide(part, hit, score) for part, hit, score in zip(parts, hits, scores, strict=True)]
    _keep_before_kept(blocks, hits)
    _keep_announced(blocks, scores)
    tell_sources(blocks)
    plain = not any(part.vote is not None for part in parts) and _is_plain(blocks)
    if title is None:
        furniture = [block.rule not in _BY_NUMBERS for block in blocks]
        text = [block.kept or (plain and block.rule == "score") for block in blocks]
        place = find_headline(lines, text, furniture, scores)
        title = parts[place].text if place is not None else None
    _drop_headline(blocks, title, others)
    if plain:
        _keep_between(blocks, scores)
    _part_glued_links(blocks, parts)
    _drop_repeats(blocks)
    if memory is not None and site:
        heed(blocks, lines, scores, site, memory)
    blocks = [_with_kind(block, part.kind) for block, part in zip(blocks, parts, strict=True)]
    return Cleaned(title, tuple(blocks), metadata_of(blocks, hits))


def _pieces(part: Part, rules: RuleTable) -> list[Part]:
    """The line cut at its seams and before the furniture that ends it."""
    texts: list[str] = []
    whole = split_glued(part.text)
    if len(whole) == 1 and rules.cut(part.text) is None:  # nearly every line
        text = part.text.strip()
        return [part if text == part.text else replace(part, text=text)] if text else []
    for text in whole:
        cut = rules.cut(text)
        texts += [text[: cut.start], text[cut.start :]] if cut and cut.start > 0 else [text]
    texts = [stripped for text in texts if (stripped := text.strip())]
    last = len(texts) - 1
    return [replace(part, text=text, glued_before=i > 0, glued_after=i < last) for i, text in enumerate(texts)]


def _decide(part: Part, hit: Hit | None, score: float) -> Block:
    """A block by rule, else by score; words that subheads and reports use too do not overrule the score.

    Of a page's lines the extractors keep what stands in paragraphs: there prompts in sentences are as sure as reports.
    """
    if part.outside is not None:
        return Block(part.text, BlockKind.BOILERPLATE, False, *part.outside, part.line)
    kept = score >= (KEEP if part.vote is None else KEEP_VOTED)
    soft = hit is not None and (hit.soft if part.vote is None else hit.rule.soft)
    if hit is not None and hit.rule.kind != "keep" and not (soft and kept):
        return Block(part.text, hit.rule.block_kind, False, hit.rule.id, hit.matched, part.line)
    by = "score" if part.vote is None else "vote"
    if kept:
        return Block(part.text, BlockKind.PARAGRAPH, True, None, f"{by} {score:.2f}", part.line)
    return Block(part.text, BlockKind.BOILERPLATE, False, by, f"{by} {score:.2f}", part.line)


def _keep_before_kept(blocks: list[Block], hits: Sequence[Hit | None]) -> None:
    """A line that a rule keeps ("Key points") is kept where kept text follows it: menus hold such words too."""
    for i, hit in enumerate(hits[:-1]):
        if hit is not None and hit.rule.kind == "keep" and not blocks[i].kept and blocks[i + 1].kept:
            blocks[i] = replace(blocks[i], kind=BlockKind.HEADING, kept=True, rule=hit.rule.id, evidence=hit.matched)


def _keep_announced(blocks: list[Block], scores: Sequence[float]) -> None:
    """The list that a kept line with a colon announces is kept: its items alone look like a menu's."""
    for i in range(len(blocks)):
        if not (blocks[i].kept and blocks[i].text.endswith(":") and len(_WORD.findall(blocks[i].text)) >= ANNOUNCES):
            continue
        items = list(takewhile(lambda j: _may_be_item(blocks[j], scores[j]), range(i + 1, min(len(blocks), i + LIST))))
        if len(items) < 2:
            continue
        for j in items:
            if not blocks[j].kept:
                evidence = f"under a colon, {blocks[j].evidence}"
                blocks[j] = replace(blocks[j], kind=BlockKind.LIST_ITEM, kept=True, rule=None, evidence=evidence)


def _may_be_item(block: Block, score: float) -> bool:
    open_ = block.kept or (block.rule in _BY_NUMBERS and score >= KEEP_ITEM)
    return open_ and len(block.text) <= LONGEST_ITEM and not is_sentence(block.text)


def _drop_headline(blocks: list[Block], title: str | None, others: Sequence[str]) -> None:
    """The title's line goes as headline, and the repeats of it."""
    if title is None:
        return
    wordings = {bare(one) for one in (title, *others)}
    first = True
    for i, block in enumerate(blocks):
        if (block.kept or block.rule in ("score", "vote")) and bare(block.text) in wordings:
            rule = "headline" if first else "repeated-headline"
            blocks[i] = replace(block, kind=BlockKind.TITLE, kept=False, rule=rule, evidence="")
            first = False


def _is_plain(blocks: Sequence[Block]) -> bool:
    """Does no rule find furniture in a text, nor the score much? Agencies and feeds send such."""
    for block in blocks:
        by_rule = block.kind is BlockKind.BOILERPLATE and block.rule not in (*_BY_NUMBERS, "repeated-line")
        if by_rule and _WORD.search(block.text):  # asterisks between paragraphs say nothing
            return False
    kept = sum(len(block.text) for block in blocks if block.kept)
    dropped = sum(len(block.text) for block in blocks if block.rule == "score")
    return kept > 0 and kept >= MOSTLY * (kept + dropped)


def _keep_between(blocks: list[Block], scores: Sequence[float]) -> None:
    """What stands between kept lines of a plain text is kept, before and behind them what ends like a sentence: there
    may be furniture that no rule knows.
    """
    kept = [i for i, block in enumerate(blocks) if block.kept]
    for i, block in enumerate(blocks):
        if block.rule == "score" and scores[i] >= KEEP_PLAIN and (kept[0] < i < kept[-1] or ends(block.text)):
            evidence = f"no furniture, {block.evidence}"
            blocks[i] = replace(block, kind=BlockKind.PARAGRAPH, kept=True, rule=None, evidence=evidence)


def _part_glued_links(blocks: list[Block], parts: Sequence[Part]) -> None:
    """Between two paragraphs, two texts in one line without a full stop: a related link, and the subhead after it."""
    for i in range(len(blocks) - 1):
        link, subhead = blocks[i], blocks[i + 1]
        if not (parts[i].glued_after and parts[i + 1].glued_before and link.rule in _BY_NUMBERS):
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
        key = wording(block.text).folded
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
    if block.kind is BlockKind.LIST_ITEM or _LIST_ITEM.match(block.text):
        return replace(block, kind=BlockKind.LIST_ITEM)
    if len(block.text) < 120 and not _END.search(block.text):
        return replace(block, kind=BlockKind.HEADING)
    if _QUOTED.match(block.text):
        return replace(block, kind=BlockKind.QUOTE)
    return block
