"""`ingest up` as a process: it starts, survives what happens to its parts, loses nothing, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from benchmarks import chaos
from benchmarks.chaos import doubled, open_documents, without_article
from benchmarks.made_up_articles import ENGLISH, article
from benchmarks.service import Service, broker, named_descendants, processes
from ingest.store import schema
from ingest.types import State

PATIENCE_S = 180  # the machine may be busy with more than this


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "data")
    service.start()
    service.wait_until_up()
    yield service
    if service.process is not None:
        service.process.kill()
        service.process.wait()
    service.database.close()


def bring(service: Service, count: int) -> list[str]:
    chance = Random(count)
    ids = []
    for number in range(count):
        text = article(number, chance, ENGLISH)  # needs no model: seconds instead of minutes
        with service.database.writing() as connection:
            ids.append(chaos.bring(connection, text, f"{count}-{number}"))
    return ids


def assert_all_done_once(service: Service, ids: list[str]) -> None:
    wait_until(lambda: open_documents(service, ids) == 0, "every document comes to an end")
    with service.database.reading() as connection:
        states = set(connection.scalars(select(schema.documents.c.state).where(schema.documents.c.id.in_(ids))))
        assert states == {State.DONE}
        assert without_article(connection) == 0
        assert doubled(connection) == 0


def test_nothing_is_lost_when_parts_are_killed_and_nothing_is_left_behind(service: Service) -> None:
    address = service.address()
    assert address is not None
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
        assert answer.status == 200

    second = subprocess.run(
        [sys.executable, "-c", "from ingest.cli import main; main()", "up"],
        env=service.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert second.returncode == 2
    assert "already runs" in second.stderr
    assert address in second.stderr

    ids = bring(service, 12)
    wait_until(lambda: open_documents(service, ids) < 12, "work has begun")
    for name in ("nf-fetch", "nf-translate", "nf-cluster"):
        for pid in service.parts()[name]:
            os.kill(pid, signal.SIGKILL)
    os.kill(service.parts()["valkey-server"][0], signal.SIGKILL)
    assert_all_done_once(service, ids)

    service.wait_until_up()
    with broker(service) as client:
        more = bring(service, 6)
        client.flushall()
    assert_all_done_once(service, ids + more)

    assert service.process is not None
    below = {pid for pids in named_descendants(service.process.pid).values() for pid in pids}
    rest = bring(service, 6)
    service.process.kill()
    service.process.wait()
    wait_until(lambda: not below & {pid for pid, _, _ in processes()}, "killed with SIGKILL it leaves no orphan")

    service.log.unlink()
    service.start()
    service.wait_until_up()
    assert_all_done_once(service, ids + more + rest)

    assert service.process is not None
    below = {pid for pids in named_descendants(service.process.pid).values() for pid in pids}
    began = time.monotonic()
    assert service.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 20
    assert not below & {pid for pid, _, _ in processes()}
