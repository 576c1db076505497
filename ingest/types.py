"""What flows through the pipeline: one frozen type per stage, each field once.

FeedEntry -> Page -> Document(blocks) -> Segment(span, language) -> Translation(flags, model) -> Article
-> signature -> Match -> Cluster. `Rejection` is a normal ending of any stage, not an error.

All datetimes are timezone-aware and in UTC. All text is Unicode NFC. Languages are ISO 639-1 codes, and "und"
where none can be told. Offsets are in characters (code points), the end is exclusive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

UNDETERMINED = "und"
"""The language of a text whose language cannot be told (ISO 639-2)."""


NEEDS_REVIEW = "needs-review"
"""The flag of an article whose translation a person should look at; it is served all the same."""


class Stage(StrEnum):
    """Where a document stands; the order of the pipeline."""

    FETCH = "fetch"
    EXTRACT = "extract"
    TRANSLATE = "translate"
    CLUSTER = "cluster"


class State(StrEnum):
    """What happens to a document at its stage; every document is in exactly one."""

    PENDING = "pending"  # wants to run
    RUNNING = "running"  # a worker holds the lease
    RETRY = "retry"  # failed, runs again at next_run_at
    WAITING = "waiting"  # known language without a model; runs when a route appears
    DONE = "done"  # an article, clustered
    REJECTED = "rejected"  # a normal ending without an article; see Rejection
    QUARANTINED = "quarantined"  # gave up after repeated failure; a person can replay it
    REMOVED = "removed"  # taken down: a tombstone without text


TERMINAL = frozenset({State.WAITING, State.DONE, State.REJECTED, State.QUARANTINED, State.REMOVED})
"""States that nothing leaves by itself."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A normal ending without an article: `stage`, a short hyphenated `reason` that is counted, a sentence."""

    stage: Stage
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """What a feed says about one article."""

    feed_url: str
    guid: str  # the feed's own id of the entry; the link, or a hash of title and date, where it gives none
    url: str | None  # None for full-content feeds without links
    title: str
    summary: str  # plain text
    content: str  # HTML of full-content feeds, else ""
    author: str | None
    published: datetime | None
    updated: datetime | None
    language: str | None  # the feed's hint


@dataclass(frozen=True, slots=True)
class Page:
    """The bytes as they came, from a site, a file or a push, and where from."""

    body: bytes
    content_type: str  # media type without parameters, as sniffed or served: "text/html", "text/plain"
    charset: str | None  # as declared outside the body; None: find out
    url: str | None  # the final one, after redirects
    fetched: datetime
    title: str | None = None  # hints from the door (feed or JSONL), which win over nothing but absence
    published: datetime | None = None
    author: str | None = None
    summary: str | None = None  # the feed's own summary: the fallback behind walls
    language: str | None = None


class BlockKind(StrEnum):
    """What a block is in the article."""

    TITLE = "title"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list-item"
    QUOTE = "quote"
    TABLE = "table"
    CAPTION = "caption"
    METADATA = "metadata"  # byline, date line, source credit
    BOILERPLATE = "boilerplate"


