"""Figures, hashtags and handles that the model lost, copied from the source into the English where they belong."""

# ruff: noqa: SIM905
from __future__ import annotations

import re
from decimal import Decimal
from difflib import SequenceMatcher
from functools import partial

from ingest.translation.checks import LOOP, LOOP_CHARACTERS, LOOP_SHORT, may_loop
from ingest.translation.numbers import MONTHS, Figure, Found, anglicize, figures, missing, unexplained

TAG = re.compile(r"(?<![\w/&])[#@]\w[\w.-]*\w")
WORD = re.compile(r"\w[\w'’-]*")
BROKEN_FIGURE = re.compile(r"\d+(?:[.,]\d+|[\u00a0\u202f ]\d{3}(?!\d))*")

COGNATE = 4
"""Letters two words must share at their start to be taken for the same word: "soldats", "soldiers"."""


def repair(source: str, target: str, lang: str) -> str:
    """The English sentence with every figure, hashtag and handle of the source in it, and without loops.

    A lost figure first takes the place of one that came from nowhere; where that costs another figure, both are put in
    between words; what is still missing then (a figure put between a number and its scale) stands at the end.
    """
    target = unloop(source, target)
    wanted = figures(source, lang)
    for put in (_put_figure, _insert_figure, _append_figure):
        for figure in missing(wanted, target):
            target = put(figure, source, target, lang)
    for tag in TAG.finditer(source):
        if tag.group() not in target:
            target = _put_tag(tag, source, target, lang)
    return target


def unloop(source: str, target: str) -> str:
    """The target with what the model said over and over said once."""
    for pattern in (LOOP_SHORT, LOOP, LOOP_CHARACTERS):
        if (pattern is LOOP_CHARACTERS or may_loop(target)) and not pattern.search(source):
            target = pattern.sub(r"\1", target)
    return target


def restyle(source: str, target: str, lang: str) -> str:
    """The target with the source's figures written as English writes them, where the model kept another style.

    "14 000", "14.000" and "14000" for the source's "14.000" become "14,000"; "3,5" for "3,5" becomes "3.5".
    """
    for figure in sorted(figures(source, lang), key=lambda f: -len(f.text)):
        english = re.match(r"\d[\d,]*(?:\.\d+)?", figure.english)
        if english is None:
            continue
        whole, point, decimals = english.group().partition(".")
        groups = whole.split(",") if "," in whole else _thousands(whole)
        if len(groups) == 1 and not point:
            continue
        pattern = GROUP_SEPARATOR.join(groups) + (rf"[.,]{decimals}" if point else "")
        written = english.group() if "," in whole or point or len(whole) == 4 else ",".join(groups)
        target = re.sub(
            rf"(?<!\d)(?<!\d[.,]){pattern}(?!\d|[.,]\d)", partial(_restyled, plain=whole, written=written), target
        )
    return target


def restyle_alone(line: str) -> str:
    """A line of one amount and no words, written as English writes it; telephone numbers and addresses pass."""
    amount = ALONE.fullmatch(line)
    is_telephone = "+" in line and "," not in line
    if amount is None or is_telephone or INTERNET_ADDRESS.search(line):
        return line
    return f"{amount[1]}{anglicize(amount[2])}{amount[3]}"


ALONE = re.compile(
    r"(\W*)([1-9][0-9]{0,2}(?:[.'’\u00a0\u202f\u2009 ][0-9]{3})+(?:,[0-9]+)?|(?:0|[1-9][0-9]*),[0-9]+)(\W*)"
)
INTERNET_ADDRESS = re.compile(r"(?<![\d.])[12]?\d{1,2}(?:\.[12]?\d{1,2}){3}(?![\d.])")

GROUP_SEPARATOR = r"(?:, |[.,'’\u00a0\u202f\u2009 ])?"


def _thousands(whole: str) -> list[str]:
    """The digits in threes, where there are four or more: "84000" -> ["84", "000"]."""
    first = len(whole) % 3
    return [part for part in (whole[:first], *re.findall("...", whole[first:])) if part]


def _restyled(match: re.Match[str], *, plain: str, written: str) -> str:
    """A figure without separators stays without them where the source wrote it so: a year is no amount."""
    return match.group() if match.group() == plain else written


def _put_figure(figure: Figure, source: str, target: str, lang: str) -> str:
    spoiled = _spoiled(figure, source, target, lang)
    if spoiled is None:
        return _insert_figure(figure, source, target, lang)
    start, end = spoiled
    # a model that breaks a year may glue it as well ("October24"); "A320" is glued in the source, and stays so
    glued = target[:start][-1:].isalpha() and not source[: figure.start][-1:].isalpha()
    return target[:start] + " " * glued + figure.english + target[end:]


def _insert_figure(figure: Figure, source: str, target: str, lang: str) -> str:
    place = _place(figure.start, figure.end, source, target, lang)
    return _spaced(target, place, figure.english)


def _append_figure(figure: Figure, source: str, target: str, lang: str) -> str:
    end = _end_of_words(target)
    return f"{target[:end]} ({figure.english}){target[end:]}".lstrip()


def _spoiled(figure: Figure, source: str, target: str, lang: str) -> tuple[int, int] | None:
    """Where the target has a figure that came from nowhere and is most likely what became of this one."""
    wanted = figures(source, lang)
    orphans = [_widened(found, target) for found in unexplained(wanted, target)]
    orphans = [span for span in orphans if not _covers_expected(target[slice(*span)], wanted)]
    mantissa = _mantissa(figure)
    scored = [(_likeness(figure, span, source, target), span) for span in orphans]
    scored += [(2.0, span) for span in _bare(mantissa, target)] if mantissa is not None else []
    best = max(scored, default=(0.0, (0, 0)))
    return best[1] if best[0] >= 0.55 else None


