"""The promises to those who schedule ingestion, kept by real processes: their full form, which takes minutes.

The short form is in `test_embedded` and `test_crash_points`; what all of them rest on is in `tests/ingest/store`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import create_engine, func, make_url, select
from sqlalchemy import text as sql

from benchmarks import chaos
from benchmarks.chaos import open_documents
from benchmarks.made_up_articles import ENGLISH, article
from benchmarks.service import Service, broker, named_descendants
from ingest.store import schema
from ingest.store.consumers import tokens
from ingest.store.queue import aside, standing, units
from tests.databases import KINDS, empty_database
from tests.workers.test_embedded import assert_all_done_once, bring, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[object]:
    made: list[Service] = []

    def make(**environment: str) -> Service:
        service = Service(tmp_path / "data", **environment)
        made.append(service)
        service.start()
        service.wait_until_up()
        return service

    yield make
    for service in made:
        if service.process is not None:
            service.process.kill()
            service.process.wait()
        service.database.close()


def beside(service: Service, *command: str, **environment: str) -> subprocess.Popen[bytes]:
    """Another process of the same deployment."""
    with service.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", "from ingest.cli import main; main()", *command],
            env=service.environment | environment,
            stdout=log,
            stderr=log,
        )


def ready(service: Service) -> int:
    """How many processes said that they are."""
    return sum(" ready" in line for line in service.log.read_text(errors="replace").splitlines())


def push(service: Service, secret: str, number: int) -> tuple[str, float]:
    """The id the API answered with, and in how many seconds."""
    body = {"text": article(number, Random(number), ENGLISH), "id": f"push-{number}"}
    request = urllib.request.Request(
        f"{service.address()}/v1/documents",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 202
        return json.load(answer)["id"], time.monotonic() - began


def a_token(service: Service) -> str:
    with service.database.writing() as connection:
        return tokens.make(connection, "test", (tokens.Scope.INGEST,), who="test")[1]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_or_doubled_under_faults(kind: str, tmp_path: Path) -> None:
    """P1, P2, P3, P6: kills, freezes, restarts, a broker that is killed, emptied and full."""
    with empty_database(kind, tmp_path) as url:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks.chaos", "--minutes", "1", "--seed", "11", "--json"),
                *(("--database", url) if kind == "postgresql" else ()),
            ],
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert result["faults"] >= 5
    assert (result["lost"], result["doubled"]) == (0, 0)


def test_api_takes_texts_in_while_the_broker_is_gone_or_full(make) -> None:
    """P4, P9: every push is answered with 202 and soon, and all are done when the broker is back."""
    service = make()
    secret = a_token(service)
    stopped = service.parts()["valkey-server"][0]
    os.kill(stopped, signal.SIGSTOP)  # frozen is worse than gone: nothing is refused
    ids, took = [], []
    for number in range(20):
        document_id, seconds = push(service, secret, number)
        ids.append(document_id)
        took.append(seconds)
        time.sleep(1)
    os.kill(stopped, signal.SIGCONT)
    assert max(took) < 2
    assert_all_done_once(service, ids)

    with broker(service) as client:
        client.config_set("maxmemory", "1")
    ids += [push(service, secret, number)[0] for number in range(100, 110)]
    time.sleep(5)
    with broker(service) as client:
        client.config_set("maxmemory", "256mb")
    assert_all_done_once(service, ids)


def test_poisonous_documents_are_set_aside_and_cost_the_others_nothing(make) -> None:
    """P5: one kills its process, one takes all memory, one never ends."""
    service = make(INGEST_DETECTOR="tests.workers.poison:Poisoned", INGEST_MAX_ATTEMPTS="2")
    leader = service.parts()["nf-fetch"][0]
    poison = []
    with service.database.writing() as connection:
        for word in ("KILL-THE-PROCESS", "TAKE-ALL-MEMORY", "NEVER-END"):
            text = article(1, Random(1), ENGLISH) + f"\nThe word that does it is {word}.\n"
            poison.append(chaos.bring(connection, text, word))
    ids = bring(service, 10)
    assert_all_done_once(service, ids)
    wait_until(lambda: quarantined(service) == set(poison), "all poison is quarantined")
    with service.database.reading() as connection:
        reasons = {row["id"]: row["reason"] for row in aside.quarantined(connection)}
        trails = [[step.outcome for step in standing.trail(connection, document_id)] for document_id in poison]
    assert reasons[poison[0]] == "worker-lost"
    assert reasons[poison[1]] == "out-of-memory"
    assert reasons[poison[2]] in ("soft-time-limit", "worker-lost")
    assert all(len(trail) == 2 and trail[-1] == "quarantined" for trail in trails), trails
    assert service.parts()["nf-fetch"][0] == leader, "the worker itself lives"


def quarantined(service: Service) -> set[str]:
    with service.database.reading() as connection:
        return {row["id"] for row in aside.quarantined(connection)}


def test_two_clocks_and_two_of_each_worker_do_nothing_twice(make) -> None:
    """P7, P8: and two workers that get two copies at the same moment make one cluster of them."""
    service = make()
    others = [
        beside(service, "beat"),
        beside(service, "worker", "--queue", "fetch", "--queue", "extract"),
        beside(service, "worker", "--queue", "cluster"),
        beside(service, "worker", "--queue", "translate"),
    ]
    try:
        wait_until(lambda: ready(service) >= 8, "both of each are ready")
        ids = []
        with service.database.writing() as connection:
            for number in range(20):
                text = article(number, Random(number), ENGLISH)
                ids += [chaos.bring(connection, text, f"{number}-{copy}") for copy in "ab"]
        assert_all_done_once(service, ids)
    finally:
        for process in others:
            process.terminate()
        codes = [process.wait(60) for process in others]
    assert codes == [0, 0, 0, 0]
    with service.database.reading() as connection:
        members = schema.members
        sizes = connection.scalars(select(func.count()).select_from(members).group_by(members.c.cluster_id)).all()
    assert len(sizes) <= 20, "each pair is one cluster, at most"
    assert min(sizes) >= 2, "no copy stands alone"


@pytest.mark.parametrize("kind", KINDS)
def test_workers_whose_clock_is_minutes_ahead_do_nothing_twice(kind: str, make, tmp_path: Path) -> None:
    """P7: on PostgreSQL its clock decides and no lease is taken; on SQLite leases are, and the epoch decides."""
    # On SQLite what a worker ahead hands on is due for the other only when its clock gets there. Which of two idle
    # workers a ring wakes is nobody's choice, so that may be needed, and it is less than the test's patience.
    skewed = clock_ahead(120, tmp_path)
    with empty_database(kind, tmp_path) as url:
        service = make(database_url=url if kind == "postgresql" else None)
        commands = ("beat", "worker -q fetch -q extract", "worker -q cluster", "worker -q translate")
        others = [beside(service, *command.split(), **skewed) for command in commands]
        try:
            wait_until(lambda: ready(service) >= 8, "both of each are ready")
            assert any(ahead_s(line) > 100 for line in log_lines(service)), "their clock is ahead"
            ids = bring(service, 30)
            assert_all_done_once(service, ids)
            with service.database.reading() as connection:
                lost = connection.scalar(select(func.count()).where(schema.outcomes.c.outcome == units.LOST))
        finally:
            for process in others:
                process.terminate()
            for process in others:
                process.wait(60)
        if kind == "postgresql":
            assert lost == 0, "no worker took another's lease for over"
        service.stop()


def clock_ahead(seconds: int, folder: Path) -> dict[str, str]:
    """The environment of a process whose clock is ahead."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler to make a clock with")
    library, source = folder / "clock_ahead.so", Path(__file__).parent / "clock_ahead.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return {"LD_PRELOAD": str(library), "CLOCK_AHEAD_S": str(seconds)}


