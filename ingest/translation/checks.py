"""What is wrong with a translated sentence, as flags; and when an article as a whole needs a person's eye."""

# ruff: noqa: SIM905
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from ingest.translation.numbers import figures, missing, unexplained
from ingest.types import Translation


class Flag(StrEnum):
    """What a reader of one sentence should know about it."""

    NUMBER_MISMATCH = "number-mismatch"  # a figure of the source is not in the English, or one there has no source
    REPETITION = "repetition"  # the model looped
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    COPIED = "copied"  # the English side is the source's wording
    NOT_ENGLISH = "not-english"
    SPLIT = "split"  # cut into pieces to fit the model
    REPAIRED = "repaired"  # our own code mended source or English
    LOW_SCORE = "low-score"


NEEDS_REVIEW = "needs-review"

SEVERITY = {
    Flag.REPETITION: 4,
    Flag.TOO_SHORT: 3,
    Flag.TOO_LONG: 3,
    Flag.COPIED: 3,
    Flag.NOT_ENGLISH: 3,
    Flag.NUMBER_MISMATCH: 2,
    Flag.LOW_SCORE: 1,
}
"""How bad a flag is when two tries at one sentence are compared; those with a weight cause the second try."""

LOW_SCORE = -1.4
"""Mean log-probability per token under which a translation is doubtful. Of 100 news sentences each the v0 model's
median is -.63 (French) and -.74 (German), its lowest hundredth -1.02 and -1.25; unknown fragments go down to -2.3."""

SHORT, LONG = 0.4, 2.5
"""Bounds of English characters per source character, for sentences of at least MIN_LENGTH. Of newsdev's references one
in a thousand lies under .49, one above 1.50."""
MIN_LENGTH = 40

WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
LOOP = re.compile(r"(?i)\b(\w[\w'’-]*(?:\W+\w[\w'’-]*){0,7}?)(?:\W+\1\b){3,}")
LOOP_SHORT = re.compile(r"(?i)\b(\w[\w'’-]*(?:\W+\w[\w'’-]*){2,7}?)(?:\W+\1\b){2,}")
LOOP_CHARACTERS = re.compile(r"(\S{1,6}?)\1{7,}")

FUNCTION_WORDS = {
    "en": frozenset(
        (
            "the of and to in a is that for it as was with be by on not he i this are or his from at which but "
            "have an had they you were their one all we can her has there been if more when will would who so no "
            "said its"
        ).split()
    ),
    "fr": frozenset(
        (
            "le la les des du et un une est que qui dans pour pas au aux sur par plus ce cette il elle ils ont "
            "été sont se sa ses son avec ne en à mais ou où leur leurs nous vous être fait comme"
        ).split()
    ),
    "de": frozenset(
        (
            "der die das und den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus "
            "er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder "
            "aber vor"
        ).split()
    ),
}


def check(source: str, target: str, lang: str, score: float | None = None) -> frozenset[Flag]:
    """Flags of one sentence and its English; `source` is what the model was given."""
    flags = set()
    if number_mismatch(source, target, lang):
        flags.add(Flag.NUMBER_MISMATCH)
    if repeats(target) and not repeats(source):
        flags.add(Flag.REPETITION)
    if len(source) >= MIN_LENGTH:
        ratio = len(target) / len(source)
        flags |= {Flag.TOO_SHORT} if ratio < SHORT else {Flag.TOO_LONG} if ratio > LONG else set()
    elif source and not target.strip():
        flags.add(Flag.TOO_SHORT)
    elif len(target) > 3 * len(source) + 20:
        flags.add(Flag.TOO_LONG)
    if is_copy(source, target):
        flags.add(Flag.COPIED)
    if is_foreign(target, lang):
        flags.add(Flag.NOT_ENGLISH)
    if score is not None and score < LOW_SCORE:
        flags.add(Flag.LOW_SCORE)
    return frozenset(flags)


def severity(flags: Iterable[Flag]) -> int:
    """The weight of the flags together; 0 where nothing calls for a second try."""
    return sum(SEVERITY.get(flag, 0) for flag in flags)