def _widened(found: Found, target: str) -> tuple[int, int]:
    """The whole run of digits and separators around a figure ("14,0000" is one broken figure, not two)."""
    for run in BROKEN_FIGURE.finditer(target):
        if run.start() <= found.start < run.end():
            return run.start(), max(run.end(), found.end)
    return found.start, found.end


def _covers_expected(run: str, wanted: tuple[Figure, ...]) -> bool:
    """True where a run of digits also holds a figure that is right, so that it must not be replaced as a whole."""
    expected = {value for figure in wanted for way in figure.ways for value in way}
    parts = re.findall(r"\d[\d.,]*", run)
    return len(parts) > 1 and any(_value(part) in expected for part in parts)


def _value(text: str) -> Decimal | None:
    plain = text.strip(".,").replace(",", "")
    return Decimal(plain).normalize() if re.fullmatch(r"\d+(?:\.\d+)?", plain) else None


def _mantissa(figure: Figure) -> str | None:
    """The digits of a figure with a scale word ("3.5" of "3.5 million"); None where there is none."""
    parts = figure.english.split(" ")
    return parts[0] if len(parts) == 2 and parts[1].isalpha() and parts[1].islower() else None


def _bare(mantissa: str, target: str) -> list[tuple[int, int]]:
    """Places of a mantissa without its scale, or with a wrong one."""
    pattern = rf"(?<![\d.,]){re.escape(mantissa)}(?![\d]|[.,]\d)(?:[ -](?:thousand|millions?|billions?|trillions?))?"
    return [match.span() for match in re.finditer(pattern, target)]


def _likeness(figure: Figure, span: tuple[int, int], source: str, target: str) -> float:
    """How likely a figure of the target is what became of one of the source: like digits, like place."""
    ours = re.sub(r"\D", "", figure.english)
    theirs = re.sub(r"\D", "", target[slice(*span)])
    digits = SequenceMatcher(None, ours, theirs, autojunk=False).ratio()
    scale = figure.english.rpartition(" ")[2]
    if scale.isalpha() and target[slice(*span)].endswith(scale):
        digits = max(digits, 0.5)
    shift = abs(figure.start / max(len(source), 1) - span[0] / max(len(target), 1))
    return 0.7 * digits + 0.3 * (1 - shift)


def _place(start: int, end: int, source: str, target: str, lang: str) -> int:
    """The offset in the target, at a word's start, where something at start..end of the source belongs.

    Words that both sides share, by spelling, by their first letters or as months, are the anchors: before the word that
    follows it in the source, behind the word that stands before it, or else at the same share of the sentence.
    """
    words = list(WORD.finditer(target))
    if not words:
        return len(target)
    following = list(WORD.finditer(source, end))[:3]
    preceding = list(WORD.finditer(source[:start]))[-2:]
    expected = start / max(len(source), 1)
    for distance, word in enumerate(following):
        anchor = _anchor(word.group(), words, expected, target, lang)
        if anchor is not None:
            return words[max(0, anchor - distance)].start()
    for distance, word in enumerate(reversed(preceding)):
        anchor = _anchor(word.group(), words, expected, target, lang)
        if anchor is not None:
            behind = anchor + distance + 1
            return words[behind].start() if behind < len(words) else _end_of_words(target)
    nearest = min(range(len(words)), key=lambda n: abs(words[n].start() / len(target) - expected))
    return words[nearest].start()


MONTHS_OF = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "de": "januar februar märz april mai juni juli august september oktober november dezember".split(),
}


def _anchor(word: str, words: list[re.Match[str]], expected: float, target: str, lang: str) -> int | None:
    """Number of the target's word that is the same or a cognate, the nearest to the expected place."""
    months = MONTHS_OF.get(lang, [])
    plain = MONTHS[months.index(word.lower())] if word.lower() in months else word.lower()
    matching = [number for number, other in enumerate(words) if _cognate(plain, other.group().lower())]
    return min(matching, key=lambda n: abs(words[n].start() / len(target) - expected), default=None)


def _cognate(one: str, other: str) -> bool:
    if one == other:
        return len(one) > 2 or one.isdigit()
    return len(one) >= COGNATE and len(other) >= COGNATE and one[:COGNATE] == other[:COGNATE]


def _end_of_words(target: str) -> int:
    return len(target.rstrip(" .!?…\"'»”)"))


def _spaced(target: str, place: int, text: str) -> str:
    """The target with `text` at a place, a space on either side where words meet."""
    before, after = target[:place], target[place:]
    if before and not before[-1].isspace() and before[-1] not in "([\"'«“-–":
        before += " "
    if after and after[0].isalnum():
        after = " " + after
    return before + text + after


def _put_tag(tag: re.Match[str], source: str, target: str, lang: str) -> str:
    bare = re.search(rf"(?<!\w)[#@]?[ ]?{re.escape(tag.group()[1:])}(?!\w)", target, re.IGNORECASE)
    if bare is not None:
        return target[: bare.start()] + tag.group() + target[bare.end() :]
    place = _place(tag.start(), tag.end(), source, target, lang)
    return _spaced(target, place, tag.group())
