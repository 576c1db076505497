"""A lead that a site shows a second time in another language, told by its numbers, its names and its length.

Sites that translate by machine often leave the original lead beside the translated one. It is the same passage, so it
is kept once, in the document's main language. A quotation in the original wording is no repeat and always stays.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.types import UNDETERMINED, Block, BlockKind, Document, Identified, Span

RULE = "lead-repeat"

LEAD_BLOCKS = 6
"""How many kept blocks from the top may hold the lead and its repeat, headings and repeated headlines included."""

SHORTEST = 8  # words; below that, two passages share numbers and names by chance
LENGTH_RATIO = 0.6  # of the characters of the shorter to the longer; translations between fr, de and en lie in .75-1

NAMES_SHARED = ((5, 0.75), (1, 0.5), (0, 0.25))
"""By how many numbers both have (none, one, more): how many names they must share, and which part of the names of
the side with fewer. Many names have another form in the other language, and numbers alone say a lot.

Of 21,973 translated sentences of 15 to 45 words (WMT news, French and German with English) this finds two thirds of
those with numbers and a fifth of all; of 65,901 pairs of a sentence and the translation of one of the next three, 31
pass wrongly. Half of the names and three anchors of either kind found less than half, and passed 100.
"""

_NUMBER = re.compile(r"\d+(?:[ .,'’\u00a0\u202f]\d{3})*(?!\d)(?:[.,]\d+)?")
_NAME = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_QUOTE_MARKS = "\"'„“”«»‘’‚‹›"


@dataclass(frozen=True, slots=True)
class _Passage:
    """A kept block with its place in the document and its span of the text."""

    index: int
    block: Block
    start: int
    end: int
    lang: str


def drop_repeats(document: Document, identified: Identified) -> tuple[Document, Identified]:
    """The document without the repeats of its lead in another language (rule "lead-repeat"), and its spans re-based.

    identified: of `document.text`. Both are returned as they came where there is nothing to drop.
    """
    passages = _passages(document, identified)[:LEAD_BLOCKS]
    repeats: dict[int, _Passage] = {}
    evidence: dict[int, str] = {}
    for first, second in pairwise(passages):
        for kept, other in ((first, second), (second, first)):
            if kept.lang == identified.lang and other.index not in repeats and (why := _repeats(kept, other)):
                repeats[other.index], evidence[other.index] = other, why
    if not repeats:
        return document, identified
    blocks = tuple(
        replace(block, kept=False, rule=RULE, evidence=evidence[index]) if index in repeats else block
        for index, block in enumerate(document.blocks)
    )
    shorter = replace(document, blocks=blocks)
    spans = _without(identified.spans, [(p.start, p.end) for p in repeats.values()], len(shorter.text))
    return shorter, Identified(identified.lang, spans)


def _passages(document: Document, identified: Identified) -> list[_Passage]:
    """The kept blocks, each with its offsets in the text and the language of most of its characters."""
    found = []
    start = 0
    for index, block in enumerate(document.blocks):
        if block.kept:
            end = start + len(block.text)
            found.append(_Passage(index, block, start, end, _language(identified.spans, start, end)))
            start = end + 1
    return found


def _language(spans: tuple[Span, ...], start: int, end: int) -> str:
    shares: dict[str, int] = {UNDETERMINED: 0}
    for span in spans:
        overlap = min(end, span.end) - max(start, span.start)
        if overlap > 0:
            shares[span.lang] = shares.get(span.lang, 0) + overlap
    return max(shares, key=shares.__getitem__)


def _repeats(kept: _Passage, other: _Passage) -> str | None:
    """Why `other` says the same as `kept` in another language; None where it does not."""
    if other.lang in (kept.lang, UNDETERMINED) or any(_exempt(passage.block) for passage in (kept, other)):
        return None
    lengths = sorted((len(kept.block.text), len(other.block.text)))
    if lengths[0] < LENGTH_RATIO * lengths[1]:
        return None
    numbers = _numbers(kept.block.text)
    if numbers != _numbers(other.block.text):
        return None
    names, shared = _shared_names(kept.block.text, other.block.text)
    least, part = NAMES_SHARED[min(len(numbers), len(NAMES_SHARED) - 1)]
    if len(shared) < max(least, part * names):
        return None
    where = f"line {kept.block.line + 1}" if kept.block.line is not None else "the passage beside it"
    return f"{other.lang}, repeats {where} in {kept.lang}: {', '.join([*sorted(numbers), *sorted(shared)])}"


def _exempt(block: Block) -> bool:
    """Too short to judge, or a quotation: the words that were said are never a repeat of what is told about them."""
    text = block.text.strip()
    return (
        block.kind in (BlockKind.QUOTE, BlockKind.TABLE, BlockKind.CAPTION)
        or len(text.split()) < SHORTEST
        or text[0] in _QUOTE_MARKS
        or text[-1] in _QUOTE_MARKS
    )


def _numbers(text: str) -> frozenset[str]:
    """The numbers of a text in one style: thousands closed up, a point before decimals ("14 000" gives 14000)."""
    found = set()
    for match in _NUMBER.finditer(text):
        whole = re.sub(r"[ .,'’\u00a0\u202f](?=\d{3}(?!\d))", "", match[0])
        found.add(whole.replace(",", "."))
    return frozenset(found)


def _shared_names(one: str, two: str) -> tuple[int, set[str]]:
    """How many names the side with fewer has, and those of them that the other side has too, in whatever form."""
    fewer, more = sorted((_names(one), _names(two)), key=len)
    return len(fewer), {word for folded, word in fewer.items() if any(_same_name(folded, other) for other in more)}


def _names(text: str) -> dict[str, str]:
    """Capitalised words that open no sentence, folded, each with the word itself; in German every noun is one."""
    found = {}
    for match in _NAME.finditer(text):
        before = text[: match.start()].rstrip()
        if match[0][0].isupper() and len(match[0]) > 2 and before and before[-1] not in ".!?:…":
            found[_fold(match[0])] = match[0]
    return found


def _fold(word: str) -> str:
    """Lower case without accents, and c as k: "Corée" and "Nordkorea" then share "kore"."""
    letters = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace("c", "k")


def _same_name(one: str, two: str) -> bool:
    """The first four letters of one are in the other ("russie", "russland"; "koree", "nordkorea")."""
    return one[:4] in two or two[:4] in one


def _without(spans: tuple[Span, ...], gone: list[tuple[int, int]], length: int) -> tuple[Span, ...]:
    """The spans after the blocks at `gone` and one line break each were taken out; they cover `length` characters."""

    def moved(offset: int) -> int:
        return min(length, offset - sum(max(0, min(offset, end + 1) - start) for start, end in gone))

    joined: list[Span] = []
    for span in spans:
        start, end = moved(span.start), moved(span.end)
        if start >= end:
            continue
        if joined and joined[-1].lang == span.lang:
            joined[-1] = Span(joined[-1].start, end, span.lang)
        else:
            joined.append(Span(start, end, span.lang))
    return tuple(joined)
