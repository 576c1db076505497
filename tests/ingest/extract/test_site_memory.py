"""What a site repeats goes, what its articles say stays."""

from __future__ import annotations

import random

from ingest.extract import DictSiteMemory, extract_lines, fingerprint
from ingest.extract.cleaner import Part, clean_lines
from ingest.types import Block, Document
from tests.ingest.extract.pages import PARAGRAPHS

URL = "https://news.example.org/article"
SITE = "example.org"
POLICY = "Northbridge was founded by fishermen in 1284, and a daily ferry has crossed the bay since the railway came."
FURNITURE = ("Northbridge | Harbour | Regions", "Our reporters at the harbour", "More voices of the region", POLICY)
SUBJECTS = ("tram", "bridge", "school", "library", "harbour", "market", "theatre", "hospital", "stadium", "museum")


def article(number: int, *, lead: str | None = None) -> list[str]:
    """One article's paragraphs, of words no other article has."""
    rng = random.Random(number)
    subject = f"{SUBJECTS[number % len(SUBJECTS)]}{number}"
    words = [f"{a}{b}{number}" for a in ("plan", "cost", "vote", "street", "mayor") for b in ("ing", "ed", "er")]
    paragraphs = [
        f"The {subject} {rng.choice(words)} was decided on Monday after the {rng.choice(words)} had met "
        f"for {rng.randint(2, 9)} hours about the {rng.choice(words)} of the {subject}."
        for _ in range(6)
    ]
    return [
        lead or f"Everybody in the town waits for the {subject}, and the {subject} waits for its money, it seems.",
        *paragraphs,
    ]


def page(number: int, **options: str) -> list[str]:
    return [*FURNITURE[:2], *article(number, **options), *FURNITURE[2:]]


def read(lines: list[str], memory: DictSiteMemory | None) -> Document:
    ended = extract_lines(lines, url=URL, memory=memory)
    assert isinstance(ended, Document)
    return ended


def test_after_five_pages_the_furniture_is_gone_and_no_article_lost_a_line() -> None:
    memory = DictSiteMemory()
    for number in range(30):
        document = read(page(number), memory)
        kept = {block.text for block in document.blocks if block.kept}
        assert set(article(number)) <= kept
        if number >= 5:
            assert not kept & set(FURNITURE)
        memory.learn(SITE, str(number), document.blocks)
    rules = {block.text: block.rule for block in document.blocks}
    assert rules[POLICY] == "site-repeat"
    evidence = next(block.evidence for block in document.blocks if block.text == POLICY)
    assert "29 of 29 other articles of example.org" in evidence


def test_a_block_of_one_article_is_never_removed() -> None:
    memory = DictSiteMemory()
    first = read(page(0), memory)
    for _ in range(10):
        memory.learn(SITE, "the same article", first.blocks)
    again = read(page(0), memory)
    assert [block.text for block in again.blocks if block.kept] == [block.text for block in first.blocks if block.kept]


def test_the_lead_that_updates_of_one_story_share_stays() -> None:
    memory = DictSiteMemory()
    lead = PARAGRAPHS["en"][0]
    for number in range(8):
        follow_up = [
            lead,
            *(text.replace("March", f"March {number}") for text in PARAGRAPHS["en"][1:4]),
            *article(number)[1:3],
        ]
        document = read([*FURNITURE[:2], *follow_up, *FURNITURE[2:]], memory)
        assert lead in document.text
        memory.learn(SITE, str(number), document.blocks)


BLURBS = (
    "The Round Table is the daily talk show in which guests from the sciences and the arts argue about ideas.",
    "Kitchen Stories follows six cooks through a year of weddings, funerals and other feasts, week after week.",
)
SIDE = ("Programme | Live | Podcasts", "The Round Table", "Watch the show", "All episodes", "More of our shows")


def in_the_menu(number: int, words: str, memory: DictSiteMemory, *, sure: float = 0.7) -> tuple[Block, ...]:
    """The blocks of a page that has these words in its menu, which the scorer takes for text."""
    lines = [*SIDE, words, *SIDE[::-1], *article(number)]
    scores = [0.1 if line in SIDE else sure if line == words else 0.99 for line in lines]
    parts = [Part(line, at) for at, line in enumerate(lines)]
    return clean_lines(parts, title="A title", site=SITE, memory=memory, score=lambda *_: scores).blocks


def test_new_words_in_a_place_of_the_furniture_go_where_nothing_else_speaks_of_what_they_do() -> None:
    memory = DictSiteMemory()
    for number in range(3):
        memory.learn(SITE, str(number), in_the_menu(number, BLURBS[0], DictSiteMemory()))
    assert in_the_menu(9, BLURBS[1], DictSiteMemory())[len(SIDE)].kept
    blocks = in_the_menu(9, BLURBS[1], memory)
    assert (blocks[len(SIDE)].kept, blocks[len(SIDE)].rule) == (False, "site-slot")
    assert SITE in blocks[len(SIDE)].evidence
    assert {block.text for block in blocks if block.kept} == set(article(9))
    lead = f"{SUBJECTS[9]}9: " + article(9)[2]  # about the article
    assert in_the_menu(9, lead, memory)[len(SIDE)].kept
    assert in_the_menu(9, BLURBS[1], memory, sure=0.95)[len(SIDE)].kept


def test_a_pin_wins_over_everything() -> None:
    memory = DictSiteMemory()
    for number in range(6):
        memory.learn(SITE, str(number), read(page(number), memory).blocks)
    memory.pins[SITE, fingerprint(POLICY)] = True
    memory.pins[SITE, fingerprint(article(7)[2])] = False
    rules = {block.text: (block.kept, block.rule) for block in read(page(7), memory).blocks}
    assert rules[POLICY] == (True, "pinned-keep")
    assert rules[article(7)[2]] == (False, "pinned-drop")


def test_without_a_url_or_a_memory_nothing_is_remembered() -> None:
    memory = DictSiteMemory()
    for number in range(6):
        memory.learn(SITE, str(number), read(page(number), memory).blocks)
    nowhere = extract_lines(page(7), memory=memory)
    assert isinstance(nowhere, Document)
    assert nowhere.text == read(page(7), None).text


NEW = "The bridge was too low for the new ferry, the mayor said."


def doubted(memory: DictSiteMemory, line: str, score: float = 0.2) -> Block:
    """What becomes of a line after the second paragraph that the score has doubts about."""
    lines = [*article(9)[:2], line, "Menu", *article(9)[2:]]
    parts = [Part(text, at) for at, text in enumerate(lines)]
    scores = [score if text == line else 0.01 if text == "Menu" else 0.99 for text in lines]
    return clean_lines(parts, title="A title", site=SITE, memory=memory, score=lambda *_: scores).blocks[2]


def test_a_sentence_that_no_article_of_a_known_site_had_stays_beside_new_text() -> None:
    memory = DictSiteMemory()
    assert not doubted(memory, NEW).kept
    for number in range(3):
        memory.learn(SITE, str(number), read(page(number), None).blocks)
    assert (doubted(memory, NEW).kept, doubted(memory, NEW).rule) == (True, "site-new")
    assert not doubted(memory, NEW, score=0.1).kept
    assert not doubted(memory, "The bridge over the bay and what the town thinks of it").kept  # a title, a teaser
    assert not doubted(memory, "Read on.").kept
    memory.learn(SITE, "another", (Block(NEW, doubted(memory, NEW).kind, True, None, ""),))
    assert not doubted(memory, NEW).kept
