"""The five documents of `seeds/` come out right: read, cut, translated, clustered, stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingest.language import Identifier
from ingest.pipeline.cluster import cluster_article
from ingest.pipeline.extract import extract_page
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.translate import translate_documents
from ingest.settings import Settings
from ingest.store.engine import connect
from ingest.store.migrations import upgrade
from ingest.store.texts import articles, documents, extractions, listing
from ingest.types import Article, Block, BlockKind, Document, Page, State
from models import marian

SEEDS = Path(__file__).parent.parent / "seeds"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds of one of the five."""

    article: Article
    document: Document
    duplicates: int
    related: frozenset[str]

    def dropped(self, start: str) -> Block:
        """The dropped block that begins so."""
        found = [block for block in self.document.blocks if not block.kept and block.text.startswith(start)]
        assert len(found) == 1, f"one dropped block beginning {start!r}, got {found}"
        return found[0]

    def kept(self, start: str) -> list[Block]:
        """The kept blocks that begin so."""
        return [block for block in self.document.blocks if block.kept and block.text.startswith(start)]


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stored]]:
    """The five documents by number, after the whole pipeline with the built-in model."""
    folder = tmp_path_factory.mktemp("five")
    settings = Settings(data_dir=folder)
    database = connect(settings.sqlalchemy_url)
    upgrade(database)
    translator = marian.load(settings.data_dir, threads=2)
    runtime = Runtime(database, settings, "test", Identifier(), translator)
    ids = {}
    with database.writing() as connection:
        for path in sorted(SEEDS.glob("00?_*.txt")):
            page = Page(path.read_bytes(), "text/plain", None, None, datetime.now(UTC))
            ids[path.name[:3]] = documents.admit_page(connection, page, origin="file").document_id
    for document_id in ids.values():
        extract_page(document_id, runtime)
    while translate_documents(runtime):
        pass
    for document_id in ids.values():
        cluster_article(document_id, runtime)
    numbers = {document_id: number for number, document_id in ids.items()}
    stored = {}
    with database.reading() as connection:
        for number, document_id in ids.items():
            row, article = documents.load(connection, document_id), articles.load(connection, document_id)
            extraction = extractions.load(connection, document_id)
            assert row is not None
            assert (number, row["state"], row["reason"]) == (number, State.DONE, None)
            assert article is not None
            assert extraction is not None
            cluster = listing.listed(connection, [document_id])[document_id]
            related = frozenset(
                numbers[other.id] for other, _similarity in listing.related_to(connection, [document_id])
            )
            stored[number] = Stored(article, extraction[0], cluster.size - 1, related)
    yield stored
    database.close()


def numbers_of(text: str) -> list[str]:
    """The numbers of a text, digits only."""
    return [re.sub(r"\D", "", found) for found in re.findall(r"\d+(?:[.,\u00a0\u202f ]\d{3})*(?!\d)", text)]


def test_000_loses_the_advertisement_the_glued_links_and_the_login_prompt(five: dict[str, Stored]) -> None:
    stored = five["000"]
    for start in (
        "NE LAISSER PAS LE 5G",
        "Guerre en Ukraine: la Corée du Nord a envoyé",
        '"On nous avait dit',
        "Pour accéder",
    ):
        assert stored.dropped(start).rule
    assert "Adpathway" not in stored.article.original_text
    assert "capturés par l'Ukraine" not in stored.article.original_text


def test_000_keeps_the_two_glued_subheads_as_headings(five: dict[str, Stored]) -> None:
    for start in ("Un soutien russe", "Des violations des résolutions du Conseil"):
        assert [block.kind for block in five["000"].kept(start)] == [BlockKind.HEADING]


def test_000_keeps_its_figures_in_english(five: dict[str, Stored]) -> None:
    for figure in ("11,000", "100", "9 million", "3,000"):
        assert figure in five["000"].article.text


def test_001_loses_the_transparency_note_and_the_empty_date_line(five: dict[str, Stored]) -> None:
    for start in ("Transparenz", "Veröffentlicht am"):
        assert five["001"].dropped(start).rule


def test_001_keeps_the_lead_once_and_in_french(five: dict[str, Stored]) -> None:
    stored = five["001"]
    assert stored.dropped("Ein neuer Bericht enthüllt").rule == "lead-repeat"
    assert len(stored.kept("Un nouveau rapport révèle")) == 1
    assert stored.article.lang == "fr"


