"""The rule table: every example of it is a test, and no pattern can be made slow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Misconfigured
from ingest.extract.rules import Hit, Rule, RuleTable, builtin_rules, read_rules
from ingest.extract.wording import wording

TABLE = builtin_rules()


def take(table: RuleTable, rule: Rule, text: str) -> Hit | None:
    return table.cut(text) if rule.cut else table.match(wording(text))


@pytest.mark.parametrize("rule", TABLE.rules, ids=lambda rule: f"{rule.id}-{rule.lang}")
def test_the_example_of_a_rule_is_taken_by_it(rule: Rule) -> None:
    assert rule.example, f"{rule.id} has no example"
    hit = take(TABLE, rule, rule.example)
    assert hit is not None
    assert hit.rule.id == rule.id


@pytest.mark.parametrize("rule", TABLE.rules, ids=lambda rule: f"{rule.id}-{rule.lang}")
def test_a_rule_leaves_what_it_must_leave(rule: Rule) -> None:
    assert rule.unless, f"{rule.id} has no counterexample"
    assert take(RuleTable([rule]), rule, rule.unless) is None


@pytest.mark.parametrize("phrase", sorted({p for rule in TABLE.rules for p in rule.line})[::7])
def test_a_whole_line_phrase_is_found_whatever_its_case_and_marks(phrase: str) -> None:
    text = phrase.replace("#", "12")
    if len(text) > 1 and any(letter.isalpha() for letter in text):
        assert TABLE.match(wording(f"» {text.upper().replace('ß', 'ss') if text.isascii() else text} ")) is not None


@pytest.mark.parametrize("evil", ["a" * 50_000, " " * 50_000, "<" * 50_000, "à lire " * 8_000, "# " * 25_000])
def test_no_line_makes_the_rules_slow(evil: str) -> None:
    TABLE.match(wording("warm up"))
    start = time.process_time()
    TABLE.match(wording(evil))
    TABLE.cut(evil + ":")
    for rule in TABLE.rules:  # also without the bound on the length
        RuleTable([Rule(rule.id, "*", rule.kind, pattern=rule.pattern, holds=rule.holds, max=10**6)]).match(
            wording(evil)
        ) if rule.pattern and not rule.cut else None
    assert time.process_time() - start < 0.2 * len(TABLE.rules)


def test_phrases_know_gaps_numbers_and_beginnings_of_words() -> None:
    table = RuleTable([Rule("x", "en", "boilerplate", holds=("get ... app", "abonn* now", "room #"))])
    for text in ("Get our brand new app!", "ABONNEMENTS NOW", "in room 12, please"):
        assert table.match(wording(text)) is not None
    for text in ("get it, said a man who never had any such thing as an app", "abo now", "room twelve"):
        assert table.match(wording(text)) is None


@given(st.lists(st.sampled_from(["a", "b", "bc", "cde", "7", "get", "app", "apps"]), max_size=14))
def test_a_phrase_is_found_wherever_its_words_stand(words: list[str]) -> None:
    text = " ".join(words)
    for phrase, spelled in {
        "a b": r"\ba b\b",
        "a ... bc": r"\ba( \w+){0,5} bc\b",
        "a ... b ... cde b": r"\ba( \w+){0,5} b( \w+){0,5} cde b\b",
        "get _ # app*": r"\bget \w+ 7 app",
        "b* ... get ... cde": r"\bb\w*( \w+){0,5} get( \w+){0,5} cde\b",
    }.items():
        hit = RuleTable([Rule("x", "en", "boilerplate", holds=(phrase,))]).match(wording(text))
        assert (hit is not None) == (re.search(spelled, text) is not None), phrase


def test_a_cut_begins_where_the_furniture_does() -> None:
    text = "Le gouvernement a démissionné lundi. Lire aussi : Comment la coalition a éclaté"
    hit = TABLE.cut(text)
    assert hit is not None
    assert text[: hit.start].strip() == "Le gouvernement a démissionné lundi."


def test_letters_of_other_alphabets_are_letters() -> None:
    assert TABLE.match(wording("Правительство")) is None
    assert TABLE.match(wording("政府は月曜日に総辞職した")) is None


@pytest.mark.parametrize(
    ("toml", "wrong"),
    [
        ("[[rule]]\nid='x'\nlang='en'\nkind='boilerplate'\npatern='x'", "patern"),
        ("[[rule]]\nid='x'\nlang='en'\nkind='furniture'\nline=['x']", "furniture"),
        ("[[rule]]\nid='x'\nlang='en'\nkind='boilerplate'", "neither"),
        ("[[rule]]\nid='x'\nlang='en'\nkind='boilerplate'\nholds=['... x']", "begin with a word"),
        ("[[rule]]\nid='x'\nlang='en'\nkind='boilerplate'\nholds=['abonn* ... news*']", "without a star"),
        ("[[rule]\n", "no TOML"),
        ("[[rule]]\nlang='en'", "id"),
    ],
)
def test_a_wrong_table_is_named(toml: str, wrong: str) -> None:
    with pytest.raises(Misconfigured, match=wrong):
        read_rules(toml)


def test_a_pattern_that_is_not_linear_is_refused() -> None:
    table = RuleTable(read_rules("[[rule]]\nid='x'\nlang='en'\nkind='boilerplate'\npattern='(a)\\1'"))
    with pytest.raises(Misconfigured, match="RE2"):
        table.match(wording("aa"))


@pytest.mark.parametrize("line", ["Ein Kommentar von Anna Berg", "Eine Analyse von Jan Holm", "Analysis by Jane Roe"])
def test_the_byline_of_a_comment_is_a_byline(line: str) -> None:
    hit = builtin_rules().match(wording(line))
    assert hit is not None
    assert hit.rule.id == "byline"
