"""Which model made what, how fast, and what is made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import insert, select, update

from ingest.store.engine import Database, connect
from ingest.store.migrations import upgrade
from ingest.store.schema import documents as documents_table
from ingest.store.schema import outcomes
from ingest.store.texts import articles, documents, provenance
from ingest.types import Article, Page, Sentence, Span, Stage, State
from tests.databases import KINDS, empty_database

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with empty_database(request.param, tmp_path) as url:
        made = connect(url)
        upgrade(made)
        yield made
        made.close()


def saved(database: Database, *models: str | None) -> str:
    """An article of one sentence per model, gone through everything. Returns its id."""
    with database.writing() as connection:
        given_id = token_hex(8)
        page = Page(given_id.encode(), "text/plain", None, None, NOW)
        came = documents.admit_page(connection, page, origin="push", given_id=given_id)
        connection.execute(
            update(documents_table)
            .where(documents_table.c.id == came.document_id)
            .values(state=State.DONE, stage=Stage.CLUSTER)
        )
        text = "\n".join("Un." for _ in models)
        made = tuple(Sentence("Un.", "One.", 4 * i, 4 * i + 3, 5 * i, 5 * i + 4, "fr", m) for i, m in enumerate(models))
        article = Article(
            id=came.document_id,
            revision=0,
            url=None,
            source=None,
            author=None,
            published=None,
            updated=None,
            seen=NOW,
            title="",
            text="\n".join("One." for _ in models),
            original_title="",
            original_text=text,
            lang="fr",
            spans=(Span(0, len(text), "fr"),),
            sentences=made,
        )
        articles.save(connection, article, text_digest="x")
    return came.document_id


def test_sentences_are_counted_by_the_model_that_made_them(database: Database) -> None:
    saved(database, "a@1", "a@1", None)
    both = saved(database, "a@1", "b@2")
    with database.reading() as connection:
        assert provenance.made(connection) == (provenance.Made("a@1", 2, 3), provenance.Made("b@2", 1, 1))
        article = articles.load(connection, both)
    assert article is not None
    newer = tuple(replace(sentence, model="b@3") for sentence in article.sentences)
    with database.writing() as connection:
        articles.save(connection, replace(article, sentences=newer), text_digest="x")
        assert provenance.made(connection) == (provenance.Made("a@1", 1, 2), provenance.Made("b@3", 1, 2))
        articles.forget(connection, both)
        assert provenance.made(connection) == (provenance.Made("a@1", 1, 2),)


def test_articles_of_a_model_are_translated_again_one_after_another(database: Database) -> None:
    ids = sorted(saved(database, "a@1") for _ in range(3))
    other = saved(database, "b@1")
    with database.writing() as connection:
        assert provenance.send_back(connection, "a@1", first_s=60, pace_s=10) == (3, None)
        assert provenance.send_back(connection, "a@1") == (0, None)  # they are on their way
        rows = {row.id: row for row in connection.execute(select(documents_table))}
    assert {rows[id_].state for id_ in ids} == {State.PENDING}
    assert {rows[id_].stage for id_ in ids} == {Stage.TRANSLATE}
    gaps = [rows[b].next_run_at - rows[a].next_run_at for a, b in pairwise(ids)]
    assert gaps == [timedelta(seconds=10)] * 2
    assert rows[other].state == State.DONE


def test_what_is_on_its_way_or_taken_down_is_not_sent_back(database: Database) -> None:
    one = saved(database, "a@1")
    with database.writing() as connection:
        assert documents.again(connection, one, Stage.EXTRACT) == 1
        assert documents.again(connection, one, Stage.EXTRACT) == 0
        connection.execute(update(documents_table).values(state=State.REMOVED))
        assert documents.again(connection, one, Stage.TRANSLATE) == 0


@dataclass(frozen=True, slots=True)
class Ran:
    """An attempt, as the trail has it."""

    worker: str
    at: datetime
    ms: int


def test_batches_of_one_worker_count_their_time_once() -> None:
    second = timedelta(seconds=1)
    batch = [Ran("w", NOW + second * 8, 8000), Ran("w", NOW + second * 9, 9000)]
    assert provenance.busy(batch) == 9
    assert provenance.busy([*batch, Ran("w", NOW + second * 20, 5000)]) == 14  # six idle seconds between them
    assert provenance.busy([*batch, Ran("v", NOW + second * 9, 4000)]) == 13


def test_speed_is_that_of_the_latest_translations(database: Database) -> None:
    with database.reading() as connection:
        assert provenance.speed(connection, NOW) is None
    ids = [saved(database, "a@1", "a@1"), saved(database, "a@1")]
    with database.writing() as connection:
        for place, id_ in enumerate(ids, start=1):
            row = {"document_id": id_, "stage": "translate", "attempt": 1, "outcome": "done", "worker": "w"}
            connection.execute(insert(outcomes).values(ms=2000 * place, at=NOW + timedelta(seconds=2 * place), **row))
        speed = provenance.speed(connection, NOW)
        assert provenance.speed(connection, NOW + timedelta(days=1)) is None
    assert speed is not None
    assert (speed.articles, speed.sentences, speed.characters, speed.busy_s) == (2, 3, 10, 4.0)
    assert speed.per_article_s == 2.0
