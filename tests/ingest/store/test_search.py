"""Full text over both languages, asked in the words of people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from ingest.store import articles, documents, listing, search
from ingest.store.engine import Database, connect
from ingest.store.listing import Choice
from ingest.store.schema import metadata
from ingest.types import Article, Page, Span

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = connect(f"sqlite:///{tmp_path_factory.mktemp('search') / 'search.sqlite'}")
    with made.writing() as connection:
        metadata.create_all(connection)
    keep(made, "The missiles of March", "The general said nothing.", "Der General schwieg über Raketen.")
    keep(made, "A dam in winter", "The dam will be repaired before winter.", "Le barrage sera réparé avant l'hiver.")
    yield made
    made.close()


def keep(database: Database, title: str, english: str, original: str) -> str:
    with database.writing() as connection:
        page = Page(original.encode(), "text/plain", None, None, NOW)
        id_ = documents.admit_page(connection, page, origin="file").document_id
        article = Article(
            id_, 1, None, None, None, NOW, None, NOW, title, english, "", original, "fr", (Span(0, 1, "fr"),), ()
        )
        articles.save(connection, article, text_digest="")
    return id_


def titles(database: Database, words: str) -> list[str]:
    with database.reading() as connection:
        return [row.title for row in listing.list_articles(connection, Choice(words=words)).rows]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("missile", ["The missiles of March"]),
        ("raketen general", ["The missiles of March"]),
        ("repare", ["A dam in winter"]),  # accents don't matter
        ('"before winter"', ["A dam in winter"]),
        ('"winter before"', []),
        ("the -dam", ["The missiles of March"]),
        ("dam missiles", []),
        ("l'hiver", ["A dam in winter"]),
    ],
)
def test_question_finds(database: Database, words: str, found: list[str]) -> None:
    assert titles(database, words) == found


def test_question_without_a_word_narrows_nothing(database: Database) -> None:
    assert len(titles(database, ' "" -- * ')) == 2


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_valid_question(database: Database, words: str) -> None:
    titles(database, words)
    search.tsquery(words)


def test_changed_article_is_found_by_its_new_words_only_and_a_removed_one_not_at_all(tmp_path: Path) -> None:
    made = connect(f"sqlite:///{tmp_path / 'changing.sqlite'}")
    with made.writing() as connection:
        metadata.create_all(connection)
    id_ = keep(made, "Zeppelin", "One.", "Eins.")
    with made.writing() as connection:
        connection.execute(text("UPDATE articles SET title = 'Balloon'"))
    assert (titles(made, "zeppelin"), titles(made, "balloon")) == ([], ["Balloon"])
    with made.writing() as connection:
        articles.forget(connection, id_)
    assert titles(made, "balloon") == []
    with made.reading() as connection:
        left = connection.execute(text("SELECT count(*) FROM articles_search_docsize")).scalar()
    assert left == 0
    made.close()
