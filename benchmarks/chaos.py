"""Does anything get lost? The real service, articles coming in, and a fault every few seconds.

`python -m benchmarks.chaos --minutes 10 --seed 7 [--database URL] [--json]` starts `ingest up` on an empty data folder,
brings in articles (English, French, German; one in ten twice under two ids), and meanwhile kills, freezes and restarts
what it consists of. Ten articles at once and one more fault end the minutes; then it waits until every article has come
to an end and counts: `lost` never did, `doubled` had an effect twice. It exits with 1 when there are any, or when it
took more than 30 s after the last fault.

Faults: a worker and its children killed; one child killed; a worker frozen, then killed; a worker told to end (as a
deployment does); the clock killed; the clock frozen; the broker killed; the broker emptied; the broker full; the
supervisor killed, and with it everything, then started again.

Leases are short here (8 s; as deployed 180 s and 300 s), and so are the reconciler's rounds (4 s): 8 + 2 * 4 s and the
work itself are the bound for settling.

10 minutes, seed 7, 2 cores, both databases at once and a test suite beside them: SQLite 482 articles, 109 faults,
PostgreSQL 475 and 107, none lost, none doubled, settled 4.0 and 4.2 s after the last fault. On a crowded machine (load
6 to 14): SQLite 317 articles, 86 faults, 8.7 s; PostgreSQL 344, 91, 14.6 s.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sqlalchemy import Connection, func, select

from benchmarks.faults import Faults
from benchmarks.made_up_articles import article
from benchmarks.service import Service
from ingest.store import schema
from ingest.store.texts import documents
from ingest.types import TERMINAL, Page, State

SETTLE_S = 30.0
PATIENCE_S = 180.0
"""Seconds until what has not ended counts as lost."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run."""

    articles: int
    faults: int
    lost: int
    doubled: int
    settled_s: float
    quarantined: int
    attempts: int
    by_fault: dict[str, int]


AT_LAST = 10
"""Articles that come all at once, right before the last fault."""


def bring(connection: Connection, text: str, given_id: str) -> str:
    """Take a text in, as a push does; committed is acknowledged."""
    page = Page(text.encode(), "text/plain", None, None, datetime.now(UTC))
    return documents.admit_page(connection, page, origin="push", given_id=given_id).document_id


def run(service: Service, *, minutes: float, seed: int, every_s: float, pause_s: tuple[float, float]) -> Result:
    """Bring articles and faults for so long, then wait until everything has come to an end."""
    chance = Random(seed)
    faults = Faults(service, Random(seed + 1))
    service.start()
    service.wait_until_up()
    ids: list[str] = []
    end = time.monotonic() + minutes * 60
    next_fault = time.monotonic() + chance.uniform(*pause_s)
    while time.monotonic() < end:
        text = article(len(ids), chance)
        with service.database.writing() as connection:
            ids.append(bring(connection, text, f"a{len(ids)}"))
            if chance.random() < 0.1:  # the same text from another giver, at the same moment
                ids.append(bring(connection, text, f"a{len(ids)}"))
        if time.monotonic() >= next_fault:
            faults.one()
            next_fault = time.monotonic() + chance.uniform(*pause_s)
        time.sleep(every_s)
    with service.database.writing() as connection:  # so that there is something to settle
        ids += [bring(connection, article(n, chance), f"a{n}") for n in range(len(ids), len(ids) + AT_LAST)]
    faults.one()
    last_fault = time.monotonic()
    while open_documents(service, ids) and time.monotonic() - last_fault < PATIENCE_S:
        time.sleep(0.2)
    settled_s = time.monotonic() - last_fault
    with service.database.reading() as connection:
        return Result(
            articles=len(ids),
            faults=faults.done.total(),
            lost=open_documents(service, ids) + without_article(connection),
            doubled=doubled(connection),
            settled_s=round(settled_s, 1),
            quarantined=count_in(connection, State.QUARANTINED),
            attempts=connection.scalar(select(func.count()).select_from(schema.outcomes)) or 0,
            by_fault=dict(sorted(faults.done.items())),
        )


def open_documents(service: Service, ids: Sequence[str]) -> int:
    """How many have not come to an end; every acknowledged one must be there."""
    wanted, ended = sorted(set(ids)), 0
    of_documents = select(func.count()).select_from(schema.documents).where(schema.documents.c.state.in_(TERMINAL))
    with service.database.reading() as connection:
        for start in range(0, len(wanted), 500):
            some = schema.documents.c.id.in_(wanted[start : start + 500])
            ended += connection.scalar(of_documents.where(some)) or 0
    return len(wanted) - ended


def without_article(connection: Connection) -> int:
    """How many are said to be done and have no article, or an article and no cluster."""
    done, articles, members = schema.documents, schema.articles, schema.members
    query = (
        select(func.count())
        .select_from(
            done.outerjoin(articles, articles.c.id == done.c.id).outerjoin(members, members.c.article_id == done.c.id)
        )
        .where(done.c.state == State.DONE, (articles.c.id.is_(None)) | (members.c.article_id.is_(None)))
    )
    return connection.scalar(query) or 0


def count_in(connection: Connection, state: State) -> int:
    """How many documents are in a state."""
    query = select(func.count()).select_from(schema.documents).where(schema.documents.c.state == state)
    return connection.scalar(query) or 0


def doubled(connection: Connection) -> int:
    """How many effects happened twice: a stage that ended well twice, a revision announced twice."""
    outcomes, changes = schema.outcomes, schema.changes
    stages = select(outcomes.c.document_id).where(outcomes.c.outcome == State.DONE)
    stages = stages.group_by(outcomes.c.document_id, outcomes.c.stage).having(func.count() > 1)
    upserts = select(changes.c.article_id).where(changes.c.kind == "upsert")
    upserts = upserts.group_by(changes.c.article_id, changes.c.revision).having(func.count() > 1)
    return sum(
        connection.scalar(select(func.count()).select_from(query.subquery())) or 0 for query in (stages, upserts)
    )


def main() -> int:
    """Exit status 0 where nothing was lost or doubled and all settled in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long faults come")
    parser.add_argument("--seed", type=int, default=1, help="of articles and faults")
    parser.add_argument("--database", metavar="URL", help="PostgreSQL, empty; default: SQLite in a new folder")
    parser.add_argument("--every", type=float, default=1.0, metavar="S", help="seconds between two articles")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this folder and leave it there")
    parser.add_argument("--json", action="store_true", help="print nothing but one JSON object")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="newsfold-chaos-"))
    service = Service(folder, database_url=options.database)
    try:
        result = run(service, minutes=options.minutes, seed=options.seed, every_s=options.every, pause_s=(2, 5))
    finally:
        if service.process is not None:
            service.stop()
        service.database.close()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(asdict(result)))
    else:
        for name, value in asdict(result).items():
            print(f"{name:12} {value}")
    return int(result.lost > 0 or result.doubled > 0 or result.settled_s > SETTLE_S)


if __name__ == "__main__":
    sys.exit(main())
