"""Texts that were clustered before an encoder was named, or by another one, given their vectors while serving.

Batch by batch, the newest first: each text is encoded outside any transaction, then compared in one with all that have
a vector by then, as its own step would have done. What words had found of it goes: a pair is weighed by what both mean
once the second of them has its vector, so in the end every pair of the window is. Stopped half way, the next run goes
on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic, sleep

from ingest.dedup.embedding import Encoder
from ingest.dedup.minhash import SCHEME
from ingest.pipeline import placement
from ingest.pipeline.cluster import LOCK, make_ready
from ingest.pipeline.compare import Newcomer, newcomer, text_of
from ingest.pipeline.meanings import meaning_of
from ingest.pipeline.reindex import REST
from ingest.pipeline.window import catch_up
from ingest.store.duplicates import embeddings
from ingest.store.duplicates.signatures import seconds
from ingest.store.engine import Database, serialise
from ingest.store.texts import articles
from ingest.types import Article

AT_ONCE = 20
"""Texts in one transaction: others that want to write wait no longer than those take, .14 s beside 65,000 texts of the
same days, .57 s where their vectors have no room in memory."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of some texts."""

    texts: int
    encoded: int  # the others are gone, say something else by now, or have been encoded meanwhile


def waiting(database: Database, encoder: str) -> list[int]:
    """The numbers of the texts of the window that have no vector of an encoder, the newest first."""
    with database.reading() as connection:
        return embeddings.lacking(connection, encoder, SCHEME, seconds(datetime.now(UTC)))


def encode(database: Database, encoder: Encoder, numbers: Sequence[int], *, most_bytes: int) -> Iterator[Batch]:
    """Give texts their vectors, and find anew what they are related to; yields what each transaction did.

    most_bytes: memory for what this process holds of the window. What the encoder raises ends it.
    """
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        ready = _read(database, encoder, some)
        if not ready:
            yield Batch(len(some), 0)
            continue
        make_ready(database, most_bytes, ready[0][1].meaning, placing=len(ready))
        begun = monotonic()
        encoded = _keep(database, encoder.label, some, ready)
        took_s = monotonic() - begun
        yield Batch(len(some), encoded)
        sleep(REST * took_s)


def _read(database: Database, encoder: Encoder, numbers: Sequence[int]) -> list[tuple[Article, Newcomer]]:
    """Those of the texts that have no vector still and say what they were signed for, encoded."""
    with database.reading() as connection:
        digests = embeddings.still_lacking(connection, encoder.label, SCHEME, numbers)
        found = articles.load_many(connection, list(digests))
        said = {id_: embeddings.of_text(connection, digests[id_], encoder.label) for id_ in found}
    ready = []
    for article in found.values():
        text = text_of(article)
        if text.digest == digests[article.id]:  # else its own step, which is to come, encodes it
            new = newcomer(text, meaning_of(encoder, text, said[article.id]))
            if new.meaning is not None:
                ready.append((article, new))
    return ready


def _keep(database: Database, encoder: str, numbers: Sequence[int], ready: Sequence[tuple[Article, Newcomer]]) -> int:
    """Keep the vectors of texts that still stand as they were read, and relate them."""
    with database.writing() as connection:
        serialise(connection, LOCK)
        catch_up(connection)
        digests = embeddings.still_lacking(connection, encoder, SCHEME, numbers)
        some = [(article, new) for article, new in ready if digests.get(article.id) == new.text.digest]
        if some:
            placement.relate(connection, [placement.coming_of(connection, article, new) for article, new in some])
    return len(some)
