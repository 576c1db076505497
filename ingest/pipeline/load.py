"""Files of articles read back: what `export` and `dump` wrote becomes what a consumer saw, under the same ids.

Reading a file twice does nothing the second time, so after a stop, whatever caused it, the same command goes on where
it was: what is in is passed over. Each group of records is one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.dedup.normalize import digest
from ingest.errors import BadInput
from ingest.pipeline.cluster import LOCK
from ingest.pipeline.export import verify
from ingest.pipeline.remove import take_down
from ingest.publish.article import FullArticle, SentenceShape, Tombstone
from ingest.publish.files import reading
from ingest.store.engine import Database, serialise
from ingest.store.texts import imports
from ingest.store.texts.imports import Coming
from ingest.urls import canonical_url

AT_ONCE = 200


def load(database: Database, source: Path, *, who: str = "import") -> Counter[str]:
    """How many articles of a file, or of a dump's folder, ended how: as `texts.imports.take_in` says, and removed.

    A folder's checksums are compared first. BadInput names the first damaged line; what stood before it is in.
    """
    files = [source]
    if source.is_dir():
        files = [source / entry["name"] for entry in verify(source)["files"]]
    endings: Counter[str] = Counter()
    for path in files:
        for group in _groups(path):
            articles = [record for record in group if isinstance(record, FullArticle)]
            with database.writing() as connection:
                serialise(connection, LOCK)
                endings.update(imports.take_in(connection, [_coming(one) for one in articles]).values())
            for record in group:
                if isinstance(record, Tombstone):
                    why = "taken down where the file comes from"
                    endings["removed" if take_down(database, record.id, who=who, why=why) else "gone already"] += 1
    return endings


def _groups(path: Path) -> Iterator[list[FullArticle | Tombstone]]:
    """Records in groups; those before a damaged line come before the error."""
    group: dict[str, FullArticle | Tombstone] = {}
    damage = None
    records = reading(path)
    while damage is None:
        try:
            _, record = next(records)
        except StopIteration:
            break
        except BadInput as error:
            damage = error
            break
        group[record.id] = record
        if len(group) == AT_ONCE:
            yield list(group.values())
            group = {}
    if group:
        yield list(group.values())
    if damage is not None:
        raise damage


def _coming(one: FullArticle) -> Coming:
    article = {
        "id": one.id,
        "revision": one.revision,
        "url": one.url,
        "source": one.source,
        "author": one.author,
        "published": one.published,
        "updated": one.updated,
        "seen": one.seen,
        "sort_at": one.published or one.seen,
        "title": one.title,
        "text": one.text,
        "original_title": one.original.title,
        "original_text": one.original.text,
        "lang": one.original.lang,
        "spans": [[span.start, span.end, span.lang] for span in one.original.spans],
        "title_sentences": [_sentence(sentence) for sentence in one.title_sentences],
        "sentences": [_sentence(sentence) for sentence in one.sentences],
        "flags": list(one.flags),
        "needs_review": one.needs_review,
        "credits": list(one.credits),
        "image_url": one.image_url,
        "text_digest": digest(one.text).hex(),
        "changed_at": one.changed,
    }
    return Coming(
        key=_key(one),
        article=article,
        extraction=_extraction(one),
        duplicate=None if one.duplicate is None else one.duplicate.model_dump(mode="json"),
        feeds=tuple(feed.model_dump() for feed in one.feeds),
        related=tuple((near.id, near.similarity) for near in one.related),
    )


def _key(one: FullArticle) -> str:
    if one.url:
        try:
            return "url:" + canonical_url(one.url)
        except BadInput:
            pass
    return f"id:{one.id}"


def _sentence(kept: SentenceShape) -> dict[str, Any]:
    row = {
        "source": kept.source,
        "target": kept.target,
        "start": kept.source_start,
        "end": kept.source_end,
        "target_start": kept.start,
        "target_end": kept.end,
        "lang": kept.lang,
        "model": kept.model,
        "flags": list(kept.flags),
        "score": kept.score,
    }
    return {name: value for name, value in row.items() if value not in (None, [])}


def _extraction(one: FullArticle) -> dict[str, Any] | None:
    """The page as far as the file tells of it: the pieces left out, then the lines of the text."""
    if one.extraction is None or one.extraction.removed is None:
        return None
    gone = [
        {"text": piece.text, "kind": str(piece.kind), "kept": False, "rule": piece.rule, "line": piece.line}
        | {"evidence": piece.evidence}
        for piece in one.extraction.removed
    ]
    kept = [{"text": line, "kind": "paragraph", "kept": True} for line in one.original.text.split("\n")]
    return {
        "title": one.original.title,
        "blocks": [{name: v for name, v in block.items() if v not in (None, "")} for block in gone + kept],
        "metadata": {},
        "method": one.extraction.method,
        "lang": one.original.lang,
        "title_lang": one.original.lang,
        "spans": [[span.start, span.end, span.lang] for span in one.original.spans],
    }
