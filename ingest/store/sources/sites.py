"""Who may ask a site now: one connection per registered domain and a pause between two requests, over all processes.

Whoever finds a site busy gets a *slot*, a moment of its own when to come again, so that a thousand waiting articles
knock a thousand times and not a million. A feed goes before its articles: it is few requests and brings the news.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.engine import db_now
from ingest.store.queue import owners
from ingest.store.schema import documents, robots, sites
from ingest.types import Stage, State

LONGEST_COOL_OFF_S = 3_600.0
"""Seconds a whole site is left alone at most after it asked for it; the one address waits as long as was asked."""


def take(
    connection: Connection,
    domain: str,
    *,
    owner: str,
    errand: str,
    lease_s: float,
    gap_s: float,
    first: bool = False,
    now: datetime | None = None,
) -> float | None:
    """None: the site is this owner's to ask until the lease is over. Else the seconds after which to come again.

    errand: what for (a feed's or a document's id). first: goes before the others where it has to wait.
    """
    moment = now if now is not None else connection.scalar(select(db_now()))
    assert moment is not None
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    opened = dialect.insert(sites).values(domain=domain, free_at=moment, slot_at=moment)
    connection.execute(opened.on_conflict_do_nothing())
    site = connection.execute(select(sites).where(sites.c.domain == domain).with_for_update()).mappings().one()
    held = site["owner"] is not None and site["lease_until"] > moment and not owners.is_gone(site["owner"])
    kept_for_other = site["held_for"] not in (None, errand) and site["held_until"] > moment
    gap = max(gap_s, site["gap_s"] or 0.0)
    if not held and not kept_for_other and site["free_at"] <= moment:
        values = {"owner": owner, "lease_until": moment + timedelta(seconds=lease_s)}
        if site["held_for"] == errand:
            values |= {"held_for": None, "held_until": None}
        connection.execute(update(sites).where(sites.c.domain == domain).values(**values))
        return None
    if first and not kept_for_other:
        come = max(site["free_at"], moment + timedelta(seconds=max(gap, 1.0)))
        values = {"held_for": errand, "held_until": come + timedelta(seconds=60)}
    else:
        come = max(moment, site["free_at"], site["slot_at"]) + timedelta(seconds=max(gap, 1.0))
        values = {"slot_at": come}
    connection.execute(update(sites).where(sites.c.domain == domain).values(**values))
    return float((come - moment).total_seconds())


def free(
    connection: Connection,
    domain: str,
    *,
    owner: str,
    gap_s: float,
    cool_off_s: float = 0.0,
    now: datetime | None = None,
) -> None:
    """Give a site back: the next request to it after the pause, or after the time it asked to be left alone."""
    moment = now if now is not None else connection.scalar(select(db_now()))
    assert moment is not None
    row = connection.execute(select(sites.c.owner, sites.c.gap_s).where(sites.c.domain == domain)).first()
    if row is None or row.owner != owner:
        return
    pause = max(gap_s, row.gap_s or 0.0, min(cool_off_s, LONGEST_COOL_OFF_S))
    values = {"owner": None, "lease_until": None, "free_at": moment + timedelta(seconds=pause)}
    connection.execute(update(sites).where(sites.c.domain == domain, sites.c.owner == owner).values(**values))


def postpone(connection: Connection, document_id: str, wait_s: float) -> None:
    """Let a document that waits to be fetched wait until its slot; no attempt is spent."""
    connection.execute(
        update(documents)
        .where(
            documents.c.id == document_id,
            documents.c.stage == Stage.FETCH,
            documents.c.state.in_((State.PENDING, State.RETRY)),
        )
        .values(next_run_at=db_now(wait_s), queued_at=None)
    )


def load_robots(connection: Connection, origin: str, *, now: datetime | None = None) -> tuple[int | None, str] | None:
    """Status and rules of an origin's robots.txt; None where no copy is fresh."""
    fresh = robots.c.expires_at > (db_now() if now is None else now)
    query = select(robots.c.status, robots.c.rules).where(robots.c.origin == origin, fresh)
    row = connection.execute(query).first()
    return None if row is None else (row.status, row.rules)


def save_robots(
    connection: Connection,
    origin: str,
    domain: str,
    *,
    status: int | None,
    rules: str,
    good_for_s: float,
    delay_s: float | None,
) -> None:
    """Keep an origin's robots.txt, and the pause it asks for with its site."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {"status": status, "rules": rules, "fetched_at": db_now(), "expires_at": db_now(good_for_s)}
    kept = dialect.insert(robots).values(origin=origin, **values)
    connection.execute(kept.on_conflict_do_update(index_elements=["origin"], set_=values))
    connection.execute(update(sites).where(sites.c.domain == domain).values(gap_s=delay_s))
