"""A text as clustering sees it: words without typography, sentences with offsets, a digest for exact copies.

Two texts that differ only in quotes, dashes, spaces, case, accents or the way numbers are grouped are one text here.
Everything is linear in the length of the text. What a word weighs is `frequency`'s business.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

MAX_CHARACTERS = 100_000
"""What is read of a text, ten times a long article: the rest of a megabyte changes no verdict but costs time."""

# the look-behind comes second so that the engine can skip to the next digit: half the time of a whole text
_GROUPED = re.compile(r"\d(?<![\d.,]\d)\d{0,2}(?:[ .,'’\u00a0\u2009\u202f]\d{3})+(?![\d])")
_GROUPING = re.compile(r"[ .,'’\u00a0\u2009\u202f]")
_WORD = re.compile(r"\d+[.,]\d+|[^\W_]+")
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?…]+[\"'”»“)\]]*(?=\s|$)|(?=\n|$))")


def words(text: str) -> list[str]:
    """The words of a text in order, as written; a grouped number ("7.000", "7 000", "7,000") is one word, ungrouped."""
    return _WORD.findall(_GROUPED.sub(lambda match: _GROUPING.sub("", match.group()), text[:MAX_CHARACTERS]))


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """The word in lower case, decimals with a point. Accents stay: the stemmers read them."""
    return word.casefold().replace(",", ".")


def strip_accents(word: str) -> str:
    """The word with its letters' marks taken off: "Sergueï" and "Serguei" are one name."""
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end, in order; a line break always ends one."""
    return [match.span() for match in _SENTENCE.finditer(text[:MAX_CHARACTERS])]


def digest(text: str) -> bytes:
    """16 bytes that two texts share when they are the same but for typography."""
    return digest_of(map(fold, words(text)))


def digest_of(forms: Iterable[str]) -> bytes:
    """The digest of a text by its words in order, folded."""
    joined = strip_accents(" ".join(forms))
    return hashlib.blake2b(joined.encode(), digest_size=16).digest()