def number_mismatch(source: str, target: str, lang: str) -> bool:
    """True where a figure of the source is lost, or a figure of two digits or more came from nowhere."""
    wanted = figures(source, lang)
    if missing(wanted, target):
        return True
    if not any(character.isdigit() for character in target) or _has_number_word(source, lang):
        return False
    return any(sum(map(str.isdigit, found.text)) >= 2 for found in unexplained(wanted, target))


NUMBER_WORDS = {
    "fr": re.compile(
        r"(?i)\b(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingts?|trente|"
        r"quarante|cinquante|soixante|cents?|mille|milliers?|millions?|milliards?|dizaines?|douzaines?|vingtaines?|"
        r"trentaines?|quarantaines?|cinquantaines?|centaines?|[ivxlc]+(?:e|er|ème)|premi\w+|deuxi\w+|\w+ième|midi|minuit)\b"
    ),
    "de": re.compile(
        r"(?i)(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|zwanzig|ßig|hundert|tausend|million|milliard|"
        r"dutzend|billion|jahrzehnt|jahrhundert|halb|mittag|mitternacht)"
    ),
}


def _has_number_word(source: str, lang: str) -> bool:
    return NUMBER_WORDS.get(lang, NUMBER_WORDS["fr"]).search(source) is not None


def repeats(text: str) -> bool:
    """True where the same words come over and over: four times in a row, or three times for three words and more."""
    return bool(LOOP_CHARACTERS.search(text)) or (
        may_loop(text) and any(pattern.search(text) for pattern in (LOOP, LOOP_SHORT))
    )


def may_loop(text: str) -> bool:
    """False where no word comes three times at even distances, so that no words can be said over and over.

    The patterns need half a millisecond for a sentence in which they find nothing, this a hundredth of it.
    """
    places: dict[str, list[int]] = {}
    for place, word in enumerate(re.findall(r"\w+", text.lower())):
        places.setdefault(word, []).append(place)
    return any(
        2 * middle - first in found
        for found in places.values()
        if len(found) > 2
        for number, middle in enumerate(found)
        for first in found[:number]
    )


def is_copy(source: str, target: str) -> bool:
    """True where the target is the source's own wording, names and figures aside."""
    words = WORDS.findall(source)
    if len(words) < 4 or all(word.istitle() for word in words):  # a list of names is the same in English
        return False
    return [word.lower() for word in words] == [word.lower() for word in WORDS.findall(target)]


def is_foreign(target: str, lang: str) -> bool:
    """True where a target of some length has more function words of the source language than of English."""
    words = Counter(word.lower() for word in WORDS.findall(target))
    if sum(words.values()) < 6:
        return False
    english = sum(count for word, count in words.items() if word in FUNCTION_WORDS["en"])
    foreign = FUNCTION_WORDS.get(lang, frozenset()) - FUNCTION_WORDS["en"]
    return sum(count for word, count in words.items() if word in foreign) > max(english, 1)


DOUBTFUL = frozenset(SEVERITY) - {Flag.LOW_SCORE}
MANY, SHARE = 3, 0.2


def review_flags(translations: Iterable[Translation]) -> tuple[str, ...]:
    """`("needs-review",)` where at least three sentences, and a fifth of those translated, are doubtful; else `()`.

    translations: of one article (title and text). Repairs and cuts alone are no reason; a passage left in its own
    language is, where it is as large.
    """
    sentences = [sentence for translation in translations for sentence in translation.sentences]
    foreign = [sentence for sentence in sentences if sentence.model is not None or Flag.COPIED in sentence.flags]
    doubtful = [sentence for sentence in foreign if DOUBTFUL.intersection(sentence.flags)]
    enough = len(doubtful) >= MANY or (0 < len(foreign) < 2 * MANY and 2 * len(doubtful) > len(foreign))
    return (NEEDS_REVIEW,) if enough and len(doubtful) >= SHARE * len(foreign) else ()
