"""Deciding what is one text, where one sees it; the queue of doubtful pairs; the list of decisions with undo."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from ingest.store.cursors import decode_cursor, encode_cursor
from ingest.store.duplicates import cluster_listing, decisions, doubt
from ingest.store.operators import audit
from ingest.store.texts import articles, listing
from ingest.types import Decision, Link
from ingest.web.auth import Operator
from ingest.web.database import Reading, TheDatabase
from ingest.web.judge import TheJudge
from ingest.web.ui.passages import evidence
from ingest.web.ui.render import page
from ingest.web.ui.sessions import local

SHOWN = 200

ACTS = {Link.MUST: "join", Link.CANNOT: "part"}

router = APIRouter()

Back = Annotated[str, Form(max_length=500)]


@router.get("/doubtful")
def doubtful(
    request: Request, connection: Reading, after: Annotated[str | None, Query(max_length=300)] = None
) -> Response:
    """The most doubtful pair that nobody decided, with all it takes to decide."""
    place = decode_cursor(after, float, str, str) if after else None
    found = doubt.doubtful(connection, after=(place[0], place[1], place[2]) if place else None)
    values: dict[str, object] = {"open": doubt.count(connection), "after": after, "pair": None, "last": None}
    if found:
        pair = found[0]
        match = cluster_listing.matches_among(connection, [pair.a, pair.b])[0]
        texts = articles.load_many(connection, [pair.a, pair.b])
        rows = listing.listed(connection, [pair.a, pair.b])
        values |= {
            "pair": pair,
            "e": evidence(match, texts[pair.a], texts[pair.b], most=6),
            "by_id": rows,
            "names": {pair.a: "A", pair.b: "B"},
            "cluster": rows[pair.a].cluster if rows[pair.a].cluster == rows[pair.b].cluster else None,
            "skip": encode_cursor(pair.score, pair.a, pair.b),
        }
    values["last"] = last_of(connection, request.state.who.name)
    return page(request, "doubtful.html", values)


@router.get("/decisions")
def list_decisions(request: Request, connection: Reading) -> Response:
    """What people decided, the latest first, those undone included."""
    found = decisions.standing(connection, SHOWN)
    rows = listing.listed(connection, {id_ for decision in found for id_ in (decision.a, decision.b)})
    values = {"decisions": found, "rows": rows, "shown": SHOWN, "open": doubt.count(connection)}
    return page(request, "decisions.html", values)


@router.post("/decisions")
def decide(
    database: TheDatabase,
    who: Operator,
    judge: TheJudge,
    link: Annotated[Link, Form()],
    a: Annotated[str, Form(max_length=32)],
    b: Annotated[str, Form(max_length=32)],
    why: Annotated[str, Form(max_length=500)] = "",
    back: Back = "/decisions",
) -> Response:
    """Say that two articles are, or are not, one text; obeyed at once and from now on."""
    with database.writing() as connection:
        made = judge.decide(connection, link, a, b, who=who.name, why=why.strip())
        audit.note(connection, who.name, ACTS[link], f"article:{a}", other=b, decision=made.id, why=why.strip())
    return RedirectResponse(told(back, made.id), status_code=303)


@router.post("/decisions/{decision_id}/undo")
def undo(
    database: TheDatabase, who: Operator, judge: TheJudge, decision_id: int, back: Back = "/decisions"
) -> Response:
    """Let a decision count no more; what it did is taken back."""
    with database.writing() as connection:
        undone = judge.undo(connection, decision_id, who=who.name)
        audit.note(connection, who.name, "undo", f"article:{undone.a}", other=undone.b, decision=decision_id)
    return RedirectResponse(local(back), status_code=303)


@router.post("/articles/{article_id}/represent")
def represent(
    database: TheDatabase, who: Operator, judge: TheJudge, article_id: str, back: Back = "/clusters"
) -> Response:
    """Make an article the representative of its cluster: what consumers should read."""
    with database.writing() as connection:
        row = listing.listed(connection, [article_id]).get(article_id)
        if row is None or row.cluster is None:
            raise HTTPException(404, f"There is no clustered article {article_id[:40]}.")
        judge.choose(connection, article_id)
        audit.note(connection, who.name, "represent", f"article:{article_id}", before=row.representative)
    return RedirectResponse(told(back, None, before=row.representative), status_code=303)


def last_of(connection: Connection, name: str) -> Decision | None:
    """The person's latest decision that is in force."""
    recent = decisions.standing(connection, 20)
    return next((d for d in recent if d.who == name and d.undone is None), None)


def told(back: str, decision: int | None, *, before: str | None = None) -> str:
    """The page to return to, which then offers the undo of what was just done."""
    parts = urlsplit(local(back))
    kept = [part for part in parts.query.split("&") if part and not part.startswith(("did=", "before="))]
    news = f"did={decision}" if decision is not None else f"before={before}"
    return f"{parts.path}?{'&'.join([*kept, news])}"
