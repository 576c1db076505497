"""Sources as feeds deliver them: headlines in capitals, accents lost, soft hyphens, other quotation marks."""

import random
import unicodedata

SHARE = 0.06  # of pairs whose source is disturbed; the English side stays as it is, except for capitals
_QUOTES = str.maketrans({"„": '"', "“": '"', "”": '"', "«": '"', "»": '"', "’": "'", "‘": "'"})


def disturb(source: str, english: str, language: str, rng: random.Random) -> tuple[str, str]:
    """Return the pair with one kind of damage that web text shows, chosen by `rng`."""
    kind = rng.randrange(5)
    if kind == 0 and len(source) < 120:
        return source.upper(), english.upper() if rng.random() < 0.5 else english
    if kind == 1:
        return without_accents(source), english
    if kind == 2:
        return with_soft_hyphens(source, rng), english
    if kind == 3:
        return _requoted(source, language), english
    return source.rstrip(".") if source.endswith(".") and rng.random() < 0.5 else source.lower(), english


def without_accents(text: str) -> str:
    """Return the text with accents dropped, and German umlauts and ß kept readable (ue, ss) as keyboards do."""
    text = text.replace("ß", "ss")
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def with_soft_hyphens(text: str, rng: random.Random) -> str:
    """Return the text with soft hyphens inside its long words."""
    words = []
    for word in text.split(" "):
        if len(word) > 9 and word.isalpha():
            cut = rng.randrange(3, len(word) - 3)
            word = word[:cut] + "\u00ad" + word[cut:]
        words.append(word)
    return " ".join(words)


def _requoted(text: str, language: str) -> str:
    plain = text.translate(_QUOTES)
    if plain != text or '"' not in text:
        return plain
    left, right = ("« ", " »") if language == "fr" else ("„", "“")
    parts = text.split('"')
    if len(parts) % 2 == 0:
        return text
    return "".join(part + (left if i % 2 == 0 else right) * (i < len(parts) - 1) for i, part in enumerate(parts))
