"""`ingest eval detect` counts as its scorer does, on a set small enough to count by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import app
from ingest.cli.evaluation.detect import fragment_figures, mixed_figures
from ingest.errors import BadInput
from ingest.types import Identified, Span


class Told:
    """An identifier that knows its answers."""

    def __init__(self, answers: dict[str, tuple[Span, ...]]) -> None:
        self.answers = answers

    def identify(self, text: str) -> Identified:
        spans = self.answers[text]
        return Identified(spans[0].lang, spans)


def folder(path: Path, name: str, *items: dict[str, object]) -> Path:
    (path / "langid").mkdir(exist_ok=True)
    lines = [json.dumps({"id": str(number), **item}) for number, item in enumerate(items)]
    (path / "langid" / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_fragments_are_counted_by_language_length_and_kind(tmp_path: Path) -> None:
    data = folder(
        tmp_path,
        "fragments",
        {"text": "un deux trois", "lang": "fr", "kind": "frag"},
        {"text": "eins zwei drei", "lang": "de", "kind": "frag"},
        {"text": "EIN TITEL", "lang": "de", "kind": "caps"},
        {"text": "uno dos", "lang": "es", "kind": "pair"},
        {"text": "en to tre", "lang": "nb", "kind": "frag"},
    )
    answers = {"un deux trois": "fr", "eins zwei drei": "en", "EIN TITEL": "de", "uno dos": "fr", "en to tre": "no"}
    told = Told({text: (Span(0, len(text), lang),) for text, lang in answers.items()})
    figures = fragment_figures(told, data)["accuracy"]
    assert figures["fr/de/en: 3-5 words"] == 0.5
    assert figures["fr/de/en: caps"] == 1.0
    assert figures["others kept out: 1-2 words"] == 0.0
    assert figures["others kept out: nb"] == 1.0
    assert figures["four-way: all"] == 0.6


def test_mixed_documents_are_counted_word_by_word(tmp_path: Path) -> None:
    text = "Il dit: we go now. Fin"
    data = folder(
        tmp_path, "mixed", {"text": text, "kind": "quote", "spans": [[0, 8, "fr"], [8, 18, "en"], [19, 22, "fr"]]}
    )
    figures = mixed_figures(Told({text: (Span(0, 11, "fr"), Span(11, len(text), "en"))}), data)
    assert figures["token accuracy"] == {
        "all": 0.6667,
        "kind: quote": 0.6667,
        "language: en": 0.6667,
        "language: fr": 0.6667,
    }
    assert figures["confusion gold>found"] == {"en>fr": 1, "fr>en": 1}
    assert figures["documents without an error"] == 0.0
    assert figures["language runs, found per gold"] == 0.667


def test_folder_without_the_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a folder with fragments\.jsonl, or with langid/fragments\.jsonl"):
        fragment_figures(Told({}), tmp_path)


def test_command_prints_both_tables_as_json(tmp_path: Path) -> None:
    folder(tmp_path, "fragments", {"text": "Le ministre a annoncé une réforme", "lang": "fr", "kind": "frag"})
    folder(tmp_path, "mixed", {"text": "Le chat dort bien ici", "kind": "mono", "spans": [[0, 21, "fr"]]})
    done = CliRunner().invoke(app, ["eval", "detect", "--data", str(tmp_path), "--json"])
    fragments, mixed = map(json.loads, done.stdout.splitlines())
    assert fragments["accuracy"]["four-way: all"] == mixed["token accuracy"]["all"] == 1.0
