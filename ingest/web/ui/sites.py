"""Pages of sites: what each repeats, what is removed because of that, and what people said about single blocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from ingest.extract.site_memory import fingerprint
from ingest.store.operators import audit
from ingest.store.sources import pins, site_memory
from ingest.store.texts import documents, extractions, pages
from ingest.types import Block, Stage
from ingest.urls import registered_domain
from ingest.web.auth import Operator
from ingest.web.database import Reading, TheDatabase
from ingest.web.ui.render import page
from ingest.web.ui.sessions import local

router = APIRouter()

Back = Annotated[str, Form(max_length=500)]


@router.get("/sites")
def list_sites(
    request: Request, connection: Reading, cursor: Annotated[str | None, Query(max_length=400)] = None
) -> Response:
    """Every site that articles came from, the largest first."""
    found = site_memory.list_sites(connection, cursor=cursor)
    values = {
        "found": found,
        "cursor": cursor,
        "pins": pins.count(connection),
        "latest": pins.latest(connection),
    }
    return page(request, "sites.html", values)


@router.get("/sites/{site}")
def one_site(request: Request, connection: Reading, site: str) -> Response:
    """What a site repeats, the commonest first, and what was said about it."""
    articles = site_memory.count_articles(connection, site)
    blocks = site_memory.repeated(connection, site)
    if articles is None and not blocks:
        raise HTTPException(404, f"Nothing came from a site {site[:80]} so far.")
    values = {"site": site, "articles": articles or 0, "blocks": blocks, "cut": len(blocks) >= 200}
    return page(request, "site.html", values)


@router.post("/sites/{site}/pins")
def pin(
    database: TheDatabase,
    who: Operator,
    site: str,
    block: Annotated[str, Form(pattern="^[0-9a-f]{16}$")],
    word: Annotated[Literal["keep", "drop"], Form()],
    back: Back = "",
) -> Response:
    """Say that a block of a site is always, or never, part of an article; pages that come in heed it from now on."""
    print_ = bytes.fromhex(block)
    with database.writing() as connection:
        known = next((b for b in site_memory.repeated(connection, site) if b.fingerprint == print_), None)
        sample = known.sample if known is not None else site_memory.sample(connection, site, print_)
        if sample is None:
            raise HTTPException(404, f"{site[:80]} has no block {block}.")
        number = _pin(connection, site, print_, sample, keep=word == "keep", who=who.name)
    return RedirectResponse(_pinned(back or f"/sites/{site}", number), status_code=303)


@router.post("/pins/{pin_id}/undo")
def undo_pin(
    database: TheDatabase,
    who: Operator,
    pin_id: int,
    document: Annotated[str, Form(max_length=32)] = "",
    back: Back = "/sites",
) -> Response:
    """Take a pin back; `document`: the article to read again without it."""
    with database.writing() as connection:
        site = pins.site_of(connection, pin_id)
        if site is None or not pins.undo(connection, pin_id, datetime.now(UTC)):
            raise HTTPException(404, f"No pin {pin_id} stands.")
        audit.note(connection, who.name, "undo-pin", f"site:{site}", pin=pin_id)
        if document:
            documents.again(connection, document, Stage.EXTRACT)
    return RedirectResponse(local(back), status_code=303)


@router.post("/articles/{document_id}/keep")
def keep_block(
    database: TheDatabase, who: Operator, document_id: str, block: Annotated[int, Form(ge=0, le=1_000_000)]
) -> Response:
    """Always keep a block that was struck out, on this page and every other of its site; this one is read again."""
    with database.writing() as connection:
        site, struck = _struck(connection, document_id, block)
        number = _pin(connection, site, fingerprint(struck.text), struck.text, keep=True, who=who.name)
        documents.again(connection, document_id, Stage.EXTRACT)
    return RedirectResponse(_pinned(f"/articles/{document_id}", number), status_code=303)


@router.post("/articles/{document_id}/reread")
def reread(database: TheDatabase, who: Operator, document_id: str) -> Response:
    """Take the stored page apart again, with what is known of its site by now."""
    with database.writing() as connection:
        if documents.again(connection, document_id, Stage.EXTRACT):
            audit.note(connection, who.name, "reread", f"article:{document_id}")
    return RedirectResponse(f"/articles/{document_id}", status_code=303)


def site_of(connection: Connection, document_id: str) -> str | None:
    """The site whose memory a document's page was read with; None where it had no address."""
    url = pages.url(connection, document_id)
    return registered_domain(url) if url else None


def pinned_blocks(connection: Connection, site: str | None, blocks: Sequence[Block]) -> dict[int, int]:
    """The ids of the pins that decided about blocks of a document, by the block's place."""
    decided = {place: block for place, block in enumerate(blocks) if (block.rule or "").startswith("pinned-")}
    said = pins.on(connection, site) if site and decided else {}
    return {place: said[print_].id for place, block in decided.items() if (print_ := fingerprint(block.text)) in said}


def _struck(connection: Connection, document_id: str, place: int) -> tuple[str, Block]:
    found = extractions.load(connection, document_id)
    site = site_of(connection, document_id)
    if found is None or site is None or place >= len(found[0].blocks):
        raise HTTPException(404, f"{document_id[:40]} has no block {place} that its site could keep.")
    return site, found[0].blocks[place]


def _pin(connection: Connection, site: str, print_: bytes, sample: str, *, keep: bool, who: str) -> int:
    number = pins.pin(connection, site, print_, sample, keep=keep, who=who, now=datetime.now(UTC))
    word = "always keep" if keep else "always drop"
    audit.note(connection, who, "pin", f"site:{site}", pin=number, word=word, block=sample[:80])
    return number


def _pinned(back: str, number: int) -> str:
    path = local(back).partition("?")[0]
    return f"{path}?pinned={number}"
