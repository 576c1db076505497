"""What a site repeats is furniture: blocks by fingerprint, counted over the different articles of a site.

The counting itself stands behind a Protocol: in SQL for the workers (`ingest.store.sources.site_memory`), in a dict for
tests. What follows from the counts is decided here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Protocol

from ingest.extract.features import topicality
from ingest.extract.wording import Wording, ends, fold, is_sentence
from ingest.types import Block, BlockKind, Recalled, Seen

MIN_ARTICLES = 2
"""Other articles of the site in which a short line must have stood before it is furniture."""

MIN_SHARE = 0.5
"""Share of the site's articles in which a short line must have stood while it is known from few: a subhead
("Hintergrund") comes back too."""

WELL_KNOWN, MIN_SHARE_WELL_KNOWN = 5, 0.12
"""From so many articles on, a smaller share is enough: sections of a site have furniture of their own."""

MIN_ARTICLES_TEXT = 3
"""Other articles in which a paragraph must have stood."""

MIN_SHARE_TEXT = 0.6
"""Share of the site's articles for a paragraph: a policy text stands under nearly all of them, the lead that an
agency's updates of one story have in common stands in a few."""

MAX_TOPICAL = 0.3
"""A paragraph that shares more of its content words with the new text of the article is about it, however often it
was seen: the lead of a story that runs for days."""

MAX_TOPICAL_OPENING = 0.1
"""The same for paragraphs that open the text, above all new ones: that is where leads stand, and policies seldom."""

KNOWN_SITE = 3
"""Articles of a site from which on a sentence that none of them had is more likely text than the score says, where a
kept line that none of them had stands beside it, and from which on the places of furniture are known."""

KEEP_NEW, NEW_SENTENCE = 0.15, 50
"""Score and characters from which such a sentence is kept. With all of the memory, the 27 documents of six sites, by
trees that never saw the site (`benchmarks/fit_lines.py --check --seeds 3`): windows .953 .955 .950 -> .954 .956 .952 in
text F1, .960 .967 .962 -> .965 .970 .966 in content lines; whole dumps .950 -> .960, .952 -> .961 (means). At a score
of .3 windows gain half as much; teasers come along where any line counts."""

SLOT, SLOT_NEAR, SLOT_SIDE = 3, 5, 4
"""A place of the site's furniture whose words change (the blurb of a programme in the menu, an author's box): at most
so many new lines, right between lines of other articles, with at least so many of those within so many lines of either
side."""

SLOT_SURE, SLOT_TEXT = 0.9, 3
"""Such lines stay where the score is surer than that, or where the page has less other new text, in lines. With these
bounds 9 lines of 128 documents of 54 sites that have two or more go from whole dumps and one from windows, all of them
furniture; without the first two lines of an article go too."""

KNOWN = 2
"""Articles from which on a paragraph is no new text."""


class SiteMemory(Protocol):
    """Remembers what a site repeats."""

    def recall(self, site: str, fingerprints: Iterable[bytes]) -> Recalled:
        """What is known of these blocks of `site`; the article itself must not be counted."""


def fingerprint(text: str) -> bytes:
    """64 bits of the block's folded text: case, blanks and kinds of apostrophes make no difference."""
    return hashlib.blake2b(fold(text).encode("utf-8", "replace"), digest_size=8).digest()


def fingerprints(blocks: Iterable[Block]) -> dict[bytes, str]:
    """The blocks of a document that a memory may learn, by fingerprint: all lines, those that were dropped included."""
    return {fingerprint(block.text): block.text for block in blocks if block.text}


def is_furniture(seen: Seen, articles: int, *, paragraph: bool, topical: float, opening: bool = False) -> bool:
    """Does what the site repeats say that a block is no part of the article?

    articles: how many articles of the site were seen. paragraph: the block reads like running text.
    topical: share of its content words that the new running text of the page has.
    opening: no new text stands above it.
    """
    share = seen.articles / max(1, articles)
    if paragraph:
        limit = MAX_TOPICAL_OPENING if opening else MAX_TOPICAL
        return seen.articles >= MIN_ARTICLES_TEXT and share >= MIN_SHARE_TEXT and topical < limit
    least = MIN_SHARE_WELL_KNOWN if seen.articles >= WELL_KNOWN else MIN_SHARE
    return seen.articles >= MIN_ARTICLES and share >= least


