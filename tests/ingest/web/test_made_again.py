"""What an operator sends back is made again by a worker, and becomes a revision that consumers are told of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import select, update

from ingest.language import Identifier
from ingest.pipeline.cluster import cluster_article
from ingest.pipeline.extract import extract_page
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.translate import translate_documents
from ingest.settings import Settings
from ingest.store import schema
from ingest.store.consumers import changes
from ingest.store.engine import Database
from ingest.store.texts import articles, documents, extractions, provenance
from ingest.types import Article, Hypothesis, Page

from .conftest import NOON
from .test_acts import csrf

FURNITURE = "Abonnez-vous pour lire la suite de cet article sur notre site."
TOPICS = ("Le barrage de Lunaise", "La gare de la vallée", "Le musée des horloges")


@dataclass(frozen=True)
class Marking:
    """A translator that says which of its revisions it is."""

    revision: int

    def model(self, lang: str) -> str | None:
        return None if lang == "en" else f"marking@{self.revision}"

    def options(self) -> str:
        return ""

    def count_tokens(self, text: str, lang: str) -> int:
        return len(text.split())

    def max_tokens(self, lang: str) -> int:
        return 512

    def stream(
        self, sentences: Sequence[str], lang: str, *, retry: bool = False
    ) -> Iterator[list[tuple[int, Hypothesis]]]:
        yield [(number, Hypothesis(f"[{self.revision}] {sentence}", -0.5)) for number, sentence in enumerate(sentences)]


@pytest.fixture
def worker(database: Database, settings: Settings) -> Runtime:
    return Runtime(database, settings, "test", Identifier(), Marking(1))


def work(worker: Runtime, *ids: str) -> None:
    """What the workers of all stages do until nothing is left."""
    for id_ in ids:
        extract_page(id_, worker)
    while translate_documents(worker):
        pass
    for id_ in ids:
        cluster_article(id_, worker)


def take_in(worker: Runtime) -> list[str]:
    """Three pages of one site, each with the site's furniture; their documents' ids."""
    ids = []
    for number, topic in enumerate(TOPICS):
        told = "".join(
            f"<p>{topic} a été discuté le jour {day} par {19 * day + 30} habitants de la commune, qui ont demandé "
            f"encore une fois où était passé l'argent, et la réponse a duré {7 * day + 9} minutes.</p>"
            for day in range(5)
        )
        body = f"<html><head><title>{topic}</title></head><body><h1>{topic}</h1>{told}<p>{FURNITURE}</p></body></html>"
        page = Page(body.encode(), "text/html", "utf-8", f"https://valley.example/{number}", NOON)
        with worker.database.writing() as connection:
            ids.append(documents.admit_page(connection, page, origin="push").document_id)
    work(worker, *ids)
    return ids


def now(worker: Runtime, id_: str) -> Article:
    with worker.database.reading() as connection:
        found = articles.load(connection, id_)
    assert found is not None
    return found


def told(worker: Runtime, id_: str) -> list[int | None]:
    """The revisions of an article that consumers were told of."""
    c = schema.changes.c
    with worker.database.reading() as connection:
        mine = select(c.revision).where(c.article_id == id_, c.kind == changes.UPSERT)
        return list(connection.scalars(mine.order_by(c.seq)))


def test_struck_block_is_kept_in_a_new_revision_and_struck_again_when_taken_back(
    client: TestClient, worker: Runtime
) -> None:
    id_ = take_in(worker)[-1]
    with worker.database.reading() as connection:
        found = extractions.load(connection, id_)
    assert found is not None
    (place,) = (n for n, block in enumerate(found[0].blocks) if block.text == FURNITURE)
    assert not found[0].blocks[place].kept
    token = {"csrf": csrf(client)}
    shown = client.post(f"/articles/{id_}/keep", data=token | {"block": place})
    assert "being read again" in html.fromstring(shown.text).text_content()
    work(worker, id_)
    after = now(worker, id_)
    assert (after.revision, after.original_text.endswith(FURNITURE)) == (2, True)
    assert f"[1] {FURNITURE}" in after.text
    assert told(worker, id_) == [1, 2]
    former = html.fromstring(client.get(f"/articles/{id_}/revisions/1").text)
    assert FURNITURE in " ".join(node.text_content() for node in former.xpath("//ins"))
    (undo,) = html.fromstring(shown.text).xpath("//form[contains(@action, '/pins/')][.//*[@data-key='u']]/@action")
    client.post(undo, data=token | {"document": id_})
    work(worker, id_)
    assert (now(worker, id_).revision, FURNITURE in now(worker, id_).original_text) == (3, False)
    assert told(worker, id_) == [1, 2, 3]


def test_article_sent_back_is_translated_by_the_models_of_now(client: TestClient, worker: Runtime) -> None:
    id_, *others = take_in(worker)
    before = now(worker, id_)
    assert "[1]" in before.text
    newer = replace(worker, translator=Marking(2))
    client.post(f"/articles/{id_}/retranslate", data={"csrf": csrf(client)})
    work(newer, id_)
    after = now(worker, id_)
    assert (after.revision, after.text) == (2, before.text.replace("[1]", "[2]"))
    assert {sentence.model for sentence in after.sentences} == {"marking@2"}
    assert told(worker, id_) == [1, 2]
    client.post("/models/retranslate", data={"csrf": csrf(client), "model": "marking@1"})
    with worker.database.writing() as connection:  # the archive waits for the news; here there is none
        connection.execute(update(schema.documents).values(next_run_at=NOON))
    work(newer, *others)
    assert [now(worker, other).revision for other in others] == [2, 2]
    with worker.database.reading() as connection:
        assert [made.model for made in provenance.made(connection)] == ["marking@2"]


def test_article_that_comes_out_the_same_is_no_new_revision(client: TestClient, worker: Runtime) -> None:
    id_ = take_in(worker)[-1]
    before = now(worker, id_)
    for act in ("retranslate", "reread"):
        client.post(f"/articles/{id_}/{act}", data={"csrf": csrf(client)})
        work(worker, id_)
    assert now(worker, id_) == before
    assert told(worker, id_) == [1]
