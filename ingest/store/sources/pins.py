"""What people said about blocks of sites: a pin stands until it is taken back or another replaces it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from ingest.store.schema import site_pins

SAMPLE = 300
"""Characters of a block that are kept to be shown."""


@dataclass(frozen=True, slots=True)
class Pin:
    """What somebody said about a block of a site."""

    id: int
    site: str
    keep: bool  # False: always drop
    sample: str
    who: str
    at: datetime
    undone: datetime | None


def count(connection: Connection) -> dict[str, int]:
    """How many pins stand, by site; sites without one are left out."""
    p = site_pins.c
    query = select(p.site, func.count()).where(p.undone_at.is_(None)).group_by(p.site)
    return {row[0]: row[1] for row in connection.execute(query)}


def latest(connection: Connection, limit: int = 20) -> tuple[Pin, ...]:
    """What people said lately, the latest first, what they took back included."""
    query = select(site_pins).order_by(site_pins.c.id.desc()).limit(limit)
    return tuple(_pin(row) for row in connection.execute(query))


def on(connection: Connection, site: str) -> dict[bytes, Pin]:
    """The pins that stand for a site, by the block's fingerprint."""
    p = site_pins.c
    query = select(site_pins).where(p.site == site, p.undone_at.is_(None)).order_by(p.id)
    return {row.fingerprint: _pin(row) for row in connection.execute(query)}


def site_of(connection: Connection, pin_id: int) -> str | None:
    """The site that a pin is about; None where there is none of that number."""
    return connection.scalar(select(site_pins.c.site).where(site_pins.c.id == pin_id))


def pin(
    connection: Connection, site: str, fingerprint: bytes, sample: str, *, keep: bool, who: str, now: datetime
) -> int:
    """Note that a person wants a block always kept or always dropped; takes the place of an earlier word. Its id."""
    connection.execute(
        update(site_pins)
        .where(site_pins.c.site == site, site_pins.c.fingerprint == fingerprint, site_pins.c.undone_at.is_(None))
        .values(undone_at=now)
    )
    added = connection.execute(
        insert(site_pins).values(
            site=site, fingerprint=fingerprint, keep=keep, sample=sample[:SAMPLE], who=who, at=now, undone_at=None
        )
    )
    key = added.inserted_primary_key
    assert key is not None
    return int(key[0])


def undo(connection: Connection, pin_id: int, now: datetime) -> bool:
    """Take a pin back; False: there is none with this id that stands."""
    done = connection.execute(
        update(site_pins).where(site_pins.c.id == pin_id, site_pins.c.undone_at.is_(None)).values(undone_at=now)
    )
    return done.rowcount > 0


def _pin(row: Any) -> Pin:
    return Pin(row.id, row.site, row.keep, row.sample, row.who, row.at, row.undone_at)
