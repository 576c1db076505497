"""Documents and their spans, on texts written for these tests."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.language import Identifier
from ingest.types import Identified

IDENTIFIER = Identifier()

FRENCH = "Le ministre a annoncé hier que la réforme serait présentée au Parlement avant la fin de l'année."
GERMAN = "Der Minister kündigte gestern an, dass die Reform noch vor Jahresende dem Parlament vorgelegt werde."
ENGLISH = "The minister announced yesterday that the reform would reach parliament before the end of the year."


def labels(text: str) -> list[tuple[str, str]]:
    """Language and stripped text of each span."""
    return [(span.lang, text[span.start : span.end].strip()) for span in IDENTIFIER.identify(text).spans]


@pytest.mark.parametrize(("text", "lang"), [(FRENCH, "fr"), (GERMAN, "de"), (ENGLISH, "en")])
def test_plain_text_is_one_span(text: str, lang: str) -> None:
    found = IDENTIFIER.identify(text)
    assert found.lang == lang
    assert [(span.start, span.end, span.lang) for span in found.spans] == [(0, len(text), lang)]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("El presidente del Gobierno anunció ayer que las elecciones se celebrarán el próximo mes de mayo.", "es"),
        ("Il presidente del Consiglio ha annunciato ieri che le elezioni si terranno il prossimo maggio.", "it"),
        ("De minister-president kondigde gisteren aan dat de verkiezingen volgend jaar worden gehouden.", "nl"),
        ("D'Regierung huet gëschter matgedeelt, datt d'Wale vun dësem Joer an de Mee verluecht ginn.", "lb"),
    ],
)
def test_other_languages_are_named_not_forced_into_ours(text: str, lang: str) -> None:
    assert IDENTIFIER.identify(text).lang == lang


@pytest.mark.parametrize(
    "text", ["", " \n ", "12 345,67 € – 89 %", "🎉🎉🎉", "2024-10-01 12:30", "東京都は新しい計画を発表した。"]
)
def test_text_without_letters_we_know_is_undetermined(text: str) -> None:
    assert IDENTIFIER.identify(text).lang == "und"


def test_sentence_of_another_language_is_found_inside_a_paragraph() -> None:
    assert labels(f"{FRENCH} {ENGLISH} {FRENCH}") == [("fr", FRENCH), ("en", ENGLISH), ("fr", FRENCH)]


def test_boundary_without_a_space_is_found() -> None:
    assert labels(f"{GERMAN}{ENGLISH}") == [("de", GERMAN), ("en", ENGLISH)]


def test_quotation_in_the_original_wording_keeps_its_language() -> None:
    text = 'Der Sprecher sagte am Abend: "We are not going to comment on this at all", und verließ den Saal.'
    assert ("en", "We are not going to comment on this at all") in labels(text)


def test_foreign_name_belongs_to_its_sentence() -> None:
    text = "Nach Angaben des Open Source Centre hat die Assemblée nationale die Sitzung am Dienstag vertagt."
    assert [lang for lang, _ in labels(text)] == ["de"]


def test_title_of_three_words_stays_in_its_sentence() -> None:
    text = 'Le quotidien a publié hier "Open Source Weekly", puis il a supprimé l\'article sans explication.'
    assert [lang for lang, _ in labels(text)] == ["fr"]


def test_capitals_are_told_apart() -> None:
    assert [lang for lang, _ in labels(f"GRÈVE GÉNÉRALE DANS LES TRANSPORTS PARISIENS\n{ENGLISH}")] == ["fr", "en"]


def test_change_of_language_without_any_mark_is_found() -> None:
    text = "In mehreren Interviews bekräftigte er diese Haltung noch einmal The most read stories of this week"
    assert [lang for lang, _ in labels(text)] == ["de", "en"]


def test_text_without_any_mark_is_still_cut() -> None:
    text = " ".join([FRENCH.lower().replace(".", "")] * 6 + [ENGLISH.lower().replace(".", "")] * 6)
    spans = IDENTIFIER.identify(text).spans
    assert [span.lang for span in spans] == ["fr", "en"]
    assert abs(spans[1].start - text.index("the minister")) < 400


@pytest.mark.parametrize(
    "text",
    [
        "Министр объявил вчера, что реформа будет представлена парламенту, сообщает Reuters.",
        "Ο υπουργός ανακοίνωσε χθες ότι η μεταρρύθμιση θα κατατεθεί στη Βουλή, μεταδίδει το Reuters.",
        "Xq zvbk wprt glmf hjdk qwpz vbnm trkl sdfg zxcv plmk wqrt bnvc hgfd lkjp zmxn",
        "Mae gan bawb hawl i fywyd, rhyddid a diogelwch personol, ac ni ddylid cadw neb yn gaeth mewn unrhyw fodd.",
    ],
    ids=["Russian", "Greek", "gibberish", "Welsh"],
)
def test_what_we_do_not_know_is_none_of_ours(text: str) -> None:
    assert IDENTIFIER.identify(text).lang not in ("fr", "de", "en")


def test_russian_quotation_is_undetermined_inside_its_article() -> None:
    quotation = "Мы не будем это комментировать"
    assert ("und", quotation) in labels(f'{ENGLISH} "{quotation}", the spokesman said. {ENGLISH}')


def test_two_words_that_could_be_foreign_stay_with_their_neighbours() -> None:
    assert [lang for lang, _ in labels(f"{FRENCH}\nNo data\nNo data\n{FRENCH}")] == ["fr"]


def test_hint_decides_about_a_word_of_two_languages_and_about_nothing_else() -> None:
    assert {IDENTIFIER.identify("Paris", hint).lang for hint in ("fr", "de", "en")} == {"fr", "de", "en"}
    assert IDENTIFIER.identify(FRENCH, "de").lang == "fr"
    assert IDENTIFIER.identify("12 345", "de").lang == "und"


def test_letter_that_grows_in_lower_case_shifts_nothing() -> None:
    text = f"{'İSTANBUL HAUPTSTADT DER HERZEN UND DER KATZEN '}{ENGLISH}"
    assert "".join(text[span.start : span.end] for span in IDENTIFIER.identify(text).spans) == text


def test_answers_do_not_depend_on_the_process() -> None:
    text = f"{FRENCH} Breaking news. {GERMAN} La une."
    program = f"from ingest.language import Identifier; print(Identifier().identify({text!r}))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert answers == {str(IDENTIFIER.identify(text))}


def test_threads_share_one_identifier() -> None:
    identifier = Identifier()
    texts = [FRENCH, GERMAN, ENGLISH, f"{FRENCH} {ENGLISH}"] * 5
    found: dict[int, Identified] = {}

    def work(index: int) -> None:
        found[index] = identifier.identify(texts[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[index] for index in range(len(texts))] == [IDENTIFIER.identify(text) for text in texts]


WORDS = st.sampled_from(
    [
        FRENCH,
        GERMAN,
        ENGLISH,
        "«",
        "»",
        '"',
        "\n",
        " - ",
        "PARIS EN GRÈVE",
        "İ",
        "Ziel ",
        "The most read ",
        "привет ",
        "3,5",
        "😀",
        "\u2028",
        "é",
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=30).map("".join)))
def test_spans_cover_any_text_without_gaps_or_overlaps(text: str) -> None:
    spans = IDENTIFIER.identify(text).spans
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert all(span.start < span.end for span in spans)
    assert all(left.end == right.start and left.lang != right.lang for left, right in pairwise(spans))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("unit", ["a", pytest.param("A. ", marks=pytest.mark.slow), '"'])
def test_one_megabyte_in_one_line_ends_in_time(unit: str) -> None:
    text = (unit * 1_000_000)[:1_000_000]
    began = time.process_time()
    assert IDENTIFIER.identify(text).spans[-1].end == len(text)
    assert time.process_time() - began < 25  # 5 s for the worst of them; a task may take 30
