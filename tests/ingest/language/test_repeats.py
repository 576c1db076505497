"""A lead in two languages is one lead; quotations and other passages stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.language import Identifier, drop_repeats
from ingest.types import Block, BlockKind, Document, Identified, Metadata

IDENTIFIER = Identifier()
SEEDS = sorted(Path(__file__).parents[3].joinpath("seeds").glob("00*.txt"))

LEAD = "Un rapport révèle que la Corée du Nord a envoyé 14 000 soldats et 100 missiles à la Russie cette année."
REPEAT = (
    "Ein Bericht enthüllt, dass Nordkorea in diesem Jahr 14.000 Soldaten und 100 Raketen an Russland geschickt hat."
)
BODY = "Les deux pays ont nié pendant des mois, malgré les preuves publiées par plusieurs organisations."


def document(*texts: str, kind: BlockKind = BlockKind.PARAGRAPH) -> Document:
    blocks = tuple(Block(text, kind, kept=True, line=line) for line, text in enumerate(texts))
    return Document(None, blocks, Metadata(), "lines/1")


def cleaned(whole: Document) -> tuple[Document, Identified]:
    return drop_repeats(whole, IDENTIFIER.identify(whole.text))


@pytest.mark.parametrize("texts", [(LEAD, REPEAT, BODY, BODY), (REPEAT, LEAD, BODY, BODY)])
def test_lead_in_two_languages_is_kept_once_in_the_main_one(texts: tuple[str, ...]) -> None:
    left, identified = cleaned(document(*texts))
    assert [block.text for block in left.blocks if not block.kept] == [REPEAT]
    assert identified.lang == "fr"
    assert [(span.start, span.end, span.lang) for span in identified.spans] == [(0, len(left.text), "fr")]


def test_dropped_repeat_says_what_it_repeats() -> None:
    left, _ = cleaned(document(LEAD, REPEAT, BODY, BODY))
    block = left.blocks[1]
    assert block.rule == "lead-repeat"
    assert block.evidence.startswith("de, repeats line 1 in fr: 100, 14000, ")


@pytest.mark.parametrize(
    "other",
    [
        REPEAT.replace("14.000", "15.000"),
        "Nordkorea schickt 14.000 Soldaten und 100 Raketen.",
        "Die Vereinten Nationen forderten 14.000 Menschen in Genf und 100 Orten von Kolumbien auf, Ruhe zu bewahren.",
        f"„{REPEAT}“",
        f"« {REPEAT} »",
    ],
    ids=["other number", "too short", "other names", "German quotation", "French quotation"],
)
def test_passage_that_says_something_else_stays(other: str) -> None:
    whole = document(LEAD, other, BODY, BODY)
    identified = IDENTIFIER.identify(whole.text)
    assert drop_repeats(whole, identified) == (whole, identified)


def test_repeat_far_below_the_lead_stays() -> None:
    whole = document(*[BODY] * 8, LEAD, REPEAT)
    assert cleaned(whole)[0] == whole


def test_spans_after_the_repeat_move_up() -> None:
    sentence = "Moscow also provided feedback on the missiles, which has improved their capabilities since then."
    left, identified = cleaned(document(LEAD, REPEAT, BODY, sentence, BODY))
    found = [(left.text[span.start : span.end].strip(), span.lang) for span in identified.spans]
    assert found == [(f"{LEAD}\n{BODY}", "fr"), (sentence, "en"), (BODY, "fr")]


def test_seed_001_loses_its_german_lead_and_keeps_the_english_sentence() -> None:
    lines = [line for line in SEEDS[1].read_text(encoding="utf-8").splitlines() if line.strip()]
    left, identified = cleaned(document(*lines))
    assert [block.text[:20] for block in left.blocks if not block.kept] == ["Ein neuer Bericht en"]
    english = [left.text[span.start : span.end] for span in identified.spans if span.lang == "en"]
    assert [text[:29] for text in english] == ["Moscow also provided feedback"]
    assert "".join(left.text[span.start : span.end] for span in identified.spans) == left.text


@pytest.mark.parametrize("seed", [SEEDS[0], *SEEDS[2:]], ids=lambda path: path.name[:3])
def test_other_seeds_lose_nothing(seed: Path) -> None:
    whole = document(*[line for line in seed.read_text(encoding="utf-8").splitlines() if line.strip()])
    assert cleaned(whole)[0] == whole
