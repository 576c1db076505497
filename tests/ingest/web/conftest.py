"""A small newspaper in a database: written through the store, as the pipeline writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, insert, update

from ingest.pipeline import decisions
from ingest.pipeline.cluster import cluster_in_transaction
from ingest.settings import Settings
from ingest.store.engine import Database, connect
from ingest.store.migrations import upgrade
from ingest.store.schema import clusters, matches, members, outcomes, related
from ingest.store.schema import documents as documents_table
from ingest.store.texts import articles, documents, extractions
from ingest.types import Article, Block, BlockKind, Document, Identified, Metadata, Page, Sentence, Span, State
from ingest.web.app import create_app
from tests.databases import KINDS, empty_database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

FRENCH = (
    (
        "Le barrage de Lunaise sera réparé avant l'hiver.",
        "The Lunaise dam will be repaired before winter.",
    ),
    (
        "La préfecture a débloqué 3,4 millions d'euros lundi.",
        "The prefecture released 3.4 million euros on Monday.",
    ),
    ("« Nous avons assez attendu », a dit la maire.", "“We have waited long enough,” the mayor said."),
)
GERMAN = (
    ("Der Staudamm von Lunaise wird vor dem Winter repariert.", "The Lunaise dam will be repaired before winter."),
    (
        "Die Präfektur gab am Montag 3,4 Millionen Euro frei.",
        "The prefecture released 3.4 million euros on Monday.",
    ),
    ("»Wir haben lange genug gewartet«, sagte die Bürgermeisterin.", "“We have waited long enough,” said the mayor."),
)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at the newest schema, made once and copied for each test."""
    path = tmp_path_factory.mktemp("empty") / "empty.sqlite"
    made = connect(f"sqlite:///{path}")
    upgrade(made)
    made.close()
    return path


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, empty_file: Path) -> Iterator[Database]:
    with empty_database(request.param, tmp_path) as url:
        if request.param == "sqlite":
            copyfile(empty_file, tmp_path / "test.sqlite")
        made = connect(url)
        upgrade(made)  # finds the copied file as it should be
        yield made
        made.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, open_console=True)


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(settings, database=database, judge=decisions), base_url="http://localhost") as made:
        yield made


