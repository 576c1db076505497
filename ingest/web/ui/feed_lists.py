"""Lists of feeds in and out, and a look at a feed before it is followed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy import Connection

from ingest.errors import BadInput, IngestError
from ingest.feeds.opml import Listed, listed_of, read_list, write_opml, write_toml
from ingest.store.operators import audit
from ingest.store.sources import feeds
from ingest.urls import canonical_url
from ingest.web.auth import Operator
from ingest.web.database import Reading, TheDatabase
from ingest.web.handed import TheScout
from ingest.web.ui.render import page

SHOWN = 12
"""Entries of a feed that a preview shows."""

TOGETHER = 500
"""Feeds of a list that one transaction adds."""

router = APIRouter()


@router.post("/feeds/preview")
def preview_feed(
    request: Request,
    connection: Reading,
    _who: Operator,
    scout: TheScout,
    url: Annotated[str, Form(max_length=2000)],
    tags: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """What is in a feed, and how often it would be asked; nothing of it is kept."""
    address = url.strip() if "://" in url else f"https://{url.strip()}"
    values: dict[str, object] = {"url": address, "tags": tags, "found": None, "problem": "", "known": None}
    try:
        found = scout(canonical_url(address, tracking=True))
    except BadInput as error:
        values["problem"] = str(error)
    except IngestError as error:
        values |= {"problem": str(error), "unseen": True}
    else:
        known = feeds.known_urls(connection, [found.url])
        values |= {"found": found, "entries": found.feed.entries[:SHOWN], "known": bool(known)}
    return page(request, "preview.html", values, status_code=200 if values["found"] else 422)


@router.post("/feeds/import")
def import_feeds(
    request: Request,
    database: TheDatabase,
    who: Operator,
    file: Annotated[UploadFile, File()],
) -> Response:
    """Follow every feed of an OPML or TOML file; folders become tags."""
    name = file.filename or "the file"
    found = read_list(file.file.read(), name[:80])
    new = 0
    for start in range(0, len(found.feeds), TOGETHER):
        with database.writing() as connection:
            new += sum(feeds.add_listed(connection, listed) for listed in found.feeds[start : start + TOGETHER])
    with database.writing() as connection:
        audit.note(connection, who.name, "import-feeds", "feeds", file=name[:80], new=new, listed=len(found.feeds))
    values = {"name": name, "new": new, "listed": len(found.feeds), "problems": found.problems[:50]}
    return page(request, "imported.html", values | {"more": max(0, len(found.problems) - 50)})


@router.get("/feeds.opml")
def export_opml(connection: Reading) -> Response:
    """Every feed as OPML; tags become folders."""
    return _file(write_opml(_all(connection)), "text/x-opml; charset=utf-8", "newsfold.opml")


@router.get("/feeds.toml")
def export_toml(connection: Reading) -> Response:
    """Every feed as TOML, with all that is set of it."""
    return _file(write_toml(_all(connection)), "application/toml; charset=utf-8", "newsfold.toml")


def _all(connection: Connection) -> list[Listed]:
    return [listed_of(row) for row in feeds.every(connection) if row["state"] != feeds.GONE]


def _file(body: bytes, media_type: str, name: str) -> Response:
    return Response(body, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
