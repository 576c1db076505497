"""Two articles beside each other: what they share, and what they don't."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from ingest.store.duplicates import cluster_listing, decisions
from ingest.store.texts import articles, listing
from ingest.types import Article, Decision
from ingest.web.database import Reading
from ingest.web.ui.passages import differing_names, differing_numbers, paragraphs
from ingest.web.ui.render import page

router = APIRouter()


@router.get("/compare")
def compare(request: Request, connection: Reading, a: str, b: str) -> Response:
    """Two articles side by side, in English and in the original."""
    one, other = both(connection, a, b)
    rows = listing.listed(connection, [one.id, other.id])
    match = next(iter(cluster_listing.matches_among(connection, [one.id, other.id])), None)
    values = {
        "a": one,
        "b": other,
        "rows": rows,
        "match": match,
        "paragraphs": paragraphs(one.text, other.text),
        "numbers": differing_numbers(one.text, other.text),
        "names_differ": differing_names(one.text, other.text),
        "decided": decided(connection, one.id, other.id),
    }
    return page(request, "compare.html", values)


def both(connection: Connection, a: str, b: str) -> tuple[Article, Article]:
    """The two articles; 404 where one is not there."""
    found = articles.load_many(connection, [a, b])
    for id_ in (a, b):
        if id_ not in found:
            raise HTTPException(404, f"There is no article {id_[:40]}.")
    return found[a], found[b]


def decided(connection: Connection, a: str, b: str) -> Decision | None:
    """What a person said about the pair, where it is in force."""
    return next((d for d in decisions.about(connection, [a]) if {d.a, d.b} == {a, b}), None)
