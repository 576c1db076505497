"""One line in the forms that rules and features look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ingest.extract.repair import single_blanks

CLOSING = "»”\"“)’'] \u00a0\u202f"  # in French with a space before it
"""What may stand behind the end of a sentence."""

LONG = 80
"""Characters from which a line that ends like a sentence is taken for running text."""

_WORD = re.compile(r"\w+")
_NO_MARKS = bytes(code if _WORD.match(chr(code)) and code < 128 else 32 for code in range(256))
"""ASCII with a blank for whatever is in no word."""
_APOSTROPHES = ("\u2019", "\u2018", "\u02bc", "\u00b4")
_HYPHENS = ("\u2011", "\u2010")


@dataclass(frozen=True, slots=True)
class Wording:
    """One line in the forms that rules and features look at."""

    text: str
    written: str  # single blanks, straight apostrophes
    folded: str  # that in lower case
    words: tuple[str, ...]  # of the folded form


@lru_cache(maxsize=8192)  # the scorer and the cleaner look at the lines of a page, and the site's next page has many
def wording(text: str) -> Wording:
    """The forms of a line."""
    written = plain(text)
    folded = written.lower()
    return Wording(text, written, folded, tuple(words_of(folded)))


def plain(text: str) -> str:
    """The line with straight apostrophes and single blanks, in its own case."""
    return single_blanks(straight(text))


def straight(text: str) -> str:
    """The text with straight apostrophes and plain hyphens; as long as before."""
    if not text.isascii():
        for mark in _APOSTROPHES:
            text = text.replace(mark, "'")
        for mark in _HYPHENS:
            text = text.replace(mark, "-")
    return text


def fold(text: str) -> str:
    """What phrases and patterns are searched in: `plain`, in lower case."""
    return plain(text).lower()


def words_of(folded: str) -> list[str]:
    """The words of a folded line, as phrases see them."""
    if folded.isascii():  # most lines are, and this takes a fifth of the time
        return folded.encode().translate(_NO_MARKS).decode().split()
    return _WORD.findall(folded)


def is_sentence(text: str) -> bool:
    """A line that reads like running text: long, and ended like a sentence."""
    return len(text) >= LONG and ends(text)


def ends(text: str) -> bool:
    """A line that ends like a sentence."""
    return text.rstrip(CLOSING)[-1:] in tuple(".!?…")
