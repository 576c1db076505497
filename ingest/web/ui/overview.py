"""The first page: what came in, where it is, what waits, what failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ingest.store.duplicates import cluster_listing
from ingest.store.operators import activity
from ingest.store.queue import aside, leases, reconciler, standing
from ingest.store.sources import feeds
from ingest.store.texts import documents, listing
from ingest.types import Stage, State
from ingest.web.database import Reading, TheSettings
from ingest.web.handed import Handed, TheHanded
from ingest.web.ui.plots import stacked
from ingest.web.ui.render import page

router = APIRouter()


@router.get("/")
def overview(
    request: Request,
    connection: Reading,
    settings: TheSettings,
    handed: TheHanded,
    span: Literal["day", "week"] = "day",
) -> Response:
    """The state of everything on one page."""
    now = datetime.now(UTC)
    step, slots = (timedelta(hours=1), 24) if span == "day" else (timedelta(days=1), 7)
    found = activity.by_slot(connection, step=step, slots=slots, now=now)
    at_stage = documents.counts(connection)
    age = leases.age_s(connection, reconciler.RECONCILER)
    values = {
        "span": span,
        "plots": [stacked(stage, found.get(stage, ())) for stage in Stage],
        "at_stage": {stage: waiting_at(at_stage, stage) for stage in Stage},
        "states": standing.count_states(connection),
        "arrived": activity.arrived(connection, now - step * slots),
        "clusters": activity.count_clusters(connection),
        "decisions": activity.count_decisions(connection),
        "feeds": feeds.counts(connection),
        "failing": feeds.every(connection, failing=True)[:6],
        "reasons": standing.count_reasons(connection, State.QUARANTINED)[:6],
        "missing": aside.waiting_languages(connection),
        "models": in_use(handed),
        "newest": listing.list_articles(connection, limit=5).rows,
        "latest": cluster_listing.list_clusters(connection, limit=4).rows,
        "reconciler_late": age is not None and age > max(3 * settings.reconcile_s, 10),
        "reconciled": age,
    }
    return page(request, "overview.html", values)


def waiting_at(counts: dict[tuple[str, str], int], stage: Stage) -> int:
    """How many documents wait or are worked on at a stage."""
    return sum(counts.get((stage, state), 0) for state in (State.PENDING, State.RUNNING, State.RETRY))


def in_use(handed: Handed) -> dict[str, list[str]] | None:
    """The models that translate now, each with its languages; None: nobody here knows."""
    if handed.shelf is None:
        return None
    found: dict[str, list[str]] = {}
    for lang, model in sorted(handed.shelf().routes.items()):
        found.setdefault(model.id, []).append(lang)
    return found
