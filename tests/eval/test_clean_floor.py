"""Floors under the quality of extraction: a change that sinks one fails here.

INGEST_EVAL_DATA names the folder that holds boilerplate/; without it the five documents, eighty written pages that
nothing was fitted to and texts built here are measured. The floors stand in `clean_floors.toml`.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.cli.evaluation.clean import VIEWS, html_report, kept_lines, text_report
from ingest.cli.evaluation.clean_metric import Line, LineCounts, shares, summary, text_shares
from ingest.cli.evaluation.labelled import Document, data_folder, read_documents
from tests.ingest.extract.pages import HEADLINES, PARAGRAPHS

FLOORS = tomllib.loads(Path(__file__).with_name("clean_floors.toml").read_text("utf-8"))
DATA = Path(os.environ["INGEST_EVAL_DATA"]) / "boilerplate" if "INGEST_EVAL_DATA" in os.environ else None
SEEDS = Path(__file__).parents[2] / "seeds"
PAGES = Path(__file__).with_name("pages")

needs_data = pytest.mark.skipif(DATA is None or not DATA.is_dir(), reason="INGEST_EVAL_DATA has no boilerplate/")

MENU = {
    "en": ("Home", "Politics", "Sign in", "Subscribe", "Search"),
    "fr": ("Accueil", "Politique", "Se connecter", "S'abonner", "Rechercher"),
    "de": ("Startseite", "Politik", "Anmelden", "Abo", "Suche"),
}
AFTER = {
    "en": ("Share on Facebook", "Read more: The harbour in winter", "Leave a comment", "Privacy policy", "© 2025"),
    "fr": ("Partager sur Facebook", "À lire aussi : Le port", "Laisser un commentaire", "Mentions légales", "© 2025"),
    "de": ("Auf Facebook teilen", "Lesen Sie auch: Der Hafen im Winter", "Kommentar schreiben", "Impressum", "© 2025"),
}  # fmt: skip


def made_documents() -> list[Document]:
    """Articles with furniture before, after and between their paragraphs."""
    rng = random.Random(5)
    made = []
    for number in range(24):
        lang = ("en", "fr", "de")[number % 3]
        content = rng.sample(PARAGRAPHS[lang], 5)
        lines = [Line(text, "b") for text in rng.sample(MENU[lang], 3)]
        lines.append(Line(HEADLINES[lang], "n", "title"))
        for place, text in enumerate(content):
            lines.append(Line(text, "c"))
            if place == 2:
                lines.append(Line(AFTER[lang][1], "b"))
        lines += [Line(text, "b") for text in rng.sample(AFTER[lang], 4)]
        made.append(Document(f"made-{number}", lang, f"site{number}.example", "made", (0, len(lines)), tuple(lines)))
    return made


def test_made_texts_stay_above_their_floor() -> None:
    documents = made_documents()
    kept = kept_lines(documents, "full")
    counts = LineCounts()
    for document in documents:
        counts.add(document.lines, kept[document.id])
    assert counts.content()[2] >= FLOORS["made"]["lines"]


@pytest.mark.parametrize("view", VIEWS)
def test_pages_that_nothing_was_fitted_to_stay_above_their_floors(view: str) -> None:
    text, lines = _figures_of(read_documents(PAGES), view)
    assert text >= FLOORS["pages"][view]["text"]
    assert lines >= FLOORS["pages"][view]["lines"]


def test_articles_that_come_without_furniture_stay_whole() -> None:
    articles = []
    for document in read_documents(PAGES):
        lines = tuple(line for line in document.lines if line.label == "c")
        articles.append(replace(document, lines=lines, window=(0, len(lines))))
    kept = kept_lines(articles, "full")
    share = sum(len(kept[one.id]) for one in articles) / sum(len(one.lines) for one in articles)
    assert share >= FLOORS["pages"]["alone"]["lines"]


def test_the_five_documents_are_exact(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text((SEEDS / "labels.jsonl").read_text("utf-8"), "utf-8")
    documents = read_documents(tmp_path)
    kept = kept_lines(documents, "full")
    counts = LineCounts()
    for document in documents:
        counts.add(document.lines, kept[document.id])
    assert counts.content() == (1.0, 1.0, 1.0)


def test_shares_are_those_of_the_definition() -> None:
    found = shares("one two three four five", "two three four five six", "")
    assert (found.right, found.surplus, found.missing) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert shares("a b c d", "a b c d e", "b c d e").precision == 1.0
    assert summary([shares("a b", "a b")]).f1 == 1.0


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_text_stays_above_its_floors(view: str) -> None:
    assert DATA is not None
    documents = [document for document in read_documents(DATA) if document.source != "seed"]
    text, lines = _figures_of(documents, view)
    assert text >= FLOORS[view]["text"]
    assert lines >= FLOORS[view]["lines"]


def _figures_of(documents: Sequence[Document], view: str) -> tuple[float, float]:
    """Shingle F1, and F1 of content lines."""
    kept = kept_lines(documents, view)
    counts = LineCounts()
    for document in documents:
        counts.add(document.view(view), kept[document.id])
    text = summary([text_shares(document.view(view), kept[document.id]) for document in documents])
    return text.f1, counts.content()[2]


@needs_data
@pytest.mark.slow
def test_pages_stay_above_their_floors() -> None:
    assert DATA is not None
    rows = {row[:9].strip(): row[9:].split() for row in html_report(DATA).splitlines()[1:]}
    for group in ("all", "fr", "de", "all (NFC)", "fr (NFC)"):
        assert float(rows[group][3]) >= FLOORS["html"][group]
    for group in ("all", "all (NFC)"):
        assert int(rows[group][4]) <= FLOORS["wrong"][group]


def test_a_gold_text_in_another_normal_form_is_told_of(tmp_path: Path) -> None:
    text = "\n".join(PARAGRAPHS["fr"])
    row = {"id": "a", "lang": "fr", "url": "https://example.org/a", "optional": ""}
    (tmp_path / "pages.jsonl").write_text(json.dumps(row), "utf-8")
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "a.html").write_bytes(b"")
    (tmp_path / "gold").mkdir()
    gold = tmp_path / "gold" / "a.txt"
    gold.write_text(text, "utf-8")
    assert "NFC" not in html_report(tmp_path, {"a": text})
    gold.write_text(unicodedata.normalize("NFD", text), "utf-8")
    rows = {row[:9].strip(): row[9:].split() for row in html_report(tmp_path, {"a": text}).splitlines()}
    assert float(rows["all"][3]) < 0.9 and float(rows["all (NFC)"][3]) == 1.0


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_the_report_agrees_with_the_scorer_beside_the_data(view: str, tmp_path: Path) -> None:
    assert DATA is not None
    documents = read_documents(data_folder(DATA))
    rng = random.Random(1)  # any prediction will do
    kept = {
        document.id: {n for n, line in enumerate(document.view(view)) if (line.label == "c") != (rng.random() < 0.2)}
        for document in documents
    }
    predictions = tmp_path / "predictions.jsonl"
    predictions.write_text(
        "".join(json.dumps({"id": name, "keep": sorted(numbers)}) + "\n" for name, numbers in kept.items()), "utf-8"
    )
    theirs = subprocess.run(
        [sys.executable, str(DATA / "score.py"), "--task", "text", "--view", view, str(predictions)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert _figures(text_report(documents, view, kept)) == _figures(theirs)


@needs_data
@pytest.mark.slow
def test_the_report_on_pages_agrees_with_the_scorer_beside_the_data(tmp_path: Path) -> None:
    assert DATA is not None
    rng = random.Random(2)  # any prediction will do
    texts = {}
    for gold in sorted((data_folder(DATA) / "gold").glob("*.txt")):
        lines = [line for line in gold.read_text("utf-8").splitlines() if rng.random() < 0.8]
        texts[gold.stem] = "\n".join([*lines, "One line too many, which no article has."])
    predictions = tmp_path / "predictions.jsonl"
    rows = (json.dumps({"id": name, "text": text}) for name, text in texts.items())
    predictions.write_text("\n".join(rows), "utf-8")
    theirs = subprocess.run(
        [sys.executable, str(DATA / "score.py"), "--task", "html", str(predictions)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert _figures(html_report(data_folder(DATA), texts)) == _figures(theirs)


def _figures(table: str) -> list[list[str]]:
    groups = re.compile(r"(?:all|de|en|fr|seed)\b(?! \(NFC)")
    return [re.findall(r"[\d.]+", line) for line in table.splitlines() if groups.match(line)]
