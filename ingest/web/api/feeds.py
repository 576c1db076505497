"""/v1/feeds: where articles come from, and how each feed does."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy import RowMapping

from ingest.publish.feed import FeedState, FullFeed
from ingest.store.sources import feeds as store
from ingest.web.api.pages import DEFAULT, Cursor, Limit, Page, page_of, unless_known
from ingest.web.database import Reading
from ingest.web.problems import described

router = APIRouter(prefix="/feeds", tags=["feeds"])


@router.get("", response_model=Page[FullFeed], responses=described(304, 401, 403, 422))
def list_feeds(
    request: Request,
    connection: Reading,
    cursor: Cursor = None,
    limit: Limit = DEFAULT,
    state: Annotated[FeedState | None, Query(description="Only those in this state.")] = None,
) -> Response:
    """Feeds in the order they were added. `/v1/articles?feed=` lists what one of them brought."""
    found = store.list_feeds(connection, state=state, cursor=cursor, limit=limit)
    return unless_known(request, page_of(request, [full_feed(row) for row in found.rows], found.next))


@router.get("/{feed_id}", response_model=FullFeed, responses=described(304, 401, 403, 404, 422))
def one_feed(request: Request, connection: Reading, feed_id: str) -> Response:
    """One feed: its address, how it is polled, whether it answers."""
    row = store.load(connection, feed_id)
    if row is None:
        raise HTTPException(404, f"There is no feed {feed_id[:40]}.")
    return unless_known(request, full_feed(row))


def full_feed(row: RowMapping) -> FullFeed:
    """A feed as it goes out; row: of the table `feeds`."""
    return FullFeed(
        id=row["id"],
        url=row["url"],
        title=row["title"],
        site_url=row["site_url"],
        tags=tuple(row["tags"]),
        language=row["language"],
        kind=row["kind"],
        state=FeedState(row["state"]),
        polled=row["last_polled_at"],
        answered=row["last_success_at"],
        next_poll=row["next_poll_at"] if row["state"] == FeedState.ACTIVE else None,
        failures=row["failures"],
        created=row["created_at"],
    )
