"""The five documents come out exactly as their hand labels say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.extract import extract_lines, extract_page
from ingest.types import BlockKind, Document, Page

SEEDS = Path(__file__).parents[3] / "seeds"
LABELS: dict[str, Any] = {
    row["id"].removeprefix("seed-"): row
    for row in map(json.loads, (SEEDS / "labels.jsonl").read_text("utf-8").splitlines())
}


def seed_bytes(number: str) -> bytes:
    return next(SEEDS.glob(f"{number}_*.txt")).read_bytes()


def seed(number: str) -> Document:
    document = extract_lines(seed_bytes(number).decode().split("\n"))
    assert isinstance(document, Document)
    return document


def labelled(number: str, label: str) -> list[str]:
    return [part["t"] for line in LABELS[number]["lines"] for part in line.get("parts", [line]) if part["l"] == label]


def dropped(document: Document) -> dict[str, str | None]:
    return {block.text: block.rule for block in document.blocks if not block.kept}


@pytest.mark.parametrize("number", sorted(LABELS))
def test_exactly_the_content_lines_are_kept(number: str) -> None:
    kept = [block.text for block in seed(number).blocks if block.kept]
    german_lead = [text for text in labelled(number, "n") if text.startswith("Ein neuer Bericht")]
    wanted = labelled(number, "c")
    assert [text for text in kept if text not in german_lead] == wanted  # its repeat is known after language


@pytest.mark.parametrize("number", sorted(LABELS))
def test_lines_without_the_blank_ones_come_out_the_same(number: str) -> None:
    document = extract_lines([line["t"] for line in LABELS[number]["lines"]])
    assert isinstance(document, Document)
    assert document.text == seed(number).text


@pytest.mark.parametrize("number", sorted(LABELS))
def test_every_drop_names_its_rule(number: str) -> None:
    assert all(block.rule for block in seed(number).blocks if not block.kept)


@pytest.mark.parametrize("number", sorted(LABELS))
def test_bytes_of_a_file_come_out_like_its_lines(number: str) -> None:
    page = Page(seed_bytes(number), "text/plain", None, None, datetime.now(UTC))
    assert extract_page(page) == seed(number)


def test_000_glued_links_go_and_their_subheads_are_headings() -> None:
    document = seed("000")
    headings = [block.text for block in document.blocks if block.kept and block.kind is BlockKind.HEADING]
    assert headings == [
        "Un soutien russe",
        "Des violations des résolutions du Conseil de sécurité des Nations Unies",
    ]
    rules = dropped(document)
    assert sorted(filter(None, rules.values())) == ["advertisement", "glued-link", "glued-link", "log-in"]
    for figure in ("11.000 soldats", "100 missiles", "9 millions", "3.000 soldats"):
        assert figure in document.text


def test_001_headline_and_lead_stand_once() -> None:
    document = seed("001")
    assert document.title == "La Corée du Nord livre 14 000 soldats et 100 missiles à la Russie"
    assert document.title not in document.text
    assert document.text.count("Un nouveau rapport révèle") == 1
    rules = dropped(document)
    assert rules["Transparenz: Redaktionell erstellt und geprüft."] == "transparency-notice"
    assert rules["Veröffentlicht am"] == "date-line"
    assert "Moscow also provided feedback on North Korea's ballistic missiles" in document.text


def test_002_key_points_are_content() -> None:
    document = seed("002")
    assert [block.kind for block in document.blocks[:4]] == [BlockKind.HEADING] + [BlockKind.LIST_ITEM] * 3
    assert all(block.kept for block in document.blocks[:4])
    assert document.blocks[-1].rule == "subscription-prompt"


def test_003_source_and_date_are_metadata_and_the_caption_a_caption() -> None:
    document = seed("003")
    assert document.metadata.source == "Báo Quốc Tế"
    assert document.metadata.published == datetime(2023, 10, 27, tzinfo=UTC)
    captions = [block.text for block in document.blocks if block.kind is BlockKind.CAPTION]
    assert len(captions) == 1 and captions[0].endswith("(Source : Reuters)")
    assert "Anh" not in document.text.split("\n")


def test_004_date_and_credits_are_metadata() -> None:
    document = seed("004")
    assert document.metadata.published == datetime(2024, 12, 12, tzinfo=UTC)
    assert document.metadata.source == "INFOBAE"
    assert document.metadata.credits == (
        "Photo : capture d’écran de YouTube",
        "(Avec des informations de Reuters et EFE)",
        "Source : INFOBAE",
    )
    assert "7.000 XNUMX soldats" in document.text  # the number is put right with the translation