@dataclass(frozen=True, slots=True)
class Block:
    """One line of the page, or the part of it between two glue points, kept or dropped with a reason."""

    text: str
    kind: BlockKind
    kept: bool  # True: it is part of the article's text
    rule: str | None = None  # id of the rule that dropped it (or that kept it against the score); None: by score, kept
    evidence: str = ""  # for people: the score, the count, the matched words
    line: int | None = None  # number of the input line, from 0; None where the input had no lines (HTML)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says about its article; None or empty where it does not say."""

    author: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    source: str | None = None  # the publication named on the page ("Báo Quốc Tế", "INFOBAE")
    site: str | None = None  # registered domain of the URL
    canonical_url: str | None = None
    language: str | None = None  # the page's own hint
    image_url: str | None = None
    credits: tuple[str, ...] = ()  # source lines, photo credits, agency credits, as they stood


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one block: different articles of the site it stood in (old ones count less), a person's word.

    pin: True: always keep, False: always drop, None: nobody said anything.
    """

    articles: int = 0
    pin: bool | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is known of a site: how many of its articles were seen, and its blocks by fingerprint."""

    articles: int = 0
    blocks: Mapping[bytes, Seen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A page cut into blocks, each kept or dropped; `text` is the article in the source's own wording."""

    title: str | None
    blocks: tuple[Block, ...]  # in reading order, dropped ones included; the title is not among the kept ones
    metadata: Metadata
    method: str  # how it was extracted, with version: "html-vote/1", "lines/1", "feed-summary/1"

    @property
    def text(self) -> str:
        """The kept blocks, one a line; offsets of spans and sentences count in this string."""
        return "\n".join(block.text for block in self.blocks if block.kept)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one text in one language."""

    start: int
    end: int
    lang: str


@dataclass(frozen=True, slots=True)
class Identified:
    """The language of a text and of its parts; the spans cover the text without gaps."""

    lang: str  # "und" where it cannot be told
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence of the source: the unit that is translated."""

    text: str
    start: int
    end: int
    lang: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a model answered for one sentence; `score` is the mean log-probability per token, None where unknown."""

    text: str
    score: float | None


class HypothesisLike(Protocol):
    """What a translator may answer with: anything that has the two fields of a `Hypothesis`."""

    @property
    def text(self) -> str:
        """The sentence in English."""

    @property
    def score(self) -> float | None:
        """Mean log-probability per token; None where unknown."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The finished English of one sentence, as the translation memory keeps it."""

    target: str
    flags: tuple[str, ...] = ()
    score: float | None = None
    model: str = ""  # name@revision
    lang: str = ""  # of the source


class SentenceTranslator(Protocol):
    """Turns sentences of one language into English, one for one; see `models.marian` for the real one."""

    def model(self, lang: str) -> str | None:
        """The name@revision that translates `lang` into English; None where there is no route."""

    def options(self) -> str:
        """Label of the decoding options, part of the translation memory's key ("int8-greedy")."""

    def count_tokens(self, text: str, lang: str) -> int:
        """Model tokens of `text`, the end mark included."""

    def max_tokens(self, lang: str) -> int:
        """Most tokens the model of `lang` takes in one input."""

    def stream(
        self, sentences: Sequence[str], lang: str, *, retry: bool = False
    ) -> Iterator[Sequence[tuple[int, HypothesisLike]]]:
        """Batch by batch, (number of a sentence, its English): each number once, in the order they are finished.

        Who stops asking gives up the rest. `retry` decodes with the wider beam and without repeats.
        """


class LanguageIdentifier(Protocol):
    """Tells languages apart; the built-in one is `ingest.language`, another may be named in settings."""

    def identify(self, text: str, hint: str | None = None) -> Identified:
        """The language of the text and of its spans; `hint` (of page or feed) decides only where all is unclear."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence on both sides: offsets in the source text and in the English text, and how it came about."""

    source: str
    target: str
    start: int
    end: int
    target_start: int
    target_end: int
    lang: str
    model: str | None  # name@revision; None where nothing was translated (English, numbers, emoji)
    flags: tuple[str, ...] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """A text in English with its sentences; `missing` names the language without a route, None if all went through."""

    text: str
    sentences: tuple[Sentence, ...]
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """What consumers read: one text in English and in the original, aligned by sentence, with its provenance."""

    id: str
    revision: int  # from 1; counted by the store: 0 in an article that is not stored yet
    url: str | None
    source: str | None
    author: str | None
    published: datetime | None
    updated: datetime | None
    seen: datetime  # when it came in
    title: str  # English; "" where the page had none
    text: str  # English
    original_title: str
    original_text: str
    lang: str  # of the original
    spans: tuple[Span, ...]
    sentences: tuple[Sentence, ...]
    flags: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    title_sentences: tuple[Sentence, ...] = ()
    image_url: str | None = None


class Copy(StrEnum):
    """In what way a member is a copy of the one it matched."""

    EXACT = "exact"
    NEAR = "near"
    TRANSLATED = "translated"
    TEASER = "teaser"
    REVISION = "revision"  # the same publisher's, under another address; of one address it is one article's revision


@dataclass(frozen=True, slots=True)
class SharedPassage:
    """The same passage on both sides, offsets in each article's English text."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


@dataclass(frozen=True, slots=True)
class Match:
    """A verified pair of near-duplicates and why: a < b."""

    a: str
    b: str
    estimated: float  # Jaccard of the signatures
    exact: float  # idf-weighted Jaccard of the stems
    rule: str  # the test that accepted the pair, or "must-link"
    kind: Copy
    passages: tuple[SharedPassage, ...] = ()


@dataclass(frozen=True, slots=True)
class Related:
    """Two accounts of one event that are not copies: a < b, cosine similarity."""

    a: str
    b: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Articles that are one text; the representative is what a consumer should read."""

    id: str
    members: tuple[str, ...]
    representative: str
    created: datetime
    changed: datetime


class Link(StrEnum):
    """What a person decided about two articles."""

    MUST = "must-link"
    CANNOT = "cannot-link"


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's word about two articles, a < b; it wins over the algorithm until undone."""

    id: int
    link: Link
    a: str
    b: str
    who: str
    when: datetime
    why: str = ""
    undone: datetime | None = None
