"""Children are kept running, with pauses that grow, and end with their supervisor."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from celery.signals import worker_process_init

from workers import run, supervisor
from workers.supervisor import Child


def tend_until(child: Child, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        supervisor.tend([child])
        time.sleep(0.01)


def starts(log: Path) -> int:
    return log.read_text().count("start") if log.exists() else 0


def test_child_that_dies_is_started_again_after_growing_pauses() -> None:
    def die() -> None:
        raise SystemExit(3)

    child, began = Child("dying", die), list[float]()

    def started_three_times() -> bool:
        if child.process is not None and child.started not in began:
            began.append(child.started)
        return len(began) == 3

    tend_until(child, started_three_times)
    apart = [later - earlier for earlier, later in pairwise(began)]
    assert apart[1] >= 2 * supervisor.FIRST_PAUSE_S


def test_child_that_had_worked_is_back_sooner_than_one_that_dies_at_its_start() -> None:
    child = Child("killed", lambda: time.sleep(60), failures=3)  # 4 s between two starts
    pauses = []
    for lived in (1.0, 3.5, supervisor.HEALTHY_S + 1):
        child.start()
        assert child.process is not None
        child.process.kill()
        child.process.join()
        child.started -= lived
        child.failures = 3
        pauses.append(child.note_death())
    assert pauses[0] == pytest.approx(3.0, abs=0.5)
    assert pauses[1] == pytest.approx(0.5, abs=0.5)
    assert pauses[2] == 0
    assert child.failures == 1, "it starts counting anew"


def test_child_that_was_asked_to_end_is_started_again_at_once(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def end() -> None:
        with log.open("a") as file:
            file.write("start\n")

    child = Child("ending", end)
    began = time.monotonic()
    tend_until(child, lambda: starts(log) >= 5)
    assert time.monotonic() - began < 10
    assert child.failures <= 1


def test_child_that_does_not_end_in_time_is_killed_with_its_own_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    def ignore() -> None:
        import signal

        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        below = os.fork()
        if below:
            pids.write_text(f"{os.getpid()} {below}")
        time.sleep(60)

    child = Child("stubborn", ignore)
    tend_until(child, lambda: pids.exists() and len(pids.read_text().split()) == 2)
    supervisor.end([child], grace_s=0.3)
    for pid in map(int, pids.read_text().split()):
        assert not runs(pid)


def runs(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return False
        except OSError:
            return False
        time.sleep(0.02)
    return True


def test_what_a_child_raises_does_not_come_back_into_the_supervisor(capfd: pytest.CaptureFixture[str]) -> None:
    def break_() -> None:
        raise ValueError("broken on purpose")

    child = Child("broken", break_)
    child.start()
    assert child.process is not None
    child.process.join(10)
    assert child.process.exitcode == 1
    assert "broken on purpose" in capfd.readouterr().err


def test_processes_of_a_killed_workers_pool_end_with_it(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    def be_a_worker() -> None:
        run.leash_children()
        below = os.fork()
        if below == 0:
            worker_process_init.send(sender=None)
            time.sleep(60)
        pids.write_text(f"{os.getpid()} {below}")
        time.sleep(60)

    child = Child("worker", be_a_worker)
    tend_until(child, lambda: pids.exists() and len(pids.read_text().split()) == 2)
    leader, below = map(int, pids.read_text().split())
    time.sleep(0.2)  # the signal was sent
    os.kill(leader, signal.SIGKILL)
    assert not runs(below)
    child.kill()
