"""The embedded broker: private, kept on disk, replaced when it was left behind or broke."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from ingest.settings import Settings
from workers.broker import Broker, answers, broker_url, socket_path


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(Settings(data_dir=tmp_path))
    yield broker
    broker.stop()


def client(broker: Broker) -> Redis:
    return Redis(unix_socket_path=str(broker.socket), socket_timeout=5)


def test_broker_listens_on_no_port_and_only_for_its_user(broker: Broker) -> None:
    broker.start()
    assert answers(broker.socket)
    assert stat.S_IMODE(broker.socket.stat().st_mode) == 0o700
    with client(broker) as redis:
        found = redis.config_get("*")
    assert (found["port"], found["maxmemory-policy"], found["appendonly"]) == ("0", "noeviction", "yes")


def test_queues_survive_a_kill(broker: Broker) -> None:
    broker.start()
    with client(broker) as redis:
        redis.lpush("queue", "a", "b")
    assert broker.process is not None
    broker.process.kill()
    broker.process.wait()
    assert not broker.is_running()
    broker.start()
    with client(broker) as redis:
        assert redis.llen("queue") == 2


def test_broker_that_was_left_behind_is_replaced(broker: Broker, tmp_path: Path) -> None:
    broker.start()
    assert broker.process is not None
    orphan, broker.process = broker.process, None  # as if the one who started it had died without a word
    broker.start()
    assert orphan.wait(10) is not None
    assert answers(broker.socket)


def test_unreadable_file_is_put_aside(broker: Broker) -> None:
    broker.start()
    with client(broker) as redis:
        redis.lpush("queue", "a")
    broker.stop()
    for path in (broker.folder / "appendonlydir").glob("*.incr.aof"):
        path.write_bytes(b"this is no append-only file, and not a cut off one either\r\n" * 20)
    broker.start()
    assert answers(broker.socket)
    assert list(broker.folder.glob("appendonlydir.unreadable-*"))


def test_folder_too_deep_for_a_socket_gets_one_elsewhere(tmp_path: Path) -> None:
    deep = Settings(data_dir=tmp_path / ("d" * 120))
    path = socket_path(deep)
    assert len(os.fsencode(path)) < 104
    assert broker_url(deep) == f"redis+socket://{path}"
    assert socket_path(Settings(data_dir=tmp_path / ("e" * 120))) != path


def test_broker_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from ingest.settings import Settings; "
        "from workers.broker import Broker; b = Broker(Settings(data_dir=Path(sys.argv[1]))); b.start(); "
        "print(b.process.pid, flush=True); time.sleep(60)"
    )
    command = [os.sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text():
            return
        signal.sigtimedwait([], 0.05)
    pytest.fail("the broker outlived its parent")
