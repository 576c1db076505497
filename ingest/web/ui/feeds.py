"""Pages of feeds: health of all, history of one, and what a person may want of them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import RowMapping

from ingest.store.operators import audit
from ingest.store.sources import feeds, polls
from ingest.web.auth import Operator
from ingest.web.database import Reading, TheDatabase
from ingest.web.handed import handed
from ingest.web.ui.render import page

POLLS = 50

router = APIRouter()


@router.get("/feeds")
def list_feeds(
    request: Request, connection: Reading, show: Literal["all", "failing", "paused", "gone"] = "all"
) -> Response:
    """Every feed with its health."""
    rows = feeds.every(connection, state=show if show in ("paused", "gone") else None, failing=show == "failing")
    values = {
        "feeds": sorted(rows, key=urgency),
        "show": show,
        "counts": feeds.counts(connection),
        "can_look": handed(request).scout is not None,
    }
    return page(request, "feeds.html", values)


@router.get("/feeds/{feed_id}")
def one_feed(request: Request, connection: Reading, feed_id: str) -> Response:
    """One feed: how it was polled, what it said, when it is next."""
    feed = feeds.load(connection, feed_id)
    if feed is None:
        raise HTTPException(404, f"There is no feed {feed_id[:40]}.")
    return page(request, "feed.html", {"feed": feed, "polls": polls.history(connection, feed_id, POLLS)})


@router.post("/feeds")
def add_feed(
    database: TheDatabase,
    who: Operator,
    url: Annotated[str, Form(max_length=2000)],
    tags: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Follow a feed; it is polled at once, and its page says what came of it."""
    words = [word.strip() for word in tags.split(",") if word.strip()]
    with database.writing() as connection:
        feed_id, new = feeds.add(connection, url.strip(), tags=words)
        if new:
            audit.note(connection, who.name, "add-feed", f"feed:{feed_id}", url=url.strip())
    return RedirectResponse(f"/feeds/{feed_id}", status_code=303)


@router.post("/feeds/{feed_id}/{act}")
def act_on_feed(
    database: TheDatabase, who: Operator, feed_id: str, act: Literal["pause", "resume", "poll", "remove"]
) -> Response:
    """Pause, resume, poll now, or forget a feed."""
    with database.writing() as connection:
        feed = feeds.load(connection, feed_id)
        if feed is None:
            raise HTTPException(404, f"There is no feed {feed_id[:40]}.")
        {"pause": feeds.pause, "resume": feeds.resume, "poll": feeds.poll_soon, "remove": feeds.remove}[act](
            connection, feed_id
        )
        audit.note(connection, who.name, f"{act}-feed", f"feed:{feed_id}", url=feed["url"])
    return RedirectResponse("/feeds" if act == "remove" else f"/feeds/{feed_id}", status_code=303)


def urgency(feed: RowMapping) -> tuple[bool, int, str]:
    """Order of the list: what is in trouble first, then by name."""
    return (feed["state"] != "gone" and not feed["failures"], -feed["failures"], feed["title"] or feed["url"])
