"""The explicit rules: which words make a line furniture, read from the table `rules.toml`.

A rule has an id that a reader of a struck-out line is shown. Phrases are looked up word by word in hash tables, and
patterns run through RE2, so the time is linear in the line whatever a person writes into the table.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from importlib import resources
from typing import Any

from ingest.errors import Misconfigured
from ingest.extract.wording import Wording, fold, is_sentence, straight, words_of
from ingest.types import BlockKind

DEFAULT_MAX = 160
"""Longest line a rule is asked about where its table names none: prompts are short, paragraphs are not."""

MAX_GAP = 5
"""Words that "..." in a phrase stands for at most."""

REMEMBERED = 20_000
"""Short lines whose answer is kept: with 160 characters at most they take a few megabytes."""

_Placed = tuple[tuple[str, ...], int, range, bool]
"""A phrase, the number of its rule, how many words may stand in it before its key word, and whether it has no marks."""

_MEMORY = 64 << 20
"""Upper limit of an RE2 automaton in bytes: RE2's own (8 MB) is too small for all patterns in one set."""

_KINDS = {
    "boilerplate": BlockKind.BOILERPLATE,
    "metadata": BlockKind.METADATA,
    "credit": BlockKind.METADATA,
    "caption": BlockKind.CAPTION,
    "keep": BlockKind.HEADING,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One table of `rules.toml`; see the head of that file for what the fields mean."""

    id: str
    lang: str
    kind: str
    line: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    pattern: str = ""
    max: int = DEFAULT_MAX
    case: bool = False
    cut: bool = False
    soft: bool = False
    example: str = ""
    unless: str = ""

    @property
    def block_kind(self) -> BlockKind:
        """What a line becomes that the rule decides."""
        return _KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched a line: the words it matched, where a cut begins in the line, and the credit in it.

    soft: the line goes only where the score does not rule it out, as the rule's words stand in running text, too.
    """

    rule: Rule
    matched: str
    start: int = 0
    credit: str = ""
    soft: bool = False

    @property
    def decides(self) -> bool:
        """Does the line go, whatever the score says?"""
        return self.rule.kind != "keep" and not self.soft


class RuleTable:
    """The compiled rules; `match` says which one takes a line."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._whole: dict[str, int] = {}
        self._starts: dict[str, list[_Placed]] = defaultdict(list)
        self._holds: dict[str, list[_Placed]] = defaultdict(list)
        for number, rule in enumerate(self.rules):
            for words in _spellings(rule.line):
                self._whole.setdefault(" ".join(words), number)
            for words in _spellings(rule.start):
                self._starts[words[0]].append((words, number, range(1), all(map(_is_plain, words))))
            for words in map(_phrase, rule.holds):
                key = max(filter(_is_plain, words), key=len)  # the longest word is the one that the fewest lines have
                before = words[: words.index(key)]
                gaps = before.count("...")
                places = range(len(before) - gaps, len(before) - gaps + MAX_GAP * gaps + 1)
                self._holds[key].append((words, number, places, all(map(_is_plain, words))))
        self._keys = frozenset(self._holds)
        self._longest_whole = max((len(key.split(" ")) for key in self._whole), default=0)
        self._known: dict[str, Hit | None] = {}  # the same short lines stand on page after page

    @cached_property
    def longest(self) -> int:
        """Longest line that any rule but the cuts is asked about, in characters."""
        return max((rule.max for rule in self.rules if not rule.cut), default=0)

    def match(self, line: Wording) -> Hit | None:
        """The first rule of the table, cuts aside, that takes the whole line; None where none does."""
        if len(line.text) > DEFAULT_MAX:
            return self._match(line)
        if line.text not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[line.text] = self._match(line)
        return self._known[line.text]

    def _match(self, line: Wording) -> Hit | None:
        length = len(line.written)
        if length > self.longest:
            return None
        found = self._phrases(line.words)
        found += [(number, "") for number in self._patterns_in(line)]
        fitting = [hit for hit in found if length <= self.rules[hit[0]].max] if found else []
        if not fitting:
            return None
        number, matched = min(fitting)
        hit = Hit(self.rules[number], matched) if matched else self._hit(number, line.written)
        prompt = hit.rule.kind == "boilerplate"
        return replace(hit, soft=True) if hit.rule.soft or (prompt and is_sentence(line.text)) else hit

    def cut(self, text: str) -> Hit | None:
        """The first rule that takes the end of the line; its `start` counts in `text`."""
        if ":" not in text and "|" not in text:  # every cut has one: most paragraphs need no search
            return None
        lowered = straight(text).lower()
        if len(lowered) != len(text):  # a letter that grows in lower case would shift the cut
            return None
        if self._cut_set.Match(lowered) is None:
            return None
        for rule, pattern in self._cuts:
            match = pattern.search(lowered) if len(text) <= rule.max else None
            if match is not None:
                return Hit(rule, match.group().strip()[:80], match.span(match.re.groupindex["from"])[0])
        return None

    def _phrases(self, words: tuple[str, ...]) -> list[tuple[int, str]]:
        """Rules whose phrases the words have, with the phrase; in no order."""
        found: list[tuple[int, str]] = []
        if len(words) <= self._longest_whole:
            numbered = any(map(str.isdigit, words))
            key = " ".join(["#" if word.isdigit() else word for word in words] if numbered else words)
            if key in self._whole:
                found.append((self._whole[key], key))
        if words and words[0] in self._starts:
            found += _standing(words, 0, self._starts[words[0]])
        if not self._keys.isdisjoint(words):  # three lines of four have no word that any phrase needs
            for place, word in enumerate(words):
                if word in self._keys:
                    found += _standing(words, place, self._holds[word])
        return found

    def _patterns_in(self, line: Wording) -> list[int]:
        return [
            numbers[i]
            for compiled, numbers, case in self._sets
            for i in compiled.Match(line.written if case else line.folded) or ()
        ]

    def _hit(self, number: int, written: str) -> Hit:
        rule = self.rules[number]
        match = _compile(rule).search(written if rule.case else written.lower())
        credit = ""
        if match is not None and match.groupdict().get("credit"):  # in the line's own case
            start, end = match.span(match.re.groupindex["credit"])
            credit = written[start:end]
        return Hit(rule, match.group().strip()[:80] if match else "", 0, credit)

    @cached_property
    def _sets(self) -> list[tuple[Any, tuple[int, ...], bool]]:
        """All patterns but the cuts, those that see the line as written apart: one pass tells which ones match."""
        groups = []
        for case in (False, True):
            numbers = tuple(
                number for number, rule in enumerate(self.rules) if rule.pattern and not rule.cut and rule.case is case
            )
            if numbers:
                groups.append((_compile_set([self.rules[number] for number in numbers]), numbers, case))
        return groups

    @cached_property
    def _cut_set(self) -> Any:
        return _compile_set([rule for rule in self.rules if rule.cut])

    @cached_property
    def _cuts(self) -> list[tuple[Rule, Any]]:
        return [(rule, _compile(rule)) for rule in self.rules if rule.cut]


def _phrase(phrase: str) -> tuple[str, ...]:
    """The words of a phrase of the table, with its marks: "#", "_", "..." and a star at the end of a word."""
    words: list[str] = []
    for piece in phrase.split():
        if piece in ("#", "_", "..."):
            words.append(piece)
            continue
        words += words_of(fold(piece))
        if piece.endswith("*"):
            words[-1] += "*"
    return tuple(words)


def _spellings(phrases: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The words of each phrase; French capitals go without accents on many sites, so "À lire" is "A lire" too."""
    for words in map(_phrase, phrases):
        yield words
        if words[0] == "à":
            yield ("a", *words[1:])


def _is_plain(word: str) -> bool:
    """Is this word of a phrase no mark?"""
    return word not in ("#", "_", "...") and not word.endswith("*")


def _standing(words: tuple[str, ...], place: int, phrases: Sequence[_Placed]) -> Iterator[tuple[int, str]]:
    """Which of the phrases stand in the words with their key word at this place, and the numbers of their rules."""
    for phrase, number, before, exact in phrases:
        if exact:
            start = place - before.start
            stands = start >= 0 and words[start : start + len(phrase)] == phrase
        else:
            stands = any(place >= away and _opens(words, place - away, phrase) for away in before)
        if stands:
            yield number, " ".join(phrase)


def _opens(words: Sequence[str], place: int, phrase: Sequence[str]) -> bool:
    """Does the phrase stand at this place of the words?"""
    for number, wanted in enumerate(phrase):
        if wanted == "...":
            rest = phrase[number + 1 :]
            return any(_opens(words, place + gap, rest) for gap in range(MAX_GAP + 1))
        if place >= len(words) or not _is(words[place], wanted):
            return False
        place += 1
    return True


def _is(word: str, wanted: str) -> bool:
    if wanted == "_":
        return True
    if wanted == "#":
        return word.isdigit()
    return word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted


def _translate(pattern: str) -> str:
    """RE2's own classes know ASCII only: spell out the letters of all alphabets."""
    out, inside, i = [], False, 0
    while i < len(pattern):
        pair = pattern[i : i + 2]
        if pair == r"\w":
            out.append(r"\pL\pN\pM_" if inside else r"[\pL\pN\pM_]")
        elif pair == r"\W" and not inside:
            out.append(r"[^\pL\pN\pM_]")
        elif pattern[i] == "\\":
            out.append(pair)
        else:
            inside = pattern[i] == "[" or (inside and pattern[i] != "]")
            out.append(pattern[i])
            i -= 1
        i += 2
    return "".join(out)


@cache
def _compile(rule: Rule) -> Any:
    import re2

    try:
        return re2.compile(_translate(rule.pattern), _options())
    except re2.error as error:
        raise Misconfigured(f"rule {rule.id!r}: {rule.pattern!r} is no RE2 pattern: {error}") from error


def _options() -> Any:
    import re2

    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return options


def _compile_set(rules: Sequence[Rule]) -> Any:
    import re2

    found = re2.Set.SearchSet(_options())
    for rule in rules:
        try:
            found.Add(_translate(rule.pattern))
        except re2.error as error:
            raise Misconfigured(f"rule {rule.id!r}: {rule.pattern!r} is no RE2 pattern: {error}") from error
    found.Compile()
    return found


def read_rules(text: str, where: str = "rules.toml") -> tuple[Rule, ...]:
    """The rules of a table in TOML; Misconfigured names the table that is wrong."""
    try:
        tables = tomllib.loads(text).get("rule", [])
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{where}: no TOML: {error}") from error
    return tuple(_read_rule(table, f"{where}: rule {number}") for number, table in enumerate(tables, 1))


def _read_rule(table: dict[str, Any], where: str) -> Rule:
    unknown = set(table) - {field.name for field in fields(Rule)}
    if unknown:
        raise Misconfigured(f"{where}: expected the fields named in the head of rules.toml, got {sorted(unknown)}")
    try:
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
        rule = Rule(**values)
    except TypeError as error:
        raise Misconfigured(f"{where}: {error}") from error
    if rule.kind not in _KINDS:
        raise Misconfigured(f"{where} ({rule.id}): kind {rule.kind!r} is none of {sorted(_KINDS)}")
    if not (rule.line or rule.start or rule.holds or rule.pattern):
        raise Misconfigured(f"{where} ({rule.id}): it has neither phrases nor a pattern")
    for phrase in rule.line + rule.start + rule.holds:
        if not _phrase(phrase) or _phrase(phrase)[0] in ("_", "..."):
            raise Misconfigured(f"{where} ({rule.id}): the phrase {phrase!r} must begin with a word")
    for phrase in rule.holds:
        if not any(map(_is_plain, _phrase(phrase))):
            raise Misconfigured(f"{where} ({rule.id}): the phrase {phrase!r} must have a word without a star")
    return rule


@cache
def builtin_rules() -> RuleTable:
    """The rules that ship."""
    return RuleTable(read_rules(resources.files("ingest.extract").joinpath("rules.toml").read_text("utf-8")))