def test_001_passes_the_english_sentence_letter_by_letter(five: dict[str, Stored]) -> None:
    sentence = (
        "Moscow also provided feedback on North Korea's ballistic missiles, "
        "which has improved the missile's capabilities."
    )
    found = [s for s in five["001"].article.sentences if s.source == sentence]
    assert [(s.lang, s.target, s.model) for s in found] == [("en", sentence, None)]
    assert sentence in five["001"].article.text


def test_001_says_its_headline_once(five: dict[str, Stored]) -> None:
    stored = five["001"]
    assert stored.article.original_title == "La Corée du Nord livre 14 000 soldats et 100 missiles à la Russie"
    assert stored.article.original_title not in stored.article.original_text
    assert "14,000" in stored.article.title


def test_002_keeps_the_three_key_points_and_loses_the_subscription_prompt(five: dict[str, Stored]) -> None:
    stored = five["002"]
    points = [block for block in stored.document.blocks if block.kept and block.kind is BlockKind.LIST_ITEM]
    assert len(points) == 3
    assert stored.dropped("Si vous souhaitez accéder").rule


def test_003_source_and_date_are_metadata(five: dict[str, Stored]) -> None:
    article = five["003"].article
    assert article.source == "Báo Quốc Tế"
    assert article.published is not None
    assert article.published.date() == date(2023, 10, 27)


def test_003_ends_before_the_comment_form_and_the_navigation(five: dict[str, Stored]) -> None:
    text = five["003"].article.original_text
    assert text.endswith("le dirigeant nord-coréen Kim Jong Un.")
    assert "\nAnh\n" not in text
    caption = [
        b for b in five["003"].document.blocks if b.text.startswith("Le ministère britannique de la Défense estime")
    ]
    assert [(block.kind, block.kept) for block in caption] == [(BlockKind.CAPTION, False)]


def test_004_date_and_credits_are_metadata(five: dict[str, Stored]) -> None:
    article = five["004"].article
    assert article.published is not None
    assert article.published.date() == date(2024, 12, 12)
    for credit in (
        "(Avec des informations de Reuters et EFE)",
        "Source : INFOBAE",
        "Photo : capture d’écran de YouTube",
    ):
        assert credit in article.credits
        assert credit not in article.original_text
    assert "Akismet" not in article.original_text
    assert "commentaire" not in article.original_text


def test_004_repairs_the_number_an_earlier_machine_broke(five: dict[str, Stored]) -> None:
    found = [s for s in five["004"].article.sentences if "XNUMX" in s.source]
    assert len(found) == 1
    assert "repaired" in found[0].flags
    assert re.search(r"7,000\b", found[0].target)
    assert "XNUMX" not in five["004"].article.text


@pytest.mark.parametrize("number", ["000", "001", "002", "003", "004"])
def test_every_number_of_the_source_is_in_the_english(five: dict[str, Stored], number: str) -> None:
    article = five[number].article
    for sentence in (*article.title_sentences, *article.sentences):
        missing = set(numbers_of(sentence.source)) - set(numbers_of(sentence.target))
        assert not missing, f"{missing} of {sentence.source!r} not in {sentence.target!r}"


@pytest.mark.parametrize("number", ["000", "001", "002", "003", "004"])
def test_sentences_lie_where_they_say_on_both_sides(five: dict[str, Stored], number: str) -> None:
    article = five[number].article
    for s in article.sentences:
        assert article.original_text[s.start : s.end] == s.source
        assert article.text[s.target_start : s.target_end] == s.target
    assert article.text.count("\n") == article.original_text.count("\n")


def test_none_of_the_five_is_a_copy_of_another(five: dict[str, Stored]) -> None:
    assert {number: stored.duplicates for number, stored in five.items()} == dict.fromkeys(five, 0)


def test_000_and_001_are_shown_as_related(five: dict[str, Stored]) -> None:
    assert "001" in five["000"].related
    assert "000" in five["001"].related


def test_every_line_agrees_with_its_hand_label(five: dict[str, Stored]) -> None:
    for raw in (SEEDS / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(raw)
        stored = five[label["id"].removeprefix("seed-")[:3]]
        kept = " ".join(stored.article.original_text.split())
        for line in label["lines"]:
            for part in line.get("parts") or [line]:
                text = " ".join(part["t"].split()).removeprefix("- ")
                if part["l"] == "c":
                    assert text in kept, f"{label['id']}: content lost: {text[:80]}"
                elif part["l"] == "b":
                    assert text not in kept, f"{label['id']}: boilerplate kept: {text[:80]}"
