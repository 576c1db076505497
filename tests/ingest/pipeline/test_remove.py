"""A takedown leaves an id and hashes, and no trace of the text in any file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.language import Identifier
from ingest.pipeline.cluster import cluster_article
from ingest.pipeline.extract import extract_page
from ingest.pipeline.remove import take_down
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.translate import translate_documents
from ingest.settings import Settings
from ingest.store import backup, migrations, schema
from ingest.store.engine import Database, connect
from ingest.store.queue import rings, units
from ingest.store.sources import entries
from ingest.store.texts import articles, documents
from ingest.types import FeedEntry, Hypothesis, Page, Stage, State

MARK = "Quastenflosser"
URL = f"https://example.org/nachrichten/{MARK.lower()}-gesichtet"
LINES = (
    f"{MARK} vor der Küste gesichtet",
    "",
    f"Forscher haben am Dienstag einen {MARK} in der Bucht gesehen, wie das Institut für Meereskunde mitteilte.",
    "Das Tier war etwa zwei Meter lang und schwamm nach Angaben der Besatzung langsam in Richtung der offenen See.",
    f"Der {MARK} galt lange als ausgestorben, bis ein Fischer im Jahr 1938 einen gefangen hatte.",
)


class Echo:
    """Translates by saying the same."""

    def model(self, lang: str) -> str | None:
        return "echo@1"

    def options(self) -> str:
        return "plain"

    def count_tokens(self, text: str, lang: str) -> int:
        return len(text.split())

    def max_tokens(self, lang: str) -> int:
        return 500

    def stream(self, sentences: list[str], lang: str, *, retry: bool = False) -> Iterator[list[tuple[int, Hypothesis]]]:
        yield [(number, Hypothesis(sentence, 0.0)) for number, sentence in enumerate(sentences)]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    settings = Settings(data_dir=tmp_path)
    database = connect(settings.sqlalchemy_url)
    migrations.upgrade(database)
    yield Runtime(database, settings, "test:1:1", Identifier(), Echo())
    database.close()


def page(url: str | None = URL) -> Page:
    body = "\n".join(LINES).encode()
    return Page(body, "text/plain", None, url, datetime.now(UTC), title=LINES[0])


def entry(title: str = LINES[0]) -> FeedEntry:
    return FeedEntry("https://example.org/feed", URL, URL, title, LINES[2], "", "A. Autor", None, None, "de")


def an_article(runtime: Runtime, url: str = URL) -> str:
    with runtime.database.writing() as connection:
        document_id = documents.admit_page(connection, page(url), origin="feed").document_id
        entries.add(connection, f"feed-{len(url)}", entry(), sha256="0", document_id=document_id, now=datetime.now(UTC))
    assert extract_page(document_id, runtime) == Stage.TRANSLATE
    assert translate_documents(runtime, document_id) == (document_id,)
    assert cluster_article(document_id, runtime) is None
    return document_id


def traces(folder: Path) -> list[str]:
    return [
        path.name for path in folder.rglob("*") if path.is_file() and MARK.lower().encode() in path.read_bytes().lower()
    ]


def test_no_file_holds_a_word_of_what_was_taken_down(runtime: Runtime) -> None:
    document_id = an_article(runtime)
    folder = runtime.settings.data_dir
    assert traces(folder), "the article was there"
    assert take_down(runtime.database, document_id, who="tester", why="asked to")
    assert traces(folder) == []
    with runtime.database.reading() as connection:
        row = documents.load(connection, document_id)
        assert row is not None
        assert (row["state"], row["reason"], row["url"]) == (State.REMOVED, "taken-down", None)
        assert articles.load(connection, document_id) is None
        kinds = connection.scalars(
            select(schema.changes.c.kind).where(schema.changes.c.article_id == document_id)
        ).all()
        assert kinds == ["upsert", "delete"]
        assert connection.execute(select(schema.members)).all() == []
    assert not take_down(runtime.database, document_id, who="tester", why="again")


def test_what_was_taken_down_stays_down_whoever_brings_it(runtime: Runtime) -> None:
    document_id = an_article(runtime)
    take_down(runtime.database, document_id, who="tester", why="")
    now = datetime.now(UTC)
    with runtime.database.writing() as connection:
        again = documents.admit_page(connection, replace(page(), body=b"other"), origin="push")
        assert (again.document_id, again.changed) == (document_id, False)
        assert documents.admit_url(connection, URL, origin="feed").document_id == document_id
        assert not documents.refetch(connection, document_id)
        assert documents.add_alias(connection, URL, "somebody") == document_id
        assert documents.find(connection, URL) == document_id
        known = entries.known(connection, f"feed-{len(URL)}", [URL])
        assert known[URL]["document_id"] == document_id
        entries.change(connection, known[URL]["id"], entry(MARK), sha256="1", now=now)
        entries.add(connection, "other feed", entry(), sha256="2", document_id=document_id, now=now)
        assert rings.ready(connection, Stage.EXTRACT, 10) == ()
    runtime.database.close()
    assert traces(runtime.settings.data_dir) == []


def test_worker_that_holds_it_keeps_nothing(runtime: Runtime) -> None:
    with runtime.database.writing() as connection:
        document_id = documents.admit_page(connection, page(), origin="push").document_id
    unit = units.claim(runtime.database, document_id, Stage.EXTRACT, owner="o", lease_s=60, max_attempts=3)
    assert unit is not None
    take_down(runtime.database, document_id, who="tester", why="")
    with pytest.raises(units.LeaseLost), runtime.database.writing() as connection:
        units.finish(connection, unit, next_stage=Stage.TRANSLATE)


def test_cluster_of_a_removed_article_gets_another_representative(runtime: Runtime) -> None:
    first = an_article(runtime)
    copy = an_article(runtime, "https://example.org/copy")
    with runtime.database.reading() as connection:
        cluster = connection.execute(select(schema.clusters).where(schema.clusters.c.size == 2)).mappings().one()
    assert cluster["representative"] in (first, copy)
    take_down(runtime.database, cluster["representative"], who="tester", why="")
    with runtime.database.reading() as connection:
        after = (
            connection.execute(select(schema.clusters).where(schema.clusters.c.id == cluster["id"])).mappings().one()
        )
        left = connection.execute(select(schema.members.c.article_id)).all()
    assert [after["representative"]] == [row.article_id for row in left]
    assert after["size"] == 1


def test_restored_backup_does_not_bring_back_what_was_taken_down(runtime: Runtime, tmp_path: Path) -> None:
    document_id = an_article(runtime)
    copy = backup.backup(runtime.settings, tmp_path / "outside" / "b.sqlite")
    assert (copy.documents, copy.articles) == (1, 1)
    take_down(runtime.database, document_id, who="tester", why="")
    with runtime.database.writing() as connection:
        late = documents.admit_page(connection, page("https://example.org/late"), origin="push").document_id
    take_down(runtime.database, late, who="tester", why="")
    runtime.database.close()
    restored = backup.restore(runtime.settings, copy.path)
    assert restored.revived == (document_id,)
    assert restored.aside is not None
    database: Database = connect(runtime.settings.sqlalchemy_url)
    with database.writing() as connection:
        assert articles.load(connection, document_id) is not None
        assert documents.admit_page(connection, page("https://example.org/late"), origin="push").document_id == late
    database.close()


def test_damaged_backup_is_refused_and_changes_nothing(runtime: Runtime, tmp_path: Path) -> None:
    an_article(runtime)
    copy = backup.backup(runtime.settings, tmp_path / "b.sqlite")
    runtime.database.close()
    damaged = bytearray(copy.path.read_bytes())
    damaged[5000:9000] = b"x" * 4000
    copy.path.write_bytes(damaged)
    before = (runtime.settings.data_dir / "newsfold.sqlite").read_bytes()
    with pytest.raises(Exception, match="expected"):
        backup.restore(runtime.settings, copy.path)
    assert (runtime.settings.data_dir / "newsfold.sqlite").read_bytes() == before
