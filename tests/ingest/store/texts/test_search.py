"""Full text over both languages, asked in the words of people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from ingest.store.engine import Database, connect
from ingest.store.schema import metadata
from ingest.store.texts import articles, documents, listing, search
from ingest.store.texts.listing import Choice
from ingest.types import Article, Page, Span
from tests.databases import KINDS, empty_database

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


@pytest.fixture(params=KINDS)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A hundred and twenty articles about a dam, every seventh in German, the later the number the later it came."""
    with empty_database(request.param, tmp_path) as url:
        made = connect(url)
        with made.writing() as connection:
            metadata.create_all(connection)
            for number in range(120):
                lang = "de" if number % 7 == 0 else "fr"
                page = Page(f"{number}".encode(), "text/plain", None, None, NOW)
                id_ = documents.admit_page(connection, page, origin="file").document_id
                title, text_ = f"Dam {number}", f"The dam number {number} holds."
                article = Article(
                    id_, 1, None, None, None, NOW, None, NOW, title, text_, "", "-", lang, (Span(0, 1, lang),), ()
                )
                articles.save(connection, article, text_digest="")
        yield made
        made.close()


@pytest.mark.parametrize("looked_at", [40, 4_000])
def test_pages_of_a_common_word_lead_through_every_match_once(
    archive: Database, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", looked_at)  # the bound itself is thousands
    seen: list[str] = []
    cursor, pages = None, 0
    with archive.reading() as connection:
        while cursor is not None or not pages:
            page = listing.list_articles(connection, Choice(words="dam holds", lang="de"), cursor=cursor, limit=10)
            seen += [row.title for row in page.rows]
            cursor, pages = page.next, pages + 1
    assert seen == [f"Dam {number}" for number in range(119, -1, -1) if number % 7 == 0]


def test_common_word_is_found_latest_arrival_first(archive: Database) -> None:
    with archive.reading() as connection:
        page = listing.list_articles(connection, Choice(words="dam"), limit=3)
        assert [row.title for row in page.rows] == ["Dam 119", "Dam 118", "Dam 117"]
        assert listing.list_articles(connection, Choice(words="dam -dam"), limit=3).rows == ()
