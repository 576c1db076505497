"""An article laid out as its page stood: sentence beside sentence, and what was removed in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.types import Article, Block, BlockKind, Document, Sentence

FOLD = 6
"""Removed blocks in a row from which on they are folded away behind their count."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One sentence on both sides."""

    source: str
    target: str
    lang: str
    start: int  # in the original text
    model: str | None
    flags: tuple[str, ...]
    score: float | None
    turns: bool  # another language than the sentence before

    @property
    def untouched(self) -> bool:
        """Whether it came through as it was."""
        return self.source == self.target


@dataclass(frozen=True, slots=True)
class Kept:
    """A block that is part of the article."""

    kind: BlockKind
    pairs: tuple[Pair, ...]
    rule: str | None  # that kept it against the score
    evidence: str
    place: int  # of the block in its document


@dataclass(frozen=True, slots=True)
class Removed:
    """Blocks in a row that are not part of the article, in reading order."""

    blocks: tuple[Block, ...]
    first: int  # place of the first of them in its document

    @property
    def folded(self) -> bool:
        """Whether there are so many that the page first shows only their number."""
        return len(self.blocks) >= FOLD

    @property
    def rules(self) -> tuple[tuple[str, int], ...]:
        """How often each rule struck, the commonest first."""
        return tuple(Counter(block.rule or "score" for block in self.blocks).most_common())


def lay_out(article: Article, document: Document | None) -> tuple[Kept | Removed, ...]:
    """The article block by block; without the document's blocks, or where they are of another text, line by line."""
    if document is not None and document.text == article.original_text:
        blocks = document.blocks
    else:
        blocks = tuple(Block(line, BlockKind.PARAGRAPH, kept=True) for line in article.original_text.split("\n"))
    return tuple(_rows(blocks, article.sentences))


def pairs_of(sentences: tuple[Sentence, ...], before: str | None = None) -> tuple[Pair, ...]:
    """Sentences as pairs; `before` is the language that the reader comes from."""
    pairs = []
    for s in sentences:
        pairs.append(Pair(s.source, s.target, s.lang, s.start, s.model, s.flags, s.score, s.lang != before))
        before = s.lang
    return tuple(pairs)


def _rows(blocks: tuple[Block, ...], sentences: tuple[Sentence, ...]) -> Iterator[Kept | Removed]:
    place, next_sentence, lang = 0, 0, None
    removed: list[Block] = []
    for number, block in enumerate(blocks):
        if not block.kept:
            removed.append(block)
            continue
        if removed:
            yield Removed(tuple(removed), number - len(removed))
            removed = []
        end = place + len(block.text)
        first = next_sentence
        while next_sentence < len(sentences) and sentences[next_sentence].start < end:
            next_sentence += 1
        pairs = pairs_of(sentences[first:next_sentence], lang)
        if pairs:
            lang = pairs[-1].lang
            yield Kept(block.kind, pairs, block.rule, block.evidence, number)
        elif block.text.strip():  # no sentence says anything about it: shown, never lost
            silent = Pair(block.text, "", "und", place, None, ("no-sentence",), None, turns=False)
            yield Kept(block.kind, (silent,), block.rule, block.evidence, number)
        place = end + 1
    if removed:
        yield Removed(tuple(removed), len(blocks) - len(removed))
