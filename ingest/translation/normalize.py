"""What the model gets to see of a sentence: the same words, in the spelling its training data had.

Only the model's input is normalised; a sentence's source stays as it was written, so no offsets move. The order
matters: control characters go before Moses' rules, since those match across what a soft hyphen splits.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

# Format and control characters that carry no content: soft hyphen, zero-width and direction marks, BOM, C0 and C1.
INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Taken literally these would become control tokens of the model (peers: `</s>` is also HTML's strike-through end).
CONTROL_TOKEN = re.compile(r"</?s>|<pad>|<unk>|<mask>", re.IGNORECASE)
# ASCII guillemets. At the start of a text MarianTokenizer takes `>>…<<` for a language code and drops all of it.
ASCII_GUILLEMETS = re.compile(r">>+|<<+")
# A translation service masks digits as XNUMX and sometimes leaves one beside the figure: "7.000 XNUMX soldats".
XNUMX = re.compile(r"(?<=\d)[ \u00a0\u202f]*XNUMX\b|\bXNUMX[ \u00a0\u202f]*(?=\d)")
# French sets guillemets off; Moses' rules know it only with no-break spaces.
GUILLEMET_SPACES = re.compile(r"(?<=«)\s+|\s+(?=»)")
SPACES = re.compile(r"[ \t\u2000-\u200a\u205f\u3000\u1680]+")
NARROW_GROUP = re.compile(r"(?<=\d)[\u202f\u2009\u00a0](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class Normalized:
    """A sentence as the model gets it; `repaired` where something broken in the source was mended."""

    text: str
    repaired: bool


@lru_cache(512)  # a sentence is asked for when its tokens are counted, and again when it goes to the model
def normalize(text: str, lang: str) -> Normalized:
    """The sentence in the spelling of the model's training data: one line, plain quotes, no control tokens."""
    text = unicodedata.normalize("NFC", text)
    text = CONTROL.sub(" ", INVISIBLE.sub("", text))
    text = CONTROL_TOKEN.sub(" ", text)
    mended = XNUMX.sub("", text)
    repaired = mended != text
    text = GUILLEMET_SPACES.sub("", ASCII_GUILLEMETS.sub('"', mended))
    text = NARROW_GROUP.sub("\u00a0", text)  # Moses turns it into a comma, as in the training data
    text = SPACES.sub(" ", text.replace("\u202f", "\u00a0"))
    text = _moses(lang).normalize(text) if text.strip() else ""
    text = SPACES.sub(" ", text.replace("\u00a0", " ")).strip()
    return Normalized(text, repaired)


@cache
def _moses(lang: str) -> Any:
    """The Moses punctuation normaliser: quotes, dashes, ellipses and spaces as OPUS-MT's training data has them."""
    from sacremoses import MosesPunctNormalizer

    return MosesPunctNormalizer(lang)
