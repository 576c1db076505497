"""What can happen to a running service: its processes killed and frozen, its broker killed, emptied and full."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from random import Random

from benchmarks.service import Service, broker


class Faults:
    """What is done to the service, one thing at a time."""

    def __init__(self, service: Service, chance: Random) -> None:
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
