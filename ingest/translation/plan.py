"""What is to be translated of a text: its sentences, each as pieces that fit the model, as the model gets them.

A sentence is one piece, unless it holds a web or mail address (which passes between two pieces) or is too long for the
model (it is cut at the weakest joint near its middle, and again until all parts fit).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.translation.checks import Flag
from ingest.translation.normalize import normalize
from ingest.translation.segment import segment
from ingest.types import UNDETERMINED, Segment, Span

ENGLISH = "en"

MAX_SENTENCES = 2000
"""Sentences of one text that are translated; what lies behind stays in its own wording, flagged `copied`."""

MAX_CHARACTERS = 300_000
"""Characters of one text that are translated, likewise: 2,000 sentences of 150 characters. It bounds what a text of
one endless line can cost."""

PIECE_TOKENS = 110
"""Tokens of a piece at most. Marian models are trained on sentences of about a hundred; OPUS-CAT #93 and Marian #389
report that longer inputs lose their second half without an error."""

LINE_BREAK = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>\"«»„“”]+[^\s<>\"«»„“”.,;:!?)\]]|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE
)
TAG = re.compile(r"(?<!\w)[#@]\w+")
JOINTS = (
    re.compile(r"(?<=[;:])\s+"),
    re.compile(r"\s+(?=[–—-]\s)"),
    re.compile(r"(?<=,)\s+"),
    re.compile(r"\s+(?=(?:et|mais|ou|que|qui|dont|und|oder|aber|dass|weil|and|but|or|that)\s)"),
    re.compile(r"\s+"),
)
"""Where an over-long sentence is cut, the best kind of joint first."""

ENDLESS_WORD = 60
"""Letters from which on a word is none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence: `job` is what the model gets, None where `text` passes as it stands."""

    text: str
    job: str | None
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One sentence of one text and how it is to be translated."""

    segment: Segment
    pieces: tuple[Piece, ...]
    flags: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """True where nothing of it goes to a model."""
        return all(piece.job is None for piece in self.pieces)


CountTokens = Callable[[str, str], int]


def plan(
    text: str, spans: tuple[Span, ...], routed: Callable[[str], bool], count: CountTokens, limit: Callable[[str], int]
) -> list[Task]:
    """The tasks of a text, in order: every character that is not white space is in exactly one.

    spans: cover the text. routed: whether a language has a model. count: tokens of a piece in a language.
    limit: most tokens the language's model takes.
    """
    tasks: list[Task] = []
    translated = 0
    for sentence in sentences(text, spans):
        if sentence.lang == ENGLISH:
            tasks.append(_passing(sentence))
        elif sentence.lang == UNDETERMINED:
            tasks.append(_passing(sentence, *([Flag.COPIED] if _has_letters(sentence.text) else [])))
        elif not routed(sentence.lang):
            tasks.append(_passing(sentence, Flag.COPIED, Flag.NOT_ENGLISH))
        elif not is_linguistic(sentence.text):
            tasks.append(_passing(sentence))
        elif is_beyond(sentence.text) or translated >= MAX_SENTENCES or sentence.end > MAX_CHARACTERS:
            tasks.append(_passing(sentence, Flag.COPIED, Flag.NOT_ENGLISH))
        else:
            tasks.append(_task(sentence, count, min(limit(sentence.lang), PIECE_TOKENS)))
            translated += 1
    return tasks


def sentences(text: str, spans: tuple[Span, ...]) -> Iterator[Segment]:
    """The sentences of a text, by span, line and sentence end; they and the white space between them are the text."""
    for span in spans:
        start = span.start
        edges = [match.span() for match in LINE_BREAK.finditer(text, span.start, span.end)]
        for end, following in [*edges, (span.end, span.end)]:
            line = text[start:end]
            for first, last in segment(line, span.lang):
                yield Segment(line[first:last], start + first, start + last, span.lang)
            start = following


def _passing(sentence: Segment, *flags: Flag) -> Task:
    return Task(sentence, (Piece(sentence.text, None),), tuple(flags))


def _task(sentence: Segment, count: CountTokens, limit: int) -> Task:
    pieces = tuple(_pieces(sentence, count, limit))
    jobs = [piece for piece in pieces if piece.job is not None]
    separated = len(_around_addresses(sentence.text))
    flags = [Flag.SPLIT] if len(pieces) > separated else []
    flags += [Flag.REPAIRED] if any(piece.repaired for piece in jobs) else []
    return Task(sentence, pieces, tuple(flags))


def _pieces(sentence: Segment, count: CountTokens, limit: int) -> Iterator[Piece]:
    for part, is_address in _around_addresses(sentence.text):
        if is_address or not is_linguistic(part):
            yield Piece(part, None)
            continue
        for short in fit(part, lambda piece: count(normalize(piece, sentence.lang).text, sentence.lang), limit):
            normalized = normalize(short, sentence.lang)
            linguistic = is_linguistic(normalized.text)
            yield Piece(short, normalized.text if linguistic else None, normalized.repaired)


def _around_addresses(text: str) -> list[tuple[str, bool]]:
    """The text cut around web and mail addresses: (part, whether it is one); only white space is left out."""
    parts: list[tuple[str, bool]] = []
    start = 0
    for match in ADDRESS.finditer(text):
        parts += [(text[start : match.start()].strip(), False), (match.group(), True)]
        start = match.end()
    parts.append((text[start:].strip(), False))
    return [part for part in parts if part[0]]


def fit(text: str, count: Callable[[str], int], limit: int) -> list[str]:
    """The text in as few parts as needed, each of at most `limit` tokens; white space at the cuts is left out."""
    # A token is at least about a character in every script we have a route for, so this many characters fit surely;
    # a text of more than eight characters a token is cut before it is counted, since counting costs its length.
    if len(text) <= limit // 4:
        return [text]
    if len(text) <= 8 * limit and count(text) <= limit:
        return [text]
    at, after = _joint(text)
    return [*fit(text[:at].rstrip(), count, limit), *fit(text[after:].lstrip(), count, limit)]


def _joint(text: str) -> tuple[int, int]:
    """Where to cut a text in two: the best kind of joint in its middle half, of those the nearest to the middle."""
    middle = len(text) / 2
    for joint in JOINTS:
        cuts = [match.span() for match in joint.finditer(text, len(text) // 4, 3 * len(text) // 4 + 1)]
        if cuts:
            return min(cuts, key=lambda cut: abs(cut[0] - middle))
    half = len(text) // 2  # no white space for half of its length: not language; cut between any two characters
    while half < len(text) - 1 and unicodedata.combining(text[half]):
        half += 1
    return half, half


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


def is_linguistic(text: str) -> bool:
    """True where something is left to translate once addresses, hashtags and handles are taken out."""
    return _has_letters(TAG.sub(" ", ADDRESS.sub(" ", text)))


def is_beyond(text: str) -> bool:
    """True for what no model of ours reads: mostly letters that are not Latin, or mostly endless words."""
    letters = [character for character in text[:2000] if character.isalpha()]
    foreign = sum(1 for character in letters if ord(character) > 0x24F and not _is_latin(character))
    endless = sum(len(word) for word in text.split() if len(word) > ENDLESS_WORD)
    return 2 * foreign > len(letters) or 2 * endless > len(text)


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith("LATIN")
