"""From documents to articles: batches, poison, languages without a model, revisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.language import Identifier
from ingest.pipeline.extract import extract_page
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.translate import translate_documents
from ingest.settings import Settings
from ingest.store.consumers import changes
from ingest.store.engine import connect
from ingest.store.queue import aside
from ingest.store.schema import metadata
from ingest.store.texts import articles, documents
from ingest.types import Hypothesis, Page, Stage, State

GERMAN = (
    "Der Minister sprach am Montag in Berlin über die Lage im Land. "
    "Er nannte dabei keine neuen Zahlen zu den Kosten der Reform."
)
SPANISH = (
    "El ministro habló el lunes en Madrid sobre la situación económica del país. "
    "No dio nuevas cifras sobre los costes de la reforma anunciada ayer por el gobierno."
)


class Upper:
    """A translator that answers in capitals, and dies of one word."""

    def __init__(self, languages: frozenset[str] = frozenset({"fr", "de"})) -> None:
        self.languages = languages
        self.calls: list[list[str]] = []

    def model(self, lang: str) -> str | None:
        return "upper@1" if lang in self.languages else None

    def options(self) -> str:
        return "capitals"

    def count_tokens(self, text: str, lang: str) -> int:
        return len(text.split()) + 1

    def max_tokens(self, lang: str) -> int:
        return 512

    def stream(
        self, sentences: Sequence[str], lang: str, *, retry: bool = False
    ) -> Iterator[list[tuple[int, Hypothesis]]]:
        self.calls.append(list(sentences))
        if any("Gift" in sentence for sentence in sentences):
            raise RuntimeError("poison")
        yield [(number, Hypothesis(sentence.upper(), -0.5)) for number, sentence in enumerate(sentences)]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    settings = Settings(data_dir=tmp_path)
    database = connect(settings.sqlalchemy_url)
    with database.writing() as connection:
        metadata.create_all(connection)
    yield Runtime(database, settings, "test", Identifier(), Upper())
    database.close()


def take_in(runtime: Runtime, text: str, url: str | None = None) -> str:
    page = Page(text.encode(), "text/plain", "utf-8", url, datetime.now(UTC))
    with runtime.database.writing() as connection:
        document_id = documents.admit_page(connection, page, origin="push").document_id
    extract_page(document_id, runtime)
    return document_id


def state(runtime: Runtime, document_id: str) -> tuple[str, str]:
    with runtime.database.reading() as connection:
        row = documents.load(connection, document_id)
    assert row is not None
    return row["stage"], row["state"]


def test_documents_that_wait_are_translated_together(runtime: Runtime) -> None:
    ids = [take_in(runtime, GERMAN.replace("Montag", day)) for day in ("Montag", "Dienstag", "Mittwoch")]
    assert set(translate_documents(runtime, ids[1])) == set(ids)
    for document_id in ids:
        assert state(runtime, document_id) == (Stage.CLUSTER, State.PENDING)


def test_one_poisonous_text_leaves_its_neighbours_alone(runtime: Runtime) -> None:
    good, bad = take_in(runtime, GERMAN), take_in(runtime, GERMAN + " Das Gift war tödlich.")
    assert translate_documents(runtime) == (good,)
    assert state(runtime, bad) == (Stage.TRANSLATE, State.RETRY)


def test_a_language_without_a_model_waits_and_runs_when_it_appears(runtime: Runtime) -> None:
    document_id = take_in(runtime, SPANISH)
    assert translate_documents(runtime) == ()
    with runtime.database.reading() as connection:
        row = documents.load(connection, document_id)
    assert row is not None
    assert (row["state"], row["detail"]) == (State.WAITING, 'no model for "es"')
    with runtime.database.writing() as connection:
        assert aside.wake_waiting(connection, "es") == 1
    later = replace(runtime, translator=Upper(frozenset({"es"})))
    assert translate_documents(later) == (document_id,)


def test_a_quotation_without_a_model_does_not_hold_the_article_back(runtime: Runtime) -> None:
    german = (
        GERMAN + "\n" + "Die Opposition sprach von einem schweren Fehler und verlangte sofort neue Verhandlungen. " * 6
    )
    document_id = take_in(runtime, GERMAN + "\n" + SPANISH.split(". ")[0] + ".\n" + german)
    assert translate_documents(runtime) == (document_id,)
    with runtime.database.reading() as connection:
        article = articles.load(connection, document_id)
    assert article is not None
    foreign = [sentence for sentence in article.sentences if sentence.lang == "es"]
    assert foreign
    assert all(sentence.target == sentence.source and "not-english" in sentence.flags for sentence in foreign)


def test_a_stop_gives_the_documents_back_with_their_attempts(runtime: Runtime) -> None:
    document_id = take_in(runtime, GERMAN)
    assert translate_documents(runtime, should_stop=lambda: True) == ()
    assert state(runtime, document_id) == (Stage.TRANSLATE, State.PENDING)
    with runtime.database.reading() as connection:
        row = documents.load(connection, document_id)
    assert row is not None
    assert row["attempts"] == 0


class Damaged(Upper):
    """A translator whose weights cannot be read."""

    def stream(
        self, sentences: Sequence[str], lang: str, *, retry: bool = False
    ) -> Iterator[list[tuple[int, Hypothesis]]]:
        raise WeightsDamaged("model.bin: sha256 expected, got another")


class WeightsDamaged(Exception):
    """What `Damaged` raises."""


def test_a_damaged_model_costs_no_document_an_attempt_and_is_raised_on(runtime: Runtime) -> None:
    ids = [take_in(runtime, GERMAN.replace("Montag", day)) for day in ("Montag", "Dienstag")]
    broken = replace(runtime, translator=Damaged(), fatal=(WeightsDamaged,))
    with pytest.raises(WeightsDamaged):
        translate_documents(broken)
    for document_id in ids:
        with runtime.database.reading() as connection:
            row = documents.load(connection, document_id)
        assert row is not None
        assert (row["state"], row["attempts"]) == (State.PENDING, 0)
    assert set(translate_documents(runtime)) == set(ids)


def test_a_text_in_no_language_is_rejected_with_a_sentence(runtime: Runtime) -> None:
    document_id = take_in(
        runtime, "0412 7731 99 +++ 4711 ### 0815 // 31337 42 42 42 !!! ??? 1234567 890 11 22 33 44 55 66 77 88"
    )
    with runtime.database.reading() as connection:
        row = documents.load(connection, document_id)
    assert row is not None
    assert row["state"] == State.REJECTED
    assert row["detail"]


def test_new_bytes_under_one_url_make_a_revision_and_the_same_none(runtime: Runtime) -> None:
    url = "https://example.org/artikel"
    document_id = take_in(runtime, GERMAN, url)
    translate_documents(runtime)
    assert take_in(runtime, GERMAN + " Das sagte er auch am Abend noch einmal.", url) == document_id
    translate_documents(runtime)
    with runtime.database.reading() as connection:
        article = articles.load(connection, document_id)
        recorded = connection.execute(changes.changes.select()).mappings().all()
    assert article is not None
    assert article.revision == 2
    assert [(row["kind"], row["revision"]) for row in recorded] == [("upsert", 1), ("upsert", 2)]


def test_sentences_seen_are_not_translated_again(runtime: Runtime) -> None:
    take_in(runtime, GERMAN)
    translate_documents(runtime)
    before = len(runtime.translator.calls)  # type: ignore[attr-defined]
    take_in(runtime, GERMAN, "https://example.org/kopie")
    translate_documents(runtime)
    assert len(runtime.translator.calls) == before  # type: ignore[attr-defined]