class Newsroom:
    """Writes articles, clusters and endings into a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.count = 0

    def article(
        self,
        pairs: tuple[tuple[str, str], ...] = FRENCH,
        *,
        lang: str = "fr",
        title: str = "The dam of Lunaise",
        original_title: str = "Le barrage de Lunaise",
        source: str | None = "Le Courrier",
        url: str | None = None,
        flags: tuple[str, ...] = (),
        published: datetime | None = None,
        removed: tuple[Block, ...] = (),
    ) -> str:
        """One article that went through all stages; each pair is a paragraph of one sentence. Returns its id."""
        self.count += 1
        url = url or f"https://example.org/{self.count}"
        published = published or NOON + timedelta(minutes=self.count)
        body = ("\n".join(source for source, _ in pairs) + original_title).encode()
        with self.database.writing() as connection:
            page = Page(body, "text/plain", "utf-8", url, NOON)
            came = documents.admit_page(connection, page, origin="push")
            kept = tuple(Block(source, BlockKind.PARAGRAPH, kept=True) for source, _ in pairs)
            document = Document(original_title, removed + kept, Metadata(source=source), "lines/1")
            spans = (Span(0, len(document.text), lang),)
            extractions.save(connection, came.document_id, came.revision, document, Identified(lang, spans), lang)
            article = Article(
                id=came.document_id,
                revision=came.revision,
                url=url,
                source=source,
                author="A. Writer",
                published=published,
                updated=None,
                seen=NOON,
                title=title,
                text="\n".join(target for _, target in pairs),
                original_title=original_title,
                original_text=document.text,
                lang=lang,
                spans=spans,
                sentences=sentences_of(pairs, lang),
                flags=flags,
                title_sentences=sentences_of(((original_title, title),), lang),
            )
            articles.save(connection, article, text_digest=sha256(article.text.encode()).hexdigest()[:32])
            finish(connection, came.document_id)
        return came.document_id

    def clustered(self, text: str, **more: Any) -> str:
        """An English article of these sentences, a line each, given its place as the pipeline does. Returns its id."""
        pairs = tuple((line, line) for line in text.splitlines())
        title = more.pop("title", pairs[0][0].split(",")[0])
        id_ = self.article(pairs, lang="en", title=title, original_title=title, **more)
        with self.database.writing() as connection:
            article = articles.load(connection, id_)
            assert article is not None
            cluster_in_transaction(connection, article)
        return id_

    def cluster(self, *ids: str, rule: str = "stems", exact: float = 0.62, chosen: bool = False) -> str:
        """A cluster of these articles, the first of them its representative. Returns its id."""
        cluster_id = "c" + ids[0][1:]
        with self.database.writing() as connection:
            connection.execute(
                insert(clusters).values(
                    id=cluster_id,
                    representative=ids[0],
                    size=len(ids),
                    weakest=exact if len(ids) > 1 else None,
                    created_at=NOON,
                    changed_at=NOON,
                    chosen=chosen,
                )
            )
            for place, id_ in enumerate(ids):
                kind = "translated" if place else None
                row = {"article_id": id_, "cluster_id": cluster_id, "leader": id_, "words": 30, "kind": kind}
                connection.execute(insert(members).values(joined_at=NOON, **row))
            texts = articles.load_many(connection, list(ids))
            for other in ids[1:]:
                a, b = sorted((ids[0], other))
                passages = [[0, len(texts[a].text), 0, len(texts[b].text)]]
                values = {"estimated": 0.6, "exact": exact, "rule": rule, "kind": "translated", "passages": passages}
                connection.execute(insert(matches).values(a=a, b=b, score=exact, at=NOON, **values))
        return cluster_id

    def related(self, one: str, other: str, similarity: float = 0.41) -> None:
        """Two accounts of one event."""
        a, b = sorted((one, other))
        with self.database.writing() as connection:
            connection.execute(insert(related).values(a=a, b=b, similarity=similarity, at=NOON))

    def ended(self, state: State, reason: str, detail: str, *, url: str = "https://example.org/none") -> str:
        """A document that is no article. Returns its id."""
        self.count += 1
        with self.database.writing() as connection:
            page = Page(b"?", "text/plain", None, f"{url}/{self.count}", NOON)
            came = documents.admit_page(connection, page, origin="push")
            finish(connection, came.document_id, state=state, reason=reason, detail=detail)
        return came.document_id


def sentences_of(pairs: tuple[tuple[str, str], ...], lang: str) -> tuple[Sentence, ...]:
    """Sentences of paragraphs of one sentence each."""
    made: list[Sentence] = []
    start, target_start = 0, 0
    for source, target in pairs:
        end, target_end = start + len(source), target_start + len(target)
        model = None if lang == "en" else "fr-de-en@1"
        made.append(Sentence(source, target, start, end, target_start, target_end, lang, model))
        start, target_start = end + 1, target_end + 1
    return tuple(made)


def flagged(pairs: tuple[tuple[str, str], ...], lang: str, *flags: str) -> tuple[Sentence, ...]:
    """The same with flags on the first."""
    first, *rest = sentences_of(pairs, lang)
    return (replace(first, flags=flags), *rest)


def finish(
    connection: Connection, document_id: str, *, state: State = State.DONE, reason: str | None = None, detail: str = ""
) -> None:
    """Write the ending of a document and one line of its trail."""
    connection.execute(
        update(documents_table)
        .where(documents_table.c.id == document_id)
        .values(state=state, stage="cluster" if state is State.DONE else "extract", reason=reason, detail=detail)
    )
    values = {"stage": "extract", "attempt": 1, "outcome": str(state), "reason": reason, "detail": detail, "ms": 42}
    connection.execute(insert(outcomes).values(document_id=document_id, worker="test", at=NOON, **values))


@pytest.fixture
def newsroom(database: Database) -> Newsroom:
    return Newsroom(database)
