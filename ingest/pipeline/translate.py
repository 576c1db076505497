"""Documents to English articles, several at once, so that the model's batches are full.

A batch that fails is tried again document by document: one poisonous text costs its neighbours nothing but time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.dedup.normalize import digest
from ingest.pipeline.attempt import failed
from ingest.pipeline.runtime import Runtime
from ingest.store.queue import units
from ingest.store.queue.units import Unit
from ingest.store.texts import articles, documents, extractions
from ingest.store.texts.translation_memory import SqlTranslationMemory
from ingest.translation import Stopped, review_flags, translate_texts
from ingest.types import (
    UNDETERMINED,
    Article,
    Document,
    Identified,
    SentenceTranslator,
    Span,
    Stage,
    Translation,
)
from ingest.urls import registered_domain

ENGLISH = "en"

FOREIGN_SHARE = 0.25
"""Share of a text in languages without a model from which on the document waits. Below it the article goes out with
those sentences in their own wording, flagged: a quotation in Spanish must not hold back a French report."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A document that is ours to translate."""

    unit: Unit
    document: Document
    identified: Identified
    title_lang: str
    url: str | None
    source: str | None
    seen: datetime


def translate_documents(
    runtime: Runtime, first: str | None = None, *, should_stop: Callable[[], bool] = lambda: False
) -> tuple[str, ...]:
    """Translate a batch of the documents that wait, `first` among them; returns the ids to ring for at the next stage.

    should_stop: asked between model batches; when it says yes, the documents go back to the queue. An error that the
    runtime names fatal gives them back as well and is raised on: it costs no document an attempt.
    """
    settings = runtime.settings
    claimed = units.claim_many(
        runtime.database,
        Stage.TRANSLATE,
        settings.translate_batch,
        first=first,
        owner=runtime.owner,
        lease_s=settings.translate_lease_s,
        max_attempts=settings.max_attempts,
    )
    if not claimed:
        return ()
    with units.kept(runtime.database, claimed, settings.translate_lease_s):
        try:
            return _together(claimed, runtime, should_stop)
        except Stopped:
            units.release(runtime.database, claimed)
            return ()
        except runtime.fatal:
            units.release(runtime.database, claimed)
            raise


def _together(claimed: Sequence[Unit], runtime: Runtime, should_stop: Callable[[], bool]) -> tuple[str, ...]:
    try:
        return _translate([_load(unit, runtime) for unit in claimed], runtime, should_stop)
    except Exception as error:
        if isinstance(error, (Stopped, *runtime.fatal)):
            raise
        if len(claimed) == 1:
            failed(claimed[0], runtime, error)
            return ()
    return tuple(done for unit in claimed for done in _alone(unit, runtime, should_stop))


def _alone(unit: Unit, runtime: Runtime, should_stop: Callable[[], bool]) -> tuple[str, ...]:
    try:
        return _translate([_load(unit, runtime)], runtime, should_stop)
    except Exception as error:
        if isinstance(error, (Stopped, *runtime.fatal)):
            raise
        failed(unit, runtime, error)
        return ()


def _load(unit: Unit, runtime: Runtime) -> Claimed:
    with runtime.database.reading() as connection:
        row = documents.load(connection, unit.id)
        found = extractions.load(connection, unit.id)
    assert row is not None, f"document {unit.id} exists"
    assert found is not None, f"document {unit.id} at translate was extracted"
    document, identified, title_lang = found
    return Claimed(unit, document, identified, title_lang, row["url"], row["source"], row["created_at"])


def _translate(batch: Sequence[Claimed], runtime: Runtime, should_stop: Callable[[], bool]) -> tuple[str, ...]:
    """Translate titles and texts together, keep each article in a transaction of its own."""
    texts = [text for item in batch for text in _texts(item, runtime.translator)]
    memory = SqlTranslationMemory(runtime.database)
    translations = translate_texts(texts, runtime.translator, memory, should_stop=should_stop)
    pairs = zip(translations[::2], translations[1::2], strict=True)
    return tuple(
        item.unit.id for item, (title, text) in zip(batch, pairs, strict=True) if _keep(item, title, text, runtime)
    )


def _texts(item: Claimed, translator: SentenceTranslator) -> tuple[tuple[str, tuple[Span, ...]], ...]:
    """The title and the text, each with its spans. A language without a model is a misreading in a title."""
    title = item.document.title or ""
    lang = item.title_lang
    if lang != ENGLISH and translator.model(lang) is None:
        lang = item.identified.lang
    return (title, (Span(0, len(title), lang),) if title else ()), (item.document.text, item.identified.spans)


def missing_model(identified: Identified, translator: SentenceTranslator) -> str | None:
    """The language a document has to wait for; None where it can go out."""
    foreign = Counter[str]()
    for span in identified.spans:
        if span.lang not in (ENGLISH, UNDETERMINED) and translator.model(span.lang) is None:
            foreign[span.lang] += span.end - span.start
    if identified.lang in foreign:
        return identified.lang
    length = max((span.end for span in identified.spans), default=0)
    return foreign.most_common(1)[0][0] if foreign and foreign.total() >= FOREIGN_SHARE * length else None


def _keep(item: Claimed, title: Translation, text: Translation, runtime: Runtime) -> bool:
    """Keep one article with the end of its unit; whether it goes on to the next stage."""
    missing = missing_model(item.identified, runtime.translator)
    with runtime.database.writing() as connection:
        if missing is not None:
            units.wait_for_model(connection, item.unit, missing)
            return False
        article = compose(item, title, text)
        articles.save(connection, article, text_digest=digest(article.text).hex())
        units.finish(connection, item.unit, next_stage=Stage.CLUSTER)
    return True


def compose(item: Claimed, title: Translation, text: Translation) -> Article:
    """The article that consumers read, from a document and its translation."""
    metadata = item.document.metadata
    url = metadata.canonical_url or item.url
    return Article(
        id=item.unit.id,
        revision=0,
        url=url,
        source=metadata.source or item.source or metadata.site or (registered_domain(url) if url else None),
        author=metadata.author,
        published=metadata.published,
        updated=metadata.updated,
        seen=item.seen,
        title=title.text,
        text=text.text,
        original_title=item.document.title or "",
        original_text=item.document.text,
        lang=item.identified.lang,
        spans=item.identified.spans,
        sentences=text.sentences,
        title_sentences=title.sentences,
        flags=review_flags((title, text)),
        credits=metadata.credits,
        image_url=metadata.image_url,
    )
