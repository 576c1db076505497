"""What sites repeat: blocks by fingerprint with the number of different articles they stood in; pins: `pins`.

A block is one row per site. Counts halve with every 30 days in which the block was not seen, so furniture that a site
gave up is forgotten. A site has at most MAX_BLOCKS rows: those seen once go first, then the longest unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    delete,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)

from ingest.store.cursors import PAGE, Paged, decode_cursor, page_of
from ingest.store.schema import site_blocks
from ingest.store.sources import pins
from ingest.store.sources.pins import SAMPLE, Pin
from ingest.types import Recalled, Seen

HALF_LIFE = timedelta(days=30)
MAX_BLOCKS = 5_000
"""Rows of one site; a site with 200 lines of furniture fills it in some hundred articles, then singletons make room."""

MAX_LEARNED = 1_000
"""Blocks learned from one article."""

SITE = bytes(8)
"""The fingerprint under which a site's articles themselves are counted."""

_ASK = 400  # fingerprints in one query: SQLite takes 999 variables in old versions, 32,766 in new ones


@dataclass(frozen=True, slots=True)
class SiteBlock:
    """One repeated block of a site, for people: what it is, how often, since when, and what somebody said of it."""

    fingerprint: bytes
    sample: str
    articles: int
    first_seen: datetime
    last_seen: datetime
    pin: bool | None  # True: always keep, False: always drop
    pin_id: int | None


@dataclass(frozen=True, slots=True)
class Site:
    """A site that articles came from."""

    name: str  # registered domain
    articles: int  # different ones seen
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class SqlSiteMemory:
    """The memory of `ingest.extract.SiteMemory` on a connection, as of `now`; `document` is not counted."""

    connection: Connection
    document: str
    now: datetime

    def recall(self, site: str, fingerprints: Iterable[bytes]) -> Recalled:
        """What is known of these blocks of a site and of its articles, the document itself left out."""
        known = _rows(self.connection, site, [SITE, *fingerprints])
        said = {print_: pin.keep for print_, pin in pins.on(self.connection, site).items()}
        counts = {row["fingerprint"]: self._count(row) for row in known}
        blocks = {print_: Seen(count, said.get(print_)) for print_, count in counts.items() if print_ != SITE}
        blocks |= {print_: Seen(0, word) for print_, word in said.items() if print_ not in blocks}
        return Recalled(counts.get(SITE, 0), blocks)

    def _count(self, row: Mapping[str, Any]) -> int:
        count: int = faded(row["articles"], row["last_seen"], self.now)
        return max(0, count - int(row["last_document"] == self.document))


