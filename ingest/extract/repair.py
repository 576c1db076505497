"""Text repaired at the door, once: every later stage may rely on it.

What comes out is NFC without control characters, zero-width characters, soft hyphens, mojibake or entities that
were encoded twice, and without stacks of combining marks. Wording, quotes and number style stay the source's own.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

MAX_COMBINING = 8
"""Combining marks kept on one letter; the fullest orthographies (Vietnamese, Hebrew with cantillation) need 4."""

MAX_REPAIRED = 1_000_000
"""Characters ftfy looks at in one text; the rest of a longer one only goes through `clean_text`."""

_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u00ad\u200b\u2060\ufeff\u180e\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]"
)
"""C0 and C1 controls but tab and line ends, lone surrogates, non-characters, invisible and direction marks. The
joiners U+200C and U+200D stay: Persian words and emoji need them."""

_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_COMBINING_RUN = re.compile(f"({_MARK}{{{MAX_COMBINING}}}){_MARK}+")
_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_MISREAD = (
    "[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c"
    "\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]"
)
"""Lead and continuation byte of UTF-8 read as Windows-1252 or Latin-1."""
_MOJIBAKE = re.compile(f"{_MISREAD}|[\u0080-\u009f\ud800-\udfff]")
"""Without such a pair, control or surrogate ftfy need not look."""
_UNSOUND = (re.compile(_MISREAD), re.compile(_MARK))
"""What of text that can be printed may have to be repaired, beside entities."""
_OTHER_BLANKS = re.compile("[\n\u00a0\u202f]")
"""Blanks that stay, though they do not count as printable."""

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def clean_text(text: str) -> str:
    """The text in NFC, without what no reader sees; tabs and line ends stay, all line ends become "\\n"."""
    if not text.isprintable():  # what is unwanted is not printable; most lines are
        text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    if text.isascii():
        return text
    return _COMBINING_RUN.sub(r"\1", unicodedata.normalize("NFC", text))


def repair_lines(lines: Sequence[str]) -> Sequence[str]:
    """`repair_text` of each line; of most pages one look at all lines says that there is nothing to repair."""
    return lines if _is_sound("\n".join(lines)) else [repair_text(line) for line in lines]


def _is_sound(text: str) -> bool:
    """Is there surely nothing to repair in the text, nor in any line of it?"""
    if not _OTHER_BLANKS.sub("", text).isprintable() or ("&" in text and _ENTITY.search(text)):
        return False
    if text.isascii():
        return True
    return unicodedata.is_normalized("NFC", text) and not any(pattern.search(text) for pattern in _UNSOUND)


def single_blanks(text: str) -> str:
    """The text in one line, with one blank between words and none around."""
    if text.isprintable() and "  " not in text:  # the one blank that counts as printable is " "
        return text.strip()
    return " ".join(text.split())


def repair_text(text: str) -> str:
    """`clean_text`, with mojibake and twice encoded entities put right as well."""
    if "&" in text:
        for _ in range(2):  # "&amp;eacute;" needs two rounds
            if not _ENTITY.search(text):
                break
            text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    if not text.isascii() and _MOJIBAKE.search(text):
        text = _fix_encoding(text[:MAX_REPAIRED]) + text[MAX_REPAIRED:]
    return clean_text(text)


def _fix_encoding(text: str) -> str:
    import ftfy

    return ftfy.fix_text(text, _configuration())


@cache
def _configuration() -> Any:
    """ftfy for mojibake alone: its taste in quotes, ligatures and widths would change the source's wording."""
    import ftfy

    return ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=True,
        fix_encoding=True,
        restore_byte_a0=True,
        replace_lossy_sequences=True,
        decode_inconsistent_utf8=True,
        fix_c1_controls=True,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=True,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )
