"""A takedown beside a worker that is just saving the article."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import select

from ingest.store.engine import Database
from ingest.store.queue import units
from ingest.store.schema import changes
from ingest.store.texts import articles, documents, removal
from ingest.types import Article, Page, Stage

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def article(document_id: str) -> Article:
    return Article(
        id=document_id, revision=0, url=None, source=None, author=None, published=None, updated=None, seen=NOW,
        title="A headline", text="A text.", original_title="", original_text="", lang="en", spans=(), sentences=(),
    )  # fmt: skip


def take_down(database: Database, document_id: str) -> bool:
    with database.writing() as connection:
        return removal.take_down(connection, document_id, who="test", why="asked")


def test_takedown_waits_for_the_worker_that_saves_the_article_and_not_the_worker_for_it(database: Database) -> None:
    with database.writing() as connection:
        came = documents.admit_page(connection, Page(b"A text.", "text/plain", None, None, NOW), origin="push")
        id_ = came.document_id
    unit = units.claim(database, id_, Stage.EXTRACT, owner="worker", lease_s=60, max_attempts=3)
    assert unit is not None
    with ThreadPoolExecutor(1) as pool:
        with database.writing() as connection:
            articles.save(connection, article(id_), text_digest="")
            taken = pool.submit(take_down, database, id_)
            time.sleep(0.3)  # it asks for its locks meanwhile
            assert not taken.done()
            units.finish(connection, unit)  # the row of the document: on PostgreSQL a deadlock if the other had it
        assert taken.result(timeout=30)
    with database.reading() as connection:
        assert articles.load(connection, id_) is None
        kinds = list(connection.scalars(select(changes.c.kind).order_by(changes.c.seq)))
    assert kinds == ["upsert", "delete"]
