"""The figures of a French, German or English sentence: where they stand, what they are worth, how English writes them.

"14 000", "14.000" and "14,000" are one value; "3,5 Mio." is 3.5 million. A figure of the source counts as found in the
English where its value stands there in digits, in words ("eleven thousand"), with another scale (3.5 million for
3,500,000), on the twelve-hour clock, or as the decade ("1980s") that "années 80" means.
"""

# ruff: noqa: SIM905
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

SPACE = " \u00a0\u202f\u2009"

SCALES: dict[str, dict[str, int]] = {
    "fr": {
        "mille": 3, "millier": 3, "milliers": 3, "million": 6, "millions": 6, "mio": 6, "milliard": 9, "milliards": 9,
        "mrd": 9, "billion": 12, "billions": 12,
    },
    "de": {
        "tausend": 3, "tsd": 3, "mio": 6, "million": 6, "millionen": 6, "mill": 6, "mrd": 9, "milliarde": 9,
        "milliarden": 9, "md": 9, "billion": 12, "billionen": 12, "bio": 12, "billiarden": 15,
    },
    "en": {
        "hundred": 2, "thousand": 3, "k": 3, "million": 6, "millions": 6, "m": 6, "mn": 6, "mio": 6, "billion": 9,
        "billions": 9, "bn": 9, "b": 9, "trillion": 12, "trillions": 12, "tn": 12, "quadrillion": 15,
    },
}  # fmt: skip
"""Powers of ten by word. French and German count in the long scale: their "billion" is an English trillion."""

ENGLISH_SCALE = {3: "thousand", 6: "million", 9: "billion", 12: "trillion", 15: "quadrillion"}

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip

