"""Which model made what: counted per article where it is saved, so that no page reads every sentence to find out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from ingest.store.engine import db_now
from ingest.store.schema import article_models, articles, outcomes
from ingest.store.texts import documents
from ingest.types import Article, Stage, State

AT_ONCE = 1_000
"""Articles that one transaction sends back: a second of work for SQLite's one writer."""


@dataclass(frozen=True, slots=True)
class Made:
    """How much of what the archive says now one model made."""

    model: str  # name@revision
    articles: int
    sentences: int


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the latest translations were, while a translator was at work."""

    articles: int
    sentences: int
    characters: int  # of the originals
    busy_s: float  # waiting for work left out
    since: datetime

    @property
    def per_article_s(self) -> float:
        """Seconds for one article."""
        return self.busy_s / max(1, self.articles)


def note(connection: Connection, article: Article) -> None:
    """Count an article's sentences by model, in place of what was counted before."""
    forget(connection, article.id)
    count = Counter(sentence.model for sentence in article.sentences if sentence.model is not None)
    if count:
        rows = [{"article_id": article.id, "model": model, "sentences": n} for model, n in count.items()]
        connection.execute(insert(article_models), rows)


def forget(connection: Connection, article_id: str) -> None:
    """Count an article no more."""
    connection.execute(delete(article_models).where(article_models.c.article_id == article_id))


def made(connection: Connection) -> tuple[Made, ...]:
    """What each model made, the most productive first."""
    m = article_models.c
    query = select(m.model, func.count().label("articles"), func.sum(m.sentences).label("sentences"))
    rows = [Made(row.model, row.articles, row.sentences) for row in connection.execute(query.group_by(m.model))]
    return tuple(sorted(rows, key=lambda row: (-row.sentences, row.model)))


def speed(connection: Connection, since: datetime, *, latest: int = 200) -> Speed | None:
    """How fast the latest translations since then were; None where there was none.

    Documents are translated in batches, and each of a batch is noted with the time since the batch was claimed: what
    counts is the time in which a translator had any work, so times of one worker that overlap are taken together.
    """
    o = outcomes.c
    query = (
        select(o.document_id, o.worker, o.at, o.ms)
        .where(o.stage == Stage.TRANSLATE, o.outcome == State.DONE, o.ms.is_not(None), o.at >= since)
        .order_by(o.at.desc())
        .limit(latest)
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    a = articles.c
    sizes = select(func.count(), func.sum(func.length(a.original_text)), func.sum(func.json_array_length(a.sentences)))
    known, characters, sentences = connection.execute(sizes.where(a.id.in_({row.document_id for row in rows}))).one()
    if not known:
        return None
    return Speed(known, sentences, characters, busy(rows), min(row.at for row in rows))


def busy(rows: Sequence[Any]) -> float:
    """Seconds in which any of these attempts ran, each worker's overlapping ones counted once."""
    spans: dict[str | None, list[tuple[datetime, datetime]]] = {}
    for row in rows:
        spans.setdefault(row.worker, []).append((row.at - timedelta(milliseconds=row.ms), row.at))
    total = 0.0
    for times in spans.values():
        reach = min(start for start, _ in times)
        for start, end in sorted(times):
            total += max(0.0, (end - max(start, reach)).total_seconds())
            reach = max(reach, end)
    return total


def send_back(
    connection: Connection, model: str, *, after: str = "", first_s: float = 0.0, pace_s: float = 0.0
) -> tuple[int, str | None]:
    """Let the next AT_ONCE articles that a model made be translated again; how many, and the last one's id.

    after: the id to go on from; None comes back with the last of them. first_s, pace_s: seconds until the first is
    due and between two: the archive is not to stand before the news.
    """
    m = article_models.c
    now = connection.scalar(select(db_now()))
    assert now is not None
    query = select(m.article_id).where(m.model == model, m.article_id > after).order_by(m.article_id).limit(AT_ONCE)
    ids = list(connection.scalars(query))
    count = 0
    for place, id_ in enumerate(ids):
        at = now + timedelta(seconds=first_s + place * pace_s)
        count += documents.again(connection, id_, Stage.TRANSLATE, at=at)
    return count, ids[-1] if len(ids) == AT_ONCE else None