def heed(blocks: list[Block], lines: Sequence[Wording], scores: Sequence[float], site: str, memory: SiteMemory) -> None:
    """Drop what the site repeats, and do what people said about its blocks."""
    prints = [fingerprint(line.text) for line in lines]
    recalled = memory.recall(site, dict.fromkeys(prints))
    known = [recalled.blocks.get(print_, Seen()) for print_ in prints]
    paragraphs = [is_sentence(line.text) for line in lines]
    new_text = [text and seen.articles < KNOWN for text, seen in zip(paragraphs, known, strict=True)]
    topical = topicality(lines, new_text) if any(seen.articles for seen in known) else [0.0] * len(lines)
    new = [block.kept and not seen.articles for block, seen in zip(blocks, known, strict=True)]
    beside_new = [before or after for before, after in zip([False, *new[:-1]], [*new[1:], False], strict=True)]
    opening = True
    for i, (block, seen) in enumerate(zip(blocks, known, strict=True)):
        opening = opening and not (block.kept and new_text[i])
        if seen.pin is not None and block.kind is not BlockKind.TITLE:
            rule = "pinned-keep" if seen.pin else "pinned-drop"
            kind = BlockKind.PARAGRAPH if seen.pin else BlockKind.BOILERPLATE
            blocks[i] = replace(block, kind=kind, kept=seen.pin, rule=rule, evidence="pinned for this site")
        elif block.kept and is_furniture(
            seen, recalled.articles, paragraph=paragraphs[i], topical=topical[i], opening=opening
        ):
            evidence = f"in {seen.articles} of {recalled.articles} other articles of {site}"
            blocks[i] = replace(block, kind=BlockKind.BOILERPLATE, kept=False, rule="site-repeat", evidence=evidence)
        elif recalled.articles >= KNOWN_SITE and not seen.articles and beside_new[i] and _may_be_text(block, scores[i]):
            blocks[i] = replace(block, kind=BlockKind.PARAGRAPH, kept=True, rule="site-new")
    if recalled.articles >= KNOWN_SITE:
        _empty_slots(blocks, lines, scores, known, site)


def _may_be_text(block: Block, score: float) -> bool:
    """A sentence that the score alone has dropped, if not by much?"""
    sentence = len(block.text) >= NEW_SENTENCE and ends(block.text)
    return block.rule in ("score", "vote") and score >= KEEP_NEW and sentence


def _empty_slots(
    blocks: list[Block], lines: Sequence[Wording], scores: Sequence[float], known: Sequence[Seen], site: str
) -> None:
    """Drop new words in a place of the site's furniture: nothing else of the page speaks of what they do."""
    new = [block.kept and not seen.articles and seen.pin is None for block, seen in zip(blocks, known, strict=True)]
    repeated = [not block.kept and seen.articles > 0 for block, seen in zip(blocks, known, strict=True)]
    text = [is_new and is_sentence(block.text) for is_new, block in zip(new, blocks, strict=True)]
    for start, end in _slots(new, repeated):
        elsewhere = [is_text and not start <= i < end for i, is_text in enumerate(text)]
        if max(scores[start:end]) >= SLOT_SURE or sum(elsewhere) < SLOT_TEXT:
            continue
        if max(topicality(lines, elsewhere)[start:end]) < MAX_TOPICAL:
            for i in range(start, end):
                evidence = f"new words between lines that other articles of {site} have"
                blocks[i] = replace(
                    blocks[i], kind=BlockKind.BOILERPLATE, kept=False, rule="site-slot", evidence=evidence
                )


def _slots(new: Sequence[bool], repeated: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """First and one past the last line of short runs of new lines among repeated ones."""
    start = 0
    for is_new, group in groupby(new):
        end = start + len(list(group))
        inside = start > 0 and end < len(new) and repeated[start - 1] and repeated[end]
        around = [*repeated[max(0, start - SLOT_SIDE) : start], *repeated[end : end + SLOT_SIDE]]
        if is_new and inside and end - start <= SLOT and sum(around) >= SLOT_NEAR:
            yield start, end
        start = end


@dataclass(slots=True)
class DictSiteMemory:
    """A memory that lasts as long as the process and forgets nothing."""

    seen_in: dict[tuple[str, bytes], set[str]] = field(default_factory=dict)
    articles_of: dict[str, set[str]] = field(default_factory=dict)
    pins: dict[tuple[str, bytes], bool] = field(default_factory=dict)

    def recall(self, site: str, fingerprints: Iterable[bytes]) -> Recalled:
        return Recalled(
            len(self.articles_of.get(site, ())),
            {
                print_: Seen(len(self.seen_in.get((site, print_), ())), self.pins.get((site, print_)))
                for print_ in fingerprints
                if (site, print_) in self.seen_in or (site, print_) in self.pins
            },
        )

    def learn(self, site: str, article: str, blocks: Iterable[Block]) -> None:
        """Count the blocks of one article."""
        self.articles_of.setdefault(site, set()).add(article)
        for print_ in fingerprints(blocks):
            self.seen_in.setdefault((site, print_), set()).add(article)
