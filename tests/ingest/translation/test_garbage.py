"""Ten thousand sentences of rubbish through the built-in model: no crash, no hang, each flagged or translated."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from ingest.translation import Flag, translate_texts
from ingest.translation.repair import restyle_alone
from ingest.types import Span
from models import marian

NAUGHTY = [
    "undefined",
    "NaN",
    "-1e309",
    "0x00",
    "٠١٢٣٤٥٦٧٨٩",
    "１２３，４５６",
    "½ ¼ ¾",
    "\u0000\u0001\u0002",
    "\ufeff\ufffe",
    "\u202etest\u202c",
    "Ω≈ç√∫˜µ≤≥÷",
    "田中さんにあげて下さい",
    "ﺍﻟﻞّ ﻪﻗﺎﻧﻮﻧﻱﺓ",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "👾 🙇 💁 🙅 🆗",
    "👨‍👩‍👧‍👦🏳️‍🌈",
    "<script>alert(1)</script>",
    "</s></s><pad><unk>",
    ">>fra<< >>deu<<",
    "' OR 1=1 --",
    "%s%n%x %d",
    "../../etc/passwd",
    "$(touch x)",
    "&lt;b&gt;&#x41;",
    "\\u0041\\x41",
    "▁▁▁ ▁le ▁la",
    "ﷺ ﷽ ﷼",
    "....................",
    "!!!???!!!",
    "«»„“”\"''",
    "((((((((((",
    "- - - - - - -",
    "1 2 3 4 5 6 7 8 9 10 11 12",
    "3,5,7,9.11.13",
    "01 23 45 67 89",
    "http://a.b/c?d=e&f=g#h",
    "@@@ ### @x #y",
    "a@b.c d@e.fr",
    "ABCDEFG HIJKLM",
    "aaaaaaaaaaaaaaaaaaaaaaaa",
    "le le le le le le le le le",
]
SCRIPTS = [
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x370, 0x3FF),
    (0x400, 0x4FF),
    (0x590, 0x6FF),
    (0x4E00, 0x4FFF),
    (0x1F300, 0x1F5FF),
]
WORDS = [
    "le",
    "gouvernement",
    "der",
    "Regierung",
    "14.000",
    "Soldaten",
    "3,5",
    "%",
    "und",
    "et",
    "die",
    "la",
    "des",
    "Kiew",
    "Paris",
    "annonce",
    "kündigt",
]


def rubbish(count: int, seed: int) -> Iterator[str]:
    """Naughty strings, mixed scripts, control characters, shuffled words, broken mixtures of all."""
    dice = random.Random(seed)
    for number in range(count):
        kind = number % 4
        if kind == 0:
            yield " ".join(dice.choices(NAUGHTY, k=dice.randint(1, 3)))
        elif kind == 1:
            low, high = dice.choice(SCRIPTS)
            yield "".join(chr(dice.randint(low, high)) for _ in range(dice.randint(1, 60)))
        elif kind == 2:
            yield " ".join(dice.choices(WORDS, k=dice.randint(1, 25)))
        else:
            pieces = dice.choices(NAUGHTY + WORDS, k=dice.randint(1, 8))
            yield "".join(piece + dice.choice(["", " ", "\t", "\x07", "\u00ad", ". "]) for piece in pieces)


def pass_through(lines: list[str], seconds: float) -> None:
    translator = marian.load(threads=1, decoding=marian.Decoding(beam_size=1, retry_beam_size=1))
    texts = [(line, (Span(0, len(line), "fr" if n % 2 else "de"),)) for n, line in enumerate(lines) if line]
    began = time.monotonic()
    results = translate_texts(texts, translator)
    assert time.monotonic() - began < seconds
    assert len(results) == len(texts)
    for (text, _), result in zip(texts, results, strict=True):
        position = 0
        for sentence in result.sentences:
            assert not text[position : sentence.start].strip()
            assert sentence.model is not None or sentence.target in (sentence.source, restyle_alone(sentence.source))
            position = sentence.end
        assert not text[position:].strip()
        assert len(result.text) < 30 * len(text) + 300


def test_some_rubbish_goes_through() -> None:
    pass_through(list(rubbish(120, seed=1)), seconds=120)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_sentences_of_rubbish_go_through() -> None:
    pass_through(list(rubbish(10_000, seed=2)), seconds=1500)


MEGABYTE = {
    "one endless word": "a" * 1_000_000,
    "one endless number": "1" * 1_000_000,
    "closing tags": "</s>" * 250_000,
    "a sentence without end": "mot " * 250_000,
    "commas": "," * 1_000_000,
    "guillemets": ">>" * 500_000,
    "full stops": "A. " * 333_000,
    "combining marks": "e" + "\u0301" * 999_999,
}


class Counting:
    """Stands in for the model: what reaches it is counted, not translated."""

    def __init__(self) -> None:
        self.characters = 0
        self.marian = marian.load(threads=1)

    def __getattr__(self, name: str) -> object:
        return getattr(self.marian, name)

    def stream(
        self, sentences: list[str], lang: str, *, retry: bool = False
    ) -> Iterator[list[tuple[int, marian.Hypothesis]]]:
        self.characters += sum(map(len, sentences))
        assert all(self.marian.count_tokens(s, lang) <= self.marian.max_tokens(lang) for s in sentences)
        yield [(number, marian.Hypothesis("the translation of it", -0.5)) for number in range(len(sentences))]


@pytest.mark.parametrize("line", MEGABYTE.values(), ids=MEGABYTE)
def test_line_of_a_megabyte_is_bounded(line: str) -> None:
    translator = Counting()
    began = time.monotonic()
    (result,) = translate_texts([(line, (Span(0, len(line), "fr"),))], translator)  # type: ignore[list-item]
    assert time.monotonic() - began < 60
    assert translator.characters <= 1_000_000
    assert all(s.model or s.target == s.source for s in result.sentences)
    assert all(s.flags for s in result.sentences if s.model is None and any(map(str.isalpha, s.source)))
    assert (
        Flag.COPIED in {flag for s in result.sentences for flag in s.flags}
        or result.sentences[0].model
        or not any(map(str.isalpha, line))
    )
