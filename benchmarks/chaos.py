"""Does anything get lost? The real service, articles coming in, and a fault every few seconds.

`python -m benchmarks.chaos --minutes 10 --seed 7 [--database URL] [--json]` starts `ingest up` on an empty data folder,
brings in articles (English, French, German; one in ten twice under two ids), and meanwhile kills, freezes and restarts
what it consists of. At the end it waits until every article has come to an end and counts: `lost` never did, `doubled`
had an effect twice. It exits with 1 when there are any, or when it took more than 30 s after the last fault.

Faults: a worker and its children killed; one child killed; a worker frozen, then killed; a worker told to end (as a
deployment does); the clock killed; the clock frozen; the broker killed; the broker emptied; the broker full; the
supervisor killed, and with it everything, then started again.

Leases are short here (8 s; as deployed 180 s and 300 s), and so are the reconciler's rounds (4 s): 8 + 2 * 4 s and the
work itself are the bound for settling.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from ingest.settings import Settings
from ingest.store import documents, engine, schema
from ingest.types import TERMINAL, Page, State
from workers.broker import socket_path

SETTLE_S = 30.0
PATIENCE_S = 180.0
"""Seconds until what has not ended counts as lost."""

FAST = {
    "INGEST_LEASE_S": "8",
    "INGEST_TRANSLATE_LEASE_S": "8",
    "INGEST_RECONCILE_S": "4",
    "INGEST_REPING_S": "8",
    "INGEST_LOG_FORMAT": "json",
    "INGEST_MAX_ATTEMPTS": "10",  # faults come faster here than any article deserves to be given up for
}

PLACES = ("Lyon", "Bremen", "Leeds", "Graz", "Nantes", "Basel", "Cork", "Liège", "Kiel", "Metz")
TOPICS = ("bridge", "school", "harbour", "hospital", "library", "railway", "market", "theatre", "stadium", "museum")
ENGLISH = (
    "The council of {place} said on Tuesday that the {topic} would be closed for {n} days.",
    "Residents had asked for an answer since the storm of last winter, when {n} houses were damaged.",
    "The work will cost {n} thousand euros and is paid for by the region, the mayor told reporters.",
    "A spokesman for the builders said that {n} people would work at the {topic} at night.",
    "Opponents announced a march through the old town and collected {n} signatures in a week.",
)
FRENCH = (
    "Le conseil municipal de {place} a annoncé mardi la fermeture du pont pendant {n} jours.",
    "Les travaux coûteront {n} mille euros et seront payés par la région, a déclaré le maire.",
    "Les habitants attendaient une réponse depuis la tempête, qui avait touché {n} maisons.",
)
GERMAN = (
    "Der Stadtrat von {place} teilte am Dienstag mit, dass die Brücke {n} Tage gesperrt wird.",
    "Die Arbeiten kosten {n} Tausend Euro und werden vom Land bezahlt, sagte der Bürgermeister.",
    "Die Anwohner hatten seit dem Sturm, der {n} Häuser beschädigte, auf eine Antwort gewartet.",
)


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


class Service:
    """`ingest up` as a process that can be killed, and what is inside it."""

    def __init__(self, folder: Path, *, database_url: str | None = None, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INGEST_")},
            **FAST,
            "INGEST_DATA_DIR": str(folder),
            "INGEST_PORT": "0",
            **({"INGEST_DATABASE_URL": database_url} if database_url else {}),
            **environment,
        }
        self.settings = Settings(data_dir=folder)
        self.database = engine.connect(database_url or self.settings.sqlalchemy_url)
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "up.log"

    def start(self) -> None:
        """Start it; see `wait_until_up`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from ingest.cli import main; main()", "up"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )

    def wait_until_up(self, seconds: float = 120) -> str:
        """Its address, once every part of it runs."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            address = self.address()
            if address and {"nf-web", "nf-translate", "nf-fetch", "nf-cluster", "nf-beat"} <= set(self.parts()):
                return address
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the service did not come up: {self.log.read_text(errors='replace')[-3000:]}")

    def address(self) -> str | None:
        """Where it says that it runs; None before it said so."""
        for line in reversed(self.log.read_text(errors="replace").splitlines()):
            if line.startswith("Newsfold runs at "):
                return line.split()[3]
        return None

    def parts(self) -> dict[str, list[int]]:
        """The processes it consists of, by name: the leader first, then those it forked."""
        if self.process is None:
            return {}
        return named_descendants(self.process.pid)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit status, after a signal."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.process = None
        return code


def named_descendants(pid: int) -> dict[str, list[int]]:
    """The processes below one, by name, parents before children; those that ended are left out."""
    found: dict[str, list[int]] = {}
    below = {pid}
    for child, parent, name in sorted(processes()):
        if parent in below:
            below.add(child)
            found.setdefault(name, []).append(child)
    return found


def processes() -> Iterator[tuple[int, int, str]]:
    """Every living process: its id, its parent's, its name."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            head, _, rest = stat.read_text(errors="replace").rpartition(")")
            pid, _, name = head.partition(" (")
            state, parent = rest.split()[:2]
            if state not in "ZX":
                yield int(pid), int(parent), name


