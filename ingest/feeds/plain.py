"""Plain text out of what feeds put into titles, summaries and names: no markup, no entities, no controls."""

from __future__ import annotations

import html
import re
import unicodedata

MAX_TITLE = 500
MAX_SUMMARY = 4_000
MAX_NAME = 200

# linear: a "<" ends the search for the ">" of an earlier one
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*-->|<!\[CDATA\[|\]\]>")
_BLOCK = re.compile(r"(?i)</?(?:p|div|br|li|ul|ol|h[1-6]|tr|td|blockquote|figure|figcaption|section)\b[^<>]*>")
_HIDDEN = re.compile(r"(?is)<(script|style)\b[^<>]*>[^<]*</\1>")
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text in NFC without controls and lone surrogates, which no database and no XML takes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _SURROGATES.sub("\ufffd", _UNWANTED.sub("", text)))


def one_line(text: str, limit: int = MAX_TITLE) -> str:
    """The text on one line, cut at a word where it is longer than `limit`."""
    text = " ".join(clean(text[: 8 * limit]).split())
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0] + "…"


def text_of(markup: str, limit: int = MAX_SUMMARY) -> str:
    """What a reader sees of a piece of HTML, on one line."""
    markup = _HIDDEN.sub(" ", markup[: 8 * limit])
    return one_line(html.unescape(_TAG.sub("", _BLOCK.sub(" ", markup))), limit)


def visible_length(markup: str) -> int:
    """Characters a reader sees of a piece of HTML."""
    return len(" ".join(_TAG.sub("", _BLOCK.sub(" ", _HIDDEN.sub(" ", markup))).split()))