def faded(articles: int, last_seen: datetime, now: datetime) -> int:
    """The count as it stands today: halved for every half-life since the block was last seen."""
    if last_seen.tzinfo is None:
        last_seen = last_seen.replace(tzinfo=UTC)
    return articles >> min(30, max(0, (now - last_seen) // HALF_LIFE))


def learn(connection: Connection, site: str, document: str, blocks: Mapping[bytes, str], now: datetime) -> None:
    """Count the blocks of one article of a site; a second run for the same document changes nothing.

    blocks: text by fingerprint, from `ingest.extract.site_memory.fingerprints`.
    """
    wanted = dict(list(blocks.items())[:MAX_LEARNED])
    known = {row["fingerprint"]: row for row in _rows(connection, site, [SITE, *wanted])}
    if SITE in known and known[SITE]["last_document"] == document:
        return
    new = [
        {
            "site": site,
            "fingerprint": print_,
            "articles": 1,
            "last_document": document,
            "sample": sample[:SAMPLE],
            "first_seen": now,
            "last_seen": now,
        }
        for print_, sample in ({SITE: ""} | wanted).items()
        if print_ not in known
    ]
    if new:
        connection.execute(_insert(connection).on_conflict_do_nothing(), new)
    for count, prints in _grouped(known.values(), document, now).items():
        for start in range(0, len(prints), _ASK):
            connection.execute(
                update(site_blocks)
                .where(site_blocks.c.site == site, site_blocks.c.fingerprint.in_(prints[start : start + _ASK]))
                .values(articles=count, last_document=document, last_seen=now)
            )
    if new:
        _make_room(connection, site)


def repeated(connection: Connection, site: str, *, least: int = 2, limit: int = 200) -> list[SiteBlock]:
    """The blocks a site repeats most, with their pins; blocks somebody pinned are always among them."""
    pinned = pins.on(connection, site)
    query = (
        select(site_blocks)
        .where(site_blocks.c.site == site, site_blocks.c.fingerprint != SITE, site_blocks.c.articles >= least)
        .order_by(site_blocks.c.articles.desc(), site_blocks.c.last_seen.desc())
        .limit(limit)
    )
    rows: dict[bytes, Mapping[str, Any]] = {
        row["fingerprint"]: dict(row) for row in connection.execute(query).mappings()
    }
    rows |= {row["fingerprint"]: row for row in _rows(connection, site, [p for p in pinned if p not in rows])}
    found = [_site_block(row, pinned.get(print_)) for print_, row in rows.items()]
    found += [
        SiteBlock(print_, pin.sample, 0, pin.at, pin.at, pin.keep, pin.id)
        for print_, pin in pinned.items()
        if print_ not in rows
    ]
    return found


def sites(connection: Connection) -> list[tuple[str, int]]:
    """Every site with its number of articles seen, most first."""
    b = site_blocks.c
    query = select(b.site, b.articles).where(_counts_articles(connection)).order_by(b.articles.desc(), b.site.desc())
    return [(row.site, row.articles) for row in connection.execute(query)]


def list_sites(connection: Connection, *, cursor: str | None = None, limit: int = PAGE) -> Paged[Site]:
    """A page of the sites, those with most articles first."""
    b = site_blocks.c
    query = select(b.site, b.articles, b.first_seen, b.last_seen).where(_counts_articles(connection))
    if cursor is not None:
        place = decode_cursor(cursor, int, str)
        query = query.where(tuple_(b.articles, b.site) < tuple_(*(literal(part) for part in place)))
    rows = connection.execute(query.order_by(b.articles.desc(), b.site.desc()).limit(limit + 1))
    return page_of([Site(*row) for row in rows], limit, lambda site: (site.articles, site.name))


def count_articles(connection: Connection, site: str) -> int | None:
    """How many articles of a site were seen; None: the site is not known."""
    b = site_blocks.c
    return connection.scalar(select(b.articles).where(b.site == site, b.fingerprint == SITE))


def sample(connection: Connection, site: str, fingerprint: bytes) -> str | None:
    """How a block of a site reads; None where it is not known."""
    b = site_blocks.c
    return connection.scalar(select(b.sample).where(b.site == site, b.fingerprint == fingerprint))


def _counts_articles(connection: Connection) -> ColumnElement[bool]:
    """The condition of the index of sites, letter by letter: a bound value would not find it."""
    zero = "x'0000000000000000'" if connection.dialect.name == "sqlite" else "'\\x0000000000000000'::bytea"
    return site_blocks.c.fingerprint == literal_column(zero)


def _site_block(row: Mapping[str, Any], pin: Pin | None) -> SiteBlock:
    return SiteBlock(
        row["fingerprint"],
        row["sample"],
        row["articles"],
        row["first_seen"],
        row["last_seen"],
        pin.keep if pin else None,
        pin.id if pin else None,
    )


def _rows(connection: Connection, site: str, prints: Iterable[bytes]) -> list[Mapping[str, Any]]:
    wanted = list(dict.fromkeys(prints))
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(wanted), _ASK):
        query = select(site_blocks).where(
            site_blocks.c.site == site, site_blocks.c.fingerprint.in_(wanted[start : start + _ASK])
        )
        found += [dict(row) for row in connection.execute(query).mappings()]
    return found


def _grouped(rows: Iterable[Mapping[str, Any]], document: str, now: datetime) -> dict[int, list[bytes]]:
    """Fingerprints by the count they have now; few different counts, so few statements."""
    grouped: dict[int, list[bytes]] = {}
    for row in rows:
        if row["last_document"] == document:
            continue
        count: int = faded(row["articles"], row["last_seen"], now) + 1
        grouped.setdefault(count, []).append(row["fingerprint"])
    return grouped


def _insert(connection: Connection) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(site_blocks)


def _make_room(connection: Connection, site: str) -> None:
    """Drop what is above the limit: blocks seen once first, then those not seen for longest."""
    count = connection.execute(
        select(func.count()).select_from(site_blocks).where(site_blocks.c.site == site)
    ).scalar_one()
    if count <= MAX_BLOCKS:
        return
    victims = (
        select(site_blocks.c.fingerprint)
        .where(site_blocks.c.site == site, site_blocks.c.fingerprint != SITE)
        .order_by(site_blocks.c.articles > 1, site_blocks.c.last_seen, site_blocks.c.fingerprint)
        .limit(count - MAX_BLOCKS + MAX_BLOCKS // 10)
    )
    connection.execute(
        delete(site_blocks).where(site_blocks.c.site == site, site_blocks.c.fingerprint.in_(victims.scalar_subquery()))
    )
