"""/v1/articles: lists, and one article with its provenance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy import Connection

from ingest.publish.article import ArticleSummary, Duplicate, FullArticle
from ingest.publish.record import Record, article_record, removed_record
from ingest.store.duplicates import cluster_listing
from ingest.store.queue import standing
from ingest.store.texts import extractions, listing, outgoing
from ingest.store.texts.listing import Listed
from ingest.types import NEEDS_REVIEW, Copy, Match, State
from ingest.web.api.pages import DEFAULT, Cursor, Limit, Page, page_of, unless_known
from ingest.web.database import Reading
from ingest.web.problems import described

router = APIRouter(prefix="/articles", tags=["articles"])


@router.get("", response_model=Page[ArticleSummary] | Page[FullArticle], responses=described(304, 401, 403, 422))
def list_articles(
    request: Request,
    connection: Reading,
    cursor: Cursor = None,
    limit: Limit = DEFAULT,
    fields: Annotated[Literal["slim", "full"], Query(description="Summaries, or whole articles.")] = "slim",
    q: Annotated[
        str | None,
        Query(
            max_length=300,
            description='Full text over English and original: words, "phrases in quotation marks", -without.',
        ),
    ] = None,
    lang: Annotated[str | None, Query(max_length=8, description="Language of the original.")] = None,
    source: Annotated[str | None, Query(max_length=300, description="The source, as written.")] = None,
    feed: Annotated[str | None, Query(max_length=32, description="Id of a feed.")] = None,
    tag: Annotated[str | None, Query(max_length=100, description="A tag of a feed that named it.")] = None,
    kind: Annotated[Copy | None, Query(description="In what way it is a copy.")] = None,
    flag: Annotated[str | None, Query(max_length=64, description="Only with this flag.")] = None,
    needs_review: Annotated[bool | None, Query(description="Only with, or only without that flag.")] = None,
    canonical: Annotated[bool, Query(description="One article per cluster: the one to read.")] = False,
    since: Annotated[datetime | None, Query(description="Published (or come in) then or later; with a zone.")] = None,
    until: Annotated[datetime | None, Query(description="Published (or come in) before; with a zone.")] = None,
) -> Response:
    """Articles, the newest first. For a copy that misses nothing follow `/v1/changes` instead."""
    choice = listing.Choice(
        lang=lang,
        source=source,
        feed=feed,
        kind=kind,
        review=needs_review,
        canonical=canonical,
        since=aware(since, "since"),
        until=aware(until, "until"),
        words=q,
        flag=flag,
        tag=tag,
    )
    found = listing.list_articles(connection, choice, cursor=cursor, limit=limit)
    if fields == "full":
        return unless_known(
            request, page_of(request, load_full(connection, [row.id for row in found.rows]), found.next)
        )
    rows = add_similarity(connection, found.rows)
    return unless_known(request, page_of(request, [summary(*row) for row in rows], found.next))


@router.get("/{article_id}", response_model=FullArticle, responses=described(304, 401, 403, 404, 410, 422))
def one_article(
    request: Request,
    connection: Reading,
    article_id: str,
    include: Annotated[
        list[Literal["removed"]] | None, Query(description="`removed`: the pieces of the page that were left out.")
    ] = None,
) -> Response:
    """One article: English and original aligned by sentence, model by sentence, duplicates, what was left out."""
    records = load_full(connection, [article_id])
    if not records:
        document = standing.document(connection, article_id)
        if document is not None and document.state is State.REMOVED:
            raise HTTPException(410, f"Article {article_id} was taken down.")
        if document is not None:
            raise HTTPException(404, f"Document {article_id} is no article: {document.state}. See /v1/documents.")
        raise HTTPException(404, f"There is no article {article_id[:40]}.")
    return unless_known(request, with_removed(connection, records[0]) if include else records[0])


def aware(at: datetime | None, name: str) -> datetime | None:
    """The moment where it has a zone; 422 where it has none, since a guess would be wrong for most of the world."""
    if at is not None and at.tzinfo is None:
        raise HTTPException(422, f"{name}: expected a moment with a time zone, as 2026-03-02T12:00:00Z.")
    return at


def load_full(connection: Connection, ids: Sequence[str]) -> list[Record]:
    """Whole articles by id, in the order of the ids: `FullArticle` each, as a plain dictionary."""
    return [article_record(row) for row in outgoing.whole(connection, ids)]


def with_removed(connection: Connection, record: Record) -> Record:
    """The same article with the pieces of its page that were left out."""
    gone = extractions.removed_of(connection, [record["id"]]).get(record["id"])
    if gone is None or record["extraction"] is None:
        return record
    return record | {"extraction": record["extraction"] | {"removed": [removed_record(block) for block in gone]}}


def add_similarity(connection: Connection, rows: tuple[Listed, ...]) -> list[tuple[Listed, float | None]]:
    """Each row with its similarity to its cluster's canonical article."""
    heads = {row.representative for row in rows if row.representative and row.size > 1}
    among = [row.id for row in rows if row.size > 1]
    found = {pair(match): match.exact for match in cluster_listing.matches_among(connection, sorted({*heads, *among}))}
    return [(row, found.get(frozenset((row.id, row.representative or "")))) for row in rows]


def pair(match: Match) -> frozenset[str]:
    """The two of a match, in no order."""
    return frozenset((match.a, match.b))


def duplicate_of(row: Listed, similarity: float | None) -> Duplicate | None:
    """What the article's cluster says about it."""
    if row.cluster is None or row.representative is None:
        return None
    return Duplicate(
        cluster_id=row.cluster,
        size=row.size,
        canonical_id=row.representative,
        is_canonical=row.representative == row.id,
        kind=row.kind,
        similarity=similarity,
    )


def summary(row: Listed, similarity: float | None = None) -> ArticleSummary:
    """A row of a list as it goes out."""
    return ArticleSummary(
        id=row.id,
        revision=row.revision,
        url=row.url,
        source=row.source,
        lang=row.lang,
        title=row.title,
        excerpt=row.excerpt,
        published=row.published,
        seen=row.seen,
        changed=row.changed,
        flags=row.flags,
        needs_review=NEEDS_REVIEW in row.flags,
        duplicate=duplicate_of(row, similarity),
    )