class Faults:
    """What is done to the service, one thing at a time."""

    def __init__(self, service: Service, chance: random.Random) -> None:
        self.service, self.chance = service, chance
        self.done: Counter[str] = Counter()

    KINDS = (
        ("worker killed", 4),
        ("child killed", 4),
        ("worker frozen", 3),
        ("worker told to end", 2),
        ("clock killed", 1),
        ("clock frozen", 1),
        ("broker killed", 2),
        ("broker emptied", 2),
        ("broker full", 1),
        ("everything killed", 1),
    )

    def one(self) -> None:
        """Do one of them; it is over when this returns."""
        names, weights = zip(*self.KINDS, strict=True)
        kind = self.chance.choices(names, weights)[0]
        try:
            getattr(self, "_" + kind.replace(" ", "_"))()
        except (ProcessLookupError, IndexError, ConnectionError):
            return  # what was to be hit was being restarted
        self.done[kind] += 1

    def _worker(self) -> list[int]:
        parts = self.service.parts()
        return parts[self.chance.choice([name for name in ("nf-fetch", "nf-translate", "nf-cluster") if name in parts])]

    def _worker_killed(self) -> None:
        for pid in self._worker():
            os.kill(pid, signal.SIGKILL)

    def _child_killed(self) -> None:
        os.kill(self.chance.choice(self._worker()[1:] or self._worker()), signal.SIGKILL)

    def _worker_frozen(self) -> None:
        pids = self._worker()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(1, 12))  # shorter and longer than a lease
        for pid in pids:
            os.kill(pid, self.chance.choice((signal.SIGKILL, signal.SIGCONT)))

    def _worker_told_to_end(self) -> None:
        os.kill(self._worker()[0], signal.SIGTERM)

    def _clock_killed(self) -> None:
        os.kill(self.service.parts()["nf-beat"][0], signal.SIGKILL)

    def _clock_frozen(self) -> None:
        pid = self.service.parts()["nf-beat"][0]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(1, 10))
        os.kill(pid, signal.SIGCONT)

    def _broker_killed(self) -> None:
        os.kill(self.service.parts()["valkey-server"][0], signal.SIGKILL)

    def _broker_emptied(self) -> None:
        with broker(self.service) as client:
            client.flushall()

    def _broker_full(self) -> None:
        with broker(self.service) as client:
            client.config_set("maxmemory", "1")
            time.sleep(self.chance.uniform(1, 6))
            client.config_set("maxmemory", "256mb")

    def _everything_killed(self) -> None:
        assert self.service.process is not None
        self.service.process.kill()
        self.service.process.wait()
        self.service.start()
        self.service.wait_until_up()


@contextlib.contextmanager
def broker(service: Service) -> Iterator[Any]:
    """A connection to the service's broker; ConnectionError where it is being restarted."""
    from redis import Redis
    from redis.exceptions import ConnectionError as Gone
    from redis.exceptions import RedisError

    client = Redis(unix_socket_path=str(socket_path(service.settings)), socket_timeout=3)
    try:
        yield client
    except (Gone, RedisError) as error:
        raise ConnectionError(str(error)) from None
    finally:
        client.close()


def article(number: int, chance: random.Random, sentences: Sequence[str] = ()) -> str:
    """A text unlike the others: place, subject and figures differ; English, French or German where it is not said."""
    sentences = sentences or chance.choices((ENGLISH, FRENCH, GERMAN), (8, 1, 1))[0]
    place, topic = chance.choice(PLACES), chance.choice(TOPICS)
    chosen = [chance.choice(sentences) for _ in range(6)]
    body = "\n".join(text.format(place=place, topic=topic, n=chance.randint(2, 900)) for text in chosen)
    return f"{place}: report {number} about the {topic}\n\n{body}\n"


def bring(connection: Connection, text: str, given_id: str) -> str:
    """Take a text in, as a push does; committed is acknowledged."""
    page = Page(text.encode(), "text/plain", None, None, datetime.now(UTC))
    return documents.admit_page(connection, page, origin="push", given_id=given_id).document_id


def run(service: Service, *, minutes: float, seed: int, every_s: float, pause_s: tuple[float, float]) -> Result:
    """Bring articles and faults for so long, then wait until everything has come to an end."""
    chance = random.Random(seed)
    faults = Faults(service, random.Random(seed + 1))
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
