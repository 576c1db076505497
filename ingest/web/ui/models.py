"""The page of models: which translates what, how fast, what each made, and what is made again by a newer one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from ingest.store.operators import audit
from ingest.store.queue import aside
from ingest.store.texts import documents, provenance
from ingest.store.texts.provenance import Made, Speed
from ingest.types import Stage
from ingest.web.auth import Admin, Operator
from ingest.web.database import Reading, TheDatabase
from ingest.web.handed import Model, Shelf, TheHanded
from ingest.web.ui.render import page

PATIENCE = 2.0
"""How many times slower than the translator works its archive is sent back: the news comes between."""

UNKNOWN_PACE_S = 5.0
"""Seconds between two articles where nothing is known of the translator's speed."""

LATELY = timedelta(days=7)
"""How far back translations say how fast the translator is."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Row:
    """One model, as far as it is known: installed, fetchable, or only remembered by what it made."""

    id: str
    model: Model | None  # None: neither installed nor named any more
    used_for: tuple[str, ...] = ()
    made: Made | None = None

    @property
    def offered(self) -> bool:
        """Whether it could be fetched, and made nothing so far."""
        return self.made is None and self.model is not None and self.model.directory is None

    @property
    def former(self) -> bool:
        """Whether it translates nothing any more, and something of it is still there."""
        return self.made is not None and not self.used_for


@router.get("/models")
def list_models(request: Request, connection: Reading, handed: TheHanded) -> Response:
    """Routes, models, speed, and what is left of former revisions."""
    shelf = handed.shelf() if handed.shelf is not None else None
    values = {
        "rows": rows_of(shelf, {made.model: made for made in provenance.made(connection)}),
        "routes": dict(sorted(shelf.routes.items())) if shelf is not None else None,
        "speed": provenance.speed(connection, datetime.now(UTC) - LATELY),
        "missing": aside.waiting_languages(connection),
        "sent": request.query_params.get("sent", ""),
    }
    return page(request, "models.html", values)


@router.post("/models/retranslate")
def retranslate_all(database: TheDatabase, who: Admin, model: Annotated[str, Form(max_length=128)]) -> Response:
    """Let everything that a model made be translated again, one article after another so that news comes between."""
    with database.reading() as connection:
        if model not in {made.model for made in provenance.made(connection)}:
            raise HTTPException(404, f"No article was translated by {model[:80]}.")
        pace = pace_s(provenance.speed(connection, datetime.now(UTC) - LATELY))
    count, place, more = 0, 0, True
    after = ""
    while more:
        with database.writing() as connection:
            sent, last = provenance.send_back(connection, model, after=after, first_s=place * pace, pace_s=pace)
            if last is None:
                audit.note(connection, who.name, "retranslate", f"model:{model}", articles=count + sent)
        count, place = count + sent, place + provenance.AT_ONCE
        more, after = last is not None, last or ""
    return RedirectResponse(f"/models?sent={count}", status_code=303)


@router.post("/articles/{article_id}/retranslate")
def retranslate_one(database: TheDatabase, who: Operator, article_id: str) -> Response:
    """Let one article be translated again by the models of now."""
    with database.writing() as connection:
        if documents.again(connection, article_id, Stage.TRANSLATE):
            audit.note(connection, who.name, "retranslate", f"article:{article_id}")
    return RedirectResponse(f"/articles/{article_id}", status_code=303)


def pace_s(speed: Speed | None) -> float:
    """Seconds between two articles that are sent back."""
    return UNKNOWN_PACE_S if speed is None else round(PATIENCE * speed.per_article_s, 3)


def rows_of(shelf: Shelf | None, made: Mapping[str, Made]) -> tuple[Row, ...]:
    """The models in use first, then those that are there, then those that could be fetched, then the forgotten ones."""
    rows: list[Row] = []
    for model in shelf.checkpoints if shelf is not None else ():
        used = tuple(sorted(lang for lang, route in shelf.routes.items() if route.id == model.id)) if shelf else ()
        rows.append(Row(model.id, model, used, made.get(model.id)))
    known = {row.id for row in rows}
    rows += [Row(id_, None, (), one) for id_, one in made.items() if id_ not in known]
    if shelf is None:  # nobody knows what is in use: nothing counts as former
        return tuple(rows)
    return tuple(sorted(rows, key=lambda row: (not row.used_for, row.model is None or row.model.directory is None)))
