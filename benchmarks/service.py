"""The real service as processes that can be watched, frozen and killed.

Its leases are short here (8 s; as deployed 180 s and 300 s), and so are the reconciler's rounds (4 s).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.settings import Settings
from ingest.store import engine
from workers.broker import socket_path

FAST = {
    "INGEST_LEASE_S": "8",
    "INGEST_TRANSLATE_LEASE_S": "8",
    "INGEST_RECONCILE_S": "4",
    "INGEST_REPING_S": "8",
    "INGEST_LOG_FORMAT": "json",
    "INGEST_MAX_ATTEMPTS": "10",  # faults come faster here than any article deserves to be given up for
}


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