_GROUPED = rf"\d{{1,3}}(?:[.{SPACE}'’]\d{{3}})+(?:,\d+)?"
_SCALE_WORD = {
    lang: rf"(?:[{SPACE}-]?(?P<scale>{'|'.join(sorted(words, key=len, reverse=True))})\b)?"
    for lang, words in SCALES.items()
}
_CLOCK = {
    "fr": rf"(?P<hour>\d{{1,2}})(?:[{SPACE}]?(?:h|heures?)[{SPACE}]?(?P<minute>\d{{2}})?|:(?P<late>[0-5]\d))(?!\w)",
    "de": rf"(?P<hour>\d{{1,2}})(?:(?:[.:](?P<minute>\d{{2}}))?[{SPACE}]?(?:Uhr\b|h\b)|:(?P<late>[0-5]\d)(?!\w))",
}
SOURCE = {
    lang: re.compile(
        rf"(?<!\d)(?:(?P<date>\d{{1,2}}(?P<sep>[./])\d{{1,2}}(?P=sep)(?:\d{{4}}|\d{{2}})(?!\d))"
        rf"|(?P<iso>\d{{4}}-\d{{2}}-\d{{2}}(?!\d))"
        rf"|(?P<version>\d+(?:\.\d+){{2,}}(?!\d)(?<!\.\d\d\d))"
        rf"|(?P<clock>{_CLOCK[lang]})"
        rf"|(?P<figure>{_GROUPED}(?!\d)|\d+[.,]\d+|\d+){_SCALE_WORD[lang]})",
        re.IGNORECASE,
    )
    for lang in ("fr", "de")
}
TARGET = re.compile(
    rf"(?<![\d])(?P<figure>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?!\d)|\d+\.\d+|\d+)(?:[{SPACE}-]?"
    rf"(?P<scale>{'|'.join(sorted(SCALES['en'], key=len, reverse=True))})\b)?",
    re.IGNORECASE,
)

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_OTHER = {
    "once": 1, "single": 1, "sole": 1, "twice": 2, "both": 2, "double": 2, "doubled": 2, "pair": 2, "duo": 2,
    "triple": 3, "tripled": 3, "thrice": 3, "trio": 3, "half": 2, "quarter": 4, "dozen": 12, "dozens": 12,
    "thirtieth": 30, "fortieth": 40, "fiftieth": 50, "sixtieth": 60, "seventieth": 70, "eightieth": 80,
    "ninetieth": 90, "hundredth": 100, "century": 100, "noon": 12, "midday": 12, "midnight": 0,
}  # fmt: skip
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the source: its place, the values any one set of which shows it, and its English spelling."""

    start: int
    end: int
    text: str
    english: str
    ways: tuple[frozenset[Decimal], ...]  # found where all values of one way stand in the target


REMEMBERED = 512
"""Sentences whose figures are kept: styling, checking and repairing ask for those of one sentence some ten times."""


@lru_cache(REMEMBERED)
def figures(text: str, lang: str) -> tuple[Figure, ...]:
    """The figures of a source sentence in order of their place; the scale word belongs to its figure."""
    pattern = SOURCE.get(lang, SOURCE["fr"])
    return tuple(_figure(match, lang) for match in pattern.finditer(text))


def _figure(match: re.Match[str], lang: str) -> Figure:
    text = match.group()
    if match.group("date"):
        english, ways = _date(*re.split(r"[./]", text))
    elif match.group("iso") or match.group("version"):
        english, ways = text, (frozenset(Decimal(part) for part in re.findall(r"\d+", text)),)
    elif match.group("clock"):
        groups = match.groupdict()
        english, ways = _clock(int(groups["hour"]), groups["minute"] or groups["late"])
    else:
        english, ways = _amount(match.group("figure"), match.group("scale"), lang)
        ways += _with_half(ways, match.string[match.end() : match.end() + 10])
    return Figure(match.start(), match.end(), text, english, ways)


def _date(day: str, month: str, year: str) -> tuple[str, tuple[frozenset[Decimal], ...]]:
    if not 1 <= int(month) <= 12:
        text = "/".join((day, month, year))
        return text, (frozenset(map(Decimal, (day, month, year))),)
    whole = year if len(year) == 4 else f"20{year}"
    english = f"{int(day)} {MONTHS[int(month) - 1].capitalize()} {whole}"
    return english, tuple(frozenset(map(Decimal, (int(day), int(month), int(y)))) for y in {year, whole})


def _clock(hour: int, minute: str | None) -> tuple[str, tuple[frozenset[Decimal], ...]]:
    hours = {hour, hour - 12} if hour > 12 else {hour}
    if minute is None or int(minute) == 0:
        spelled = f"{hour}:{minute}" if minute is not None else f"{hour}:00"
        return spelled, (*(frozenset({Decimal(h)}) for h in hours), frozenset({Decimal(hour), Decimal(0)}))
    return f"{hour}:{minute}", tuple(frozenset({Decimal(h), Decimal(int(minute))}) for h in hours)


def _amount(figure: str, scale_word: str | None, lang: str) -> tuple[str, tuple[frozenset[Decimal], ...]]:
    power = SCALES.get(lang, {}).get(scale_word.lower(), 0) if scale_word else 0
    spelled = anglicize(figure, scaled=bool(power))
    value = Decimal(spelled.replace(",", ""))
    ways = [frozenset({value.scaleb(power).normalize()})]
    if not power and re.fullmatch(r"\d{1,3},\d{3}", figure):  # "1,000" in bad French may be the English thousand
        ways.append(frozenset({Decimal(figure.replace(",", ".")).normalize()}))
    if not power and re.fullmatch(r"\d+\.\d\d", figure):  # a clock time or score with a full stop
        ways.append(frozenset(Decimal(int(part)) for part in figure.split(".")))
    if power and re.fullmatch(r"\d{1,3}\.\d{3}", figure):  # "1.779 millions": decimals as in English
        ways.append(frozenset({Decimal(figure).scaleb(power).normalize()}))
    if not power and re.fullmatch(r"(?:19)?[1-9]0", figure):  # "les années 80", "die 1980er": the 80s, the 1980s
        ways += [frozenset({Decimal(f"19{figure[-2:]}").normalize()}), frozenset({Decimal(figure[-2:]).normalize()})]
    if power:
        spelled = f"{spelled} {ENGLISH_SCALE[power]}"
    return spelled, tuple(ways)


def _with_half(ways: tuple[frozenset[Decimal], ...], behind: str) -> tuple[frozenset[Decimal], ...]:
    """The ways of "7 millions et demi": half of the unit on top."""
    if not re.match(r"(?i) et demie?\b", behind):
        return ()
    (value,) = ways[0]
    unit = Decimal(1).scaleb(max(value.adjusted() - value.adjusted() % 3, 0))
    return (frozenset({(value + unit / 2).normalize()}),)


def anglicize(figure: str, *, scaled: bool = False) -> str:
    """A French or German figure in English style: "14 000" and "14.000" -> "14,000", "3,5" -> "3.5".

    scaled: a scale word follows ("1,825 Milliarden"), so three digits behind a comma are decimals.
    """
    whole, comma, decimals = figure.partition(",")
    grouped = re.fullmatch(rf"\d{{1,3}}(?:[.{SPACE}'’]\d{{3}})+", whole)
    if grouped and not whole.startswith("0"):
        whole = re.sub(r"\D", ",", whole)
        return f"{whole}.{decimals}" if comma else whole
    if comma:
        if re.fullmatch(r"[1-9]\d{0,2}", whole) and re.fullmatch(r"\d{3}", decimals) and not scaled:
            return figure  # three digits: the thousands of an English figure, rather than thousandths
        return f"{whole}.{decimals}"
    return re.sub(rf"[{SPACE}'’]", "", figure)


@dataclass(frozen=True, slots=True)
class Found:
    """A figure in digits in an English sentence: its place and the values it may stand for."""

    start: int
    end: int
    text: str
    values: frozenset[Decimal]


@lru_cache(REMEMBERED)
def found_in(target: str) -> tuple[Found, ...]:
    """The figures in digits of an English sentence, in order."""
    return tuple(_found(match) for match in TARGET.finditer(target))


def _found(match: re.Match[str]) -> Found:
    value = Decimal(match.group("figure").replace(",", ""))
    power = SCALES["en"][match.group("scale").lower()] if match.group("scale") else 0
    if power == 3 and re.match(r"(?i) million", match.string[match.end() :]):
        power = 9  # "7.2 thousand million": the long scale in English clothes
    values = {value.scaleb(power).normalize()}
    short = match.group("scale") and len(match.group("scale")) == 1
    if short or power == 2:  # "5 m" is metres as often as millions
        values.add(value.normalize())
    return Found(match.start(), match.end(), match.group(), frozenset(values))


@lru_cache(REMEMBERED)
def values_in(target: str) -> frozenset[Decimal]:
    """Every value that stands in an English sentence, in digits or words; months and halves count as their numbers."""
    values = {value for found in found_in(target) for value in found.values}
    values |= {Decimal(int(part)) for part in re.findall(r"\d+", _ungrouped(target))}
    return frozenset(values | set(_spelled(target)))


def _ungrouped(target: str) -> str:
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", target)


def _spelled(target: str) -> Iterator[Decimal]:
    """Values of number words, single and composed: "two hundred and five", "eleven thousand", "3.5 million"."""
    vocabulary = _vocabulary()
    total, current, running = 0, 0, False
    for word in _WORD.findall(target.lower()):
        value = vocabulary.get(word)
        scale = SCALES["en"].get(word) if len(word) > 3 else None
        if value is not None:
            yield Decimal(value)
            current += value
            running = True
        elif scale is not None:
            current = (current or 1) * 10**scale
            yield Decimal(current)
            if scale > 2:
                total, current = total + current, 0
            running = True
        elif word != "and" and running:
            yield Decimal(total + current)
            total, current, running = 0, 0, False
        if running:
            yield Decimal(total + current)
    yield from (Decimal(MONTHS.index(word) + 1) for word in _WORD.findall(target.lower()) if word in MONTHS)


@cache
def _vocabulary() -> dict[str, int]:
    words = {word: value for value, word in enumerate(_UNITS)}
    words |= {word: value for value, word in enumerate(_ORDINALS)}
    words |= {word: 10 * tens for tens, word in enumerate(_TENS, start=2)}
    words |= {f"{word[:-1]}ies": 10 * tens for tens, word in enumerate(_TENS, start=2)}
    return words | _OTHER


def missing(wanted: Iterable[Figure], target: str) -> tuple[Figure, ...]:
    """Those figures of the source that an English sentence does not show in any of their ways."""
    wanted = tuple(wanted)
    if not wanted:
        return ()
    values = values_in(target)
    return tuple(figure for figure in wanted if not any(way <= values for way in figure.ways))


def unexplained(wanted: Iterable[Figure], target: str) -> tuple[Found, ...]:
    """Those figures in digits of an English sentence that no figure of the source accounts for."""
    expected = {value for figure in wanted for way in figure.ways for value in way}
    return tuple(found for found in found_in(target) if not found.values & expected)
