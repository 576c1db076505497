"""A text as clustering sees it: words without typography, sentences with offsets, a digest for exact copies.

Two texts that differ only in quotes, dashes, spaces, case, accents or the way numbers are grouped are one text here.
Everything is linear in the length of the text. What a word weighs is `frequency`'s business.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

MAX_CHARACTERS = 200_000
"""What is read of a text: more than any article has; the rest of a megabyte of text changes no verdict but costs time."""

_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ .,'’\u00a0\u2009\u202f]\d{3})+(?![\d])")
_GROUPING = re.compile(r"[ .,'’\u00a0\u2009\u202f]")
_WORD = re.compile(r"\d+[.,]\d+|[^\W_]+")
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?…]+[\"'”»“)\]]*(?=\s|$)|(?=\n|$))")


class Word(NamedTuple):
    """One word as it stands in the text: its normal form and where it begins and ends."""

    form: str
    start: int
    end: int
    capital: bool  # begins with a capital letter
    number: bool  # begins with a digit


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """The word in lower case, decimals with a point. Accents stay: the stemmers read them."""
    return word.casefold().replace(",", ".")


def strip_accents(word: str) -> str:
    """The word with its letters' marks taken off: "Sergueï" and "Serguei" are one name."""
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def words(text: str) -> list[Word]:
    """The words of a text in order; grouped numbers ("7.000", "7 000", "7,000") are one word without the grouping."""
    text = text[:MAX_CHARACTERS]
    found: list[Word] = []
    position = 0
    for number in _GROUPED.finditer(text):
        found.extend(_plain(text, position, number.start()))
        digits = _GROUPING.sub("", number.group())
        found.append(Word(digits, number.start(), number.end(), capital=False, number=True))
        position = number.end()
    found.extend(_plain(text, position, len(text)))
    return found


def _plain(text: str, start: int, end: int) -> list[Word]:
    found = []
    for match in _WORD.finditer(text, start, end):
        raw = match.group()
        first = raw[0]
        found.append(Word(fold(raw), match.start(), match.end(), first.isupper(), first.isdigit()))
    return found


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end, in order; a line break always ends one."""
    return [match.span() for match in _SENTENCE.finditer(text[:MAX_CHARACTERS])]


def digest(text: str) -> bytes:
    """16 bytes that two texts share when they are the same but for typography."""
    joined = " ".join(strip_accents(word.form) for word in words(text))
    return hashlib.blake2b(joined.encode(), digest_size=16).digest()
