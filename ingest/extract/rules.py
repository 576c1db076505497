"""The explicit rules: which words make a line furniture, read from the table `rules.toml`.

A rule has an id that a reader of a struck-out line is shown. All patterns run through RE2, so the time is linear in
the line whatever a person writes into the table; a line is asked about all of them in one pass.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from ingest.errors import Misconfigured
from ingest.types import BlockKind

DEFAULT_MAX = 160
"""Longest line a rule is asked about where its table names none: prompts are short, paragraphs are not."""

KINDS = frozenset({"boilerplate", "metadata", "credit", "caption", "keep"})
_MEMORY = 256 << 20
"""Upper limit of the automaton of all patterns in bytes: RE2's own (8 MB) is too small for the whole table."""

_BLANKS = re.compile(r"\s+")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "\u2011": "-", "\u2010": "-"})
_WORD, _NOT_WORD = r"[\pL\pN\pM_]", r"[^\pL\pN\pM_]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One table of `rules.toml`."""

    id: str
    lang: str
    kind: str
    pattern: str
    example: str
    unless: str = ""
    max: int = DEFAULT_MAX
    cut: bool = False
    case: bool = False

    @property
    def block_kind(self) -> BlockKind:
        """What a line becomes that the rule decides."""
        return {
            "boilerplate": BlockKind.BOILERPLATE,
            "metadata": BlockKind.METADATA,
            "credit": BlockKind.METADATA,
            "caption": BlockKind.CAPTION,
            "keep": BlockKind.PARAGRAPH,
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched a line: the words it matched, and where a cut or a credit begins in the line."""

    rule: Rule
    matched: str
    start: int
    credit: str = ""


def plain(text: str) -> str:
    """The line with straight apostrophes and single blanks, in its own case; as long as the line only by chance."""
    return _BLANKS.sub(" ", text.translate(_APOSTROPHES)).strip()


def fold(text: str) -> str:
    """What the patterns are searched in: `plain`, in lower case."""
    return plain(text).lower()


class RuleTable:
    """The compiled rules; `match` says which one takes a line."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)

    @cached_property
    def _sets(self) -> tuple[tuple[Any, tuple[Rule, ...]], ...]:
        """One RE2 set for the folded line, one for the line as written, each with its rules in order."""
        return tuple(
            (_compile_set(chosen), chosen)
            for chosen in (
                tuple(rule for rule in self.rules if not rule.case),
                tuple(rule for rule in self.rules if rule.case),
            )
        )

    @cached_property
    def _patterns(self) -> dict[Rule, Any]:
        return {rule: _compile(rule) for rule in self.rules}

    @cached_property
    def _order(self) -> dict[Rule, int]:
        return {rule: place for place, rule in enumerate(self.rules)}

    @cached_property
    def longest(self) -> int:
        """Longest line that any rule is asked about, in characters."""
        return max((rule.max for rule in self.rules), default=0)

    def match(self, text: str) -> Hit | None:
        """The first rule of the table, cuts aside, that takes the whole line; None where none does."""
        return self._first(text, cut=False)

    def cut(self, text: str) -> Hit | None:
        """The first rule that takes the end of the line; its `start` counts in `text`."""
        return self._first(text, cut=True)

    def _first(self, text: str, *, cut: bool) -> Hit | None:
        if len(text) > self.longest:
            return None
        written = plain(text)
        found: list[Rule] = []
        for (compiled, rules), form in zip(self._sets, (written.lower(), written), strict=True):
            found += [
                rules[i] for i in (compiled.Match(form) or ()) if rules[i].cut is cut and len(written) <= rules[i].max
            ]
        if not found:
            return None
        rule = min(found, key=self._order.__getitem__)
        return self._hit(rule, text, written)

    def _hit(self, rule: Rule, text: str, written: str) -> Hit:
        match = self._patterns[rule].search(written if rule.case else written.lower())
        named = match.groupdict()
        credit = ""
        if named.get("credit"):  # in the line's own case
            start, end = match.span(match.re.groupindex["credit"])
            credit = written[start:end]
        start = text.translate(_APOSTROPHES).lower().rfind(named["from"]) if named.get("from") else match.start()
        return Hit(rule, match.group()[:80].strip(), start, credit)


def _translate(pattern: str) -> str:
    """RE2's own classes know ASCII only: spell out the letters of all alphabets."""
    out, inside, i = [], False, 0
    while i < len(pattern):
        pair = pattern[i : i + 2]
        if pair == r"\w":
            out.append(r"\pL\pN\pM_" if inside else _WORD)
        elif pair == r"\W" and not inside:
            out.append(_NOT_WORD)
        elif pattern[i] == "\\":
            out.append(pair)
        else:
            inside = pattern[i] == "[" or (inside and pattern[i] != "]")
            out.append(pattern[i])
            i += 1
            continue
        i += 2
    return "".join(out)


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
        _compile(rule)
        found.Add(_translate(rule.pattern))
    found.Compile()
    return found


def read_rules(text: str, where: str = "rules.toml") -> tuple[Rule, ...]:
    """The rules of a table in TOML; Misconfigured names the table that is wrong."""
    try:
        tables = tomllib.loads(text).get("rule", [])
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{where}: no TOML: {error}") from error
    rules = []
    for number, table in enumerate(tables, 1):
        try:
            rule = Rule(**table)
        except TypeError as error:
            raise Misconfigured(f"{where}: rule {number}: {error}") from error
        if rule.kind not in KINDS:
            raise Misconfigured(f"{where}: rule {number} ({rule.id}): kind {rule.kind!r} is none of {sorted(KINDS)}")
        rules.append(rule)
    return tuple(rules)


@cache
def builtin_rules() -> RuleTable:
    """The rules that ship."""
    return RuleTable(read_rules(resources.files("ingest.extract").joinpath("rules.toml").read_text("utf-8")))