def log_lines(service: Service) -> Iterator[dict[str, str]]:
    for line in service.log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def ahead_s(line: dict[str, str]) -> float:
    return (datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00")) - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("kind", KINDS)
def test_database_that_is_locked_or_cuts_everybody_off_costs_only_time(kind: str, make, tmp_path: Path) -> None:
    """What a long write transaction does on SQLite, and a restart on PostgreSQL."""
    with empty_database(kind, tmp_path) as url:
        service = make(database_url=url if kind == "postgresql" else None)
        ids = bring(service, 15)
        if kind == "sqlite":
            with service.database.writing():
                time.sleep(12)  # longer than a lease
        else:
            refuse_connections(url, seconds=6)
        ids += bring(service, 15)
        assert_all_done_once(service, ids)
        service.stop()


def refuse_connections(url: str, seconds: float) -> None:
    """End every connection to a PostgreSQL database and let nobody in for a while."""
    name = make_url(url).database
    server = create_engine(os.environ["INGEST_TEST_POSTGRESQL"], isolation_level="AUTOCOMMIT")
    end = sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
    with server.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(end, {"name": name})
        time.sleep(seconds)
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    server.dispose()


def test_workers_that_freeze_for_longer_than_their_leases_keep_nothing_they_lost(make) -> None:
    """A pause of the garbage collector, a laptop's lid: what they hold is given to others, and they find out."""
    service = make()
    others = [
        beside(service, "worker", "--queue", "fetch", "--queue", "extract"),
        beside(service, "worker", "-q", "translate"),
    ]
    try:
        wait_until(lambda: ready(service) >= 6, "both are ready")
        frozen = [pid for name in ("nf-fetch", "nf-translate") for pid in service.parts()[name]]
        ids = bring(service, 30)
        wait_until(lambda: open_documents(service, ids) < 30, "work has begun")
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(12)
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
        assert_all_done_once(service, ids)
    finally:
        for process in others:
            process.terminate()
        for process in others:
            process.wait(60)


def test_deploys_in_mid_run_lose_nothing(make) -> None:
    """P6: the workers are told to end five times while they work."""
    service = make()
    ids = bring(service, 40)
    for _ in range(5):
        time.sleep(2)
        for name in ("nf-fetch", "nf-translate", "nf-cluster"):
            for pid in service.parts().get(name, [])[:1]:
                os.kill(pid, signal.SIGTERM)
    assert_all_done_once(service, ids)
    with service.database.reading() as connection:
        lost = connection.scalar(select(func.count()).where(schema.outcomes.c.outcome == units.LOST))
    assert lost is not None
    assert lost <= 5 * 4, "what runs is repeated at most, where a slow machine outlasts these short leases"


def test_demo_completes_though_its_workers_are_killed(tmp_path: Path) -> None:
    """The five documents, all of them, with the real model."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INGEST_")}
    environment |= {"INGEST_DATA_DIR": str(tmp_path / "data"), "INGEST_PORT": "0"}
    command = [sys.executable, "-c", "from ingest.cli import main; main()", "demo", "--exit"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for name in ("nf-fetch", "nf-translate"):
            wait_until(lambda name=name: name in named_descendants(process.pid), f"{name} runs")
            time.sleep(1)  # the whole demo takes some ten
            for pid in named_descendants(process.pid)[name]:
                os.kill(pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    assert "a process died" in output
