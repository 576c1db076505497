"""`ingest eval detect`: how often the language is right, on fragments and word by word in mixed documents.

The figures are those of `score.py` beside the evaluation data; there, Norwegian Bokmål and Nynorsk are one language,
and whatever is none of fr, de and en counts as "other": what matters is that nothing foreign goes to the translator.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.errors import BadInput
from ingest.types import UNDETERMINED, LanguageIdentifier, Span

OURS = ("fr", "de", "en")
_SAME = {"no": "nb", "nn": "nb"}
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_LENGTHS = ((1, "1 word"), (2, "2 words"), (5, "3-5 words"), (10, "6-10 words"), (20, "11-20 words"))
_KINDS = ("caps", "nodiacritics", "headline", "notice")


def detect(
    data: Annotated[
        Path, typer.Option(help="Folder with fragments.jsonl and mixed.jsonl, or one that holds it as langid/.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a table.")] = False,
) -> None:
    """Language: accuracy on fragments, and by word in mixed documents.

    Example: ingest eval detect --data eval/langid
    """
    from ingest.language import Identifier

    identifier = Identifier()
    for table in (fragment_figures, mixed_figures):
        figures = table(identifier, data)
        if as_json:
            typer.echo(json.dumps(figures, ensure_ascii=False))
            continue
        for name, value in figures.items():
            if not isinstance(value, dict):
                typer.echo(f"{name:36} {value}")
                continue
            typer.echo(name)
            for key, figure in value.items():
                typer.echo(f"    {key:32} {figure}")


def fragment_figures(identifier: LanguageIdentifier, data: Path) -> dict[str, Any]:
    """Accuracy by language, length and kind on `fragments.jsonl`, items of {id, text, lang, kind}."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for item in _items(data, "fragments.jsonl"):
        guess = _label(identifier.identify(item["text"]).lang)
        is_right = guess == item["lang"] if item["lang"] in OURS else guess not in OURS
        for key in _fragment_keys(item):
            total[key] += 1
            right[key] += is_right
    return {"missing": 0, "accuracy": _shares(right, total), "count": dict(sorted(total.items()))}


def mixed_figures(identifier: LanguageIdentifier, data: Path) -> dict[str, Any]:
    """Share of words labelled right in `mixed.jsonl`, items of {id, text, kind, spans: [[start, end, lang]]}."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    confusion: Counter[tuple[str, str]] = Counter()
    documents = perfect = runs = gold_runs = 0
    for item in _items(data, "mixed.jsonl"):
        found = identifier.identify(item["text"]).spans
        guesses = []
        faults = 0
        for truth, guess in _labelled_words(item, found):
            guesses.append(guess)
            faults += _four(guess) != truth
            confusion[truth, _four(guess)] += 1
            for key in ("all", f"kind: {item['kind']}", f"language: {truth}"):
                total[key] += 1
                right[key] += _four(guess) == truth
        documents += 1
        perfect += faults == 0
        runs += _runs(guesses)
        gold_runs += _runs([lang for _, _, lang in item["spans"]])
    return {
        "missing": 0,
        "token accuracy": _shares(right, total),
        "documents without an error": round(perfect / max(1, documents), 4),
        "language runs, found per gold": round(runs / max(1, gold_runs), 3),
        "confusion gold>found": {f"{a}>{b}": n for (a, b), n in sorted(confusion.items()) if a != b},
    }


def _labelled_words(item: dict[str, Any], found: tuple[Span, ...]) -> Iterator[tuple[str, str]]:
    """For each word inside a gold span: the true language, four ways, and the found one."""
    text = item["text"]
    labels = [UNDETERMINED] * len(text)
    for span in found:
        labels[span.start : span.end] = [_label(span.lang)] * (span.end - span.start)
    for start, end, lang in item["spans"]:
        for word in _WORD.finditer(text, start, end):
            yield _four(lang), labels[word.start()]


def _fragment_keys(item: dict[str, Any]) -> Iterable[str]:
    words = len(item["text"].split())
    if item["lang"] in OURS:
        length = next((name for most, name in _LENGTHS if words <= most), "21+ words")
        kind = item["kind"] if item["kind"] in _KINDS else length
        return ("fr/de/en: all", f"fr/de/en: {item['lang']}", f"fr/de/en: {kind}", "four-way: all")
    length = "1-2 words" if words <= 2 else "3-10 words" if words <= 10 else "11+ words"
    whole = "others kept out"
    return (f"{whole}: all", f"{whole}: {length}", f"{whole}: {item['lang']}", "four-way: all")


def _items(data: Path, name: str) -> list[dict[str, Any]]:
    """The items of one file of the folder, or of its folder langid/; BadInput where neither has it."""
    for folder in (data, data / "langid"):
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8").split("\n")
            return [json.loads(line) for line in lines if line.strip()]
    raise BadInput(str(data), f"a folder with {name}, or with langid/{name}", "neither")


def _label(lang: str) -> str:
    short = lang.lower().replace("_", "-").split("-")[0]
    return _SAME.get(short, short)


def _four(lang: str) -> str:
    return lang if lang in OURS else "other"


def _runs(languages: list[str]) -> int:
    return 1 + sum(left != right for left, right in pairwise(languages))


def _shares(right: Counter[str], total: Counter[str]) -> dict[str, float]:
    return {key: round(right[key] / total[key], 4) for key in sorted(total)}
