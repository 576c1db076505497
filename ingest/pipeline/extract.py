"""Page to document: cut, cleaned, and the language of each part known. Repeats of the lead go last, since what
repeats in another language shows only once languages are known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest import extract, language
from ingest.extract.site_memory import fingerprints
from ingest.pipeline.attempt import attempt
from ingest.pipeline.runtime import Runtime
from ingest.store.engine import Database
from ingest.store.queue import units
from ingest.store.queue.units import Unit
from ingest.store.sources import site_memory
from ingest.store.texts import extractions, pages
from ingest.types import UNDETERMINED, Document, Identified, Page, Recalled, Rejection, Stage
from ingest.urls import registered_domain

NO_LANGUAGE = Rejection(Stage.EXTRACT, "no-language", "in no language that could be told")


def extract_page(document_id: str, runtime: Runtime) -> Stage | None:
    """Extract a stored page; the next stage, None where the document ended or is somebody else's."""
    return attempt(document_id, Stage.EXTRACT, runtime, lambda unit: _extract(unit, runtime))


def _extract(unit: Unit, runtime: Runtime) -> Stage | None:
    with runtime.database.reading() as connection:
        found = pages.load(connection, unit.id)
    assert found is not None, f"document {unit.id} at extract has a page"
    revision, page = found
    now = datetime.now(UTC)
    made = read_page(page, runtime, _Memory(runtime.database, unit.id, now))
    with runtime.database.writing() as connection:
        if isinstance(made, Rejection):
            units.reject(connection, unit, made)
            return None
        document, identified, title_lang = made
        extractions.save(connection, unit.id, revision, document, identified, title_lang)
        if page.url and (site := registered_domain(page.url)):
            site_memory.learn(connection, site, unit.id, fingerprints(document.blocks), now)
        units.finish(connection, unit, next_stage=Stage.TRANSLATE)
    return Stage.TRANSLATE


@dataclass(frozen=True, slots=True)
class _Memory:
    """What sites repeat, read in a transaction of its own: none is open while a page is taken apart."""

    database: Database
    document_id: str
    now: datetime

    def recall(self, site: str, fingerprints: Iterable[bytes]) -> Recalled:
        with self.database.reading() as connection:
            return site_memory.SqlSiteMemory(connection, self.document_id, self.now).recall(site, fingerprints)


def read_page(
    page: Page, runtime: Runtime, memory: extract.SiteMemory | None = None
) -> tuple[Document, Identified, str] | Rejection:
    """A page's document, its languages and its title's language, or why there is no article in it."""
    document = extract.extract_page(page, memory)
    if isinstance(document, Rejection):
        return document
    hint = document.metadata.language or page.language
    identified = runtime.identifier.identify(document.text, hint)
    if identified.lang == UNDETERMINED:
        return NO_LANGUAGE
    document, identified = language.drop_repeats(document, identified)
    title_lang = runtime.identifier.identify(document.title or "", identified.lang).lang
    return document, identified, identified.lang if title_lang == UNDETERMINED else title_lang
