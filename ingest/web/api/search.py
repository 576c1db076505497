"""/v1/search: articles by their words."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response

from ingest.publish.article import ArticleSummary
from ingest.store.texts import listing, search
from ingest.web.api.articles import add_similarity, summary
from ingest.web.api.pages import DEFAULT, Cursor, Limit, Page, page_of, unless_known
from ingest.web.database import Reading
from ingest.web.problems import described

router = APIRouter(prefix="/search", tags=["search"])


@router.get("", response_model=Page[ArticleSummary], responses=described(304, 401, 403, 422))
def find(
    request: Request,
    connection: Reading,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=300,
            description='Words that must be there, "phrases in quotation marks", -words that must not.',
            examples=['dam "Lunaise" -flood'],
        ),
    ],
    cursor: Cursor = None,
    limit: Limit = DEFAULT,
    lang: Annotated[str | None, Query(max_length=8, description="Language of the original.")] = None,
    source: Annotated[str | None, Query(max_length=300, description="The source, as written.")] = None,
    canonical: Annotated[bool, Query(description="One article per cluster; false: every copy.")] = True,
) -> Response:
    """Articles with these words in the English or the original, the newest first, one per cluster."""
    if search.matching(connection, q) is None:
        raise HTTPException(422, "q: expected at least one word to look for; words to leave out are not enough.")
    choice = listing.Choice(lang=lang, source=source, canonical=canonical, words=q)
    found = listing.list_articles(connection, choice, cursor=cursor, limit=limit)
    rows = [summary(*row) for row in add_similarity(connection, found.rows)]
    return unless_known(request, page_of(request, rows, found.next))
