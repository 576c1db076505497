"""Processes that are kept running: started, restarted with growing pauses when they die, ended together.

Children are forked from this process, which has read the libraries but opened nothing: they start in milliseconds and
share that memory. Each leads a process group of its own, so that Ctrl-C reaches only the supervisor, and dies with it
however it ends.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess

import structlog

from workers.leash import on_leash, rename

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
"""Seconds between two *starts* at least, doubling from the first with each death in a row.

Counted from start to start, since starting is what costs (2 s of CPU for a worker that reads its libraries): a child
that dies at once in a loop costs one start in 30 s; one that had worked for 20 s before somebody killed it is back
soon. Counted from the death, pauses of 30 s stood in the way of settling after a series of kills (42.9 s).
"""

HEALTHY_S = 10.0
"""Seconds of life after which a child counts as well, and the next pause is short again: what kills a working child is
no broken start but a document, which uses up its attempts, or somebody outside."""

GRACE_S = 8.0
"""Seconds a child may take to end what it is at; then it is killed; its documents are taken up at the next start."""

log = structlog.get_logger()

_context = multiprocessing.get_context("fork")


@dataclass(slots=True)
class Child:
    """A process to keep running."""

    name: str
    run: Callable[[], None]  # called in the child
    process: BaseProcess | None = None
    started: float = 0.0
    failures: int = 0  # deaths in a row
    not_before: float = field(default=0.0)

    def start(self) -> None:
        """Fork it off."""
        leash = on_leash(signal.SIGKILL)
        self.process = _context.Process(target=_child, args=(self.name, self.run, leash), name=self.name)
        self.process.start()
        self.started = time.monotonic()

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self.process is not None and self.process.is_alive()

    def note_death(self) -> float:
        """Count a death; returns the seconds until it is started again."""
        assert self.process is not None
        lived = time.monotonic() - self.started
        if lived > HEALTHY_S or self.process.exitcode == 0:
            self.failures = 0  # it ran well, or was asked to end
        apart = min(FIRST_PAUSE_S * 2**self.failures, LONGEST_PAUSE_S) if self.failures else 0.0
        pause = max(0.0, apart - lived)
        self.failures += 1
        self.not_before = time.monotonic() + pause
        self._end_group()  # its own children, should any have outlived it
        self.process.close()
        self.process = None
        return pause

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens where it is gone."""
        if self.is_running:
            assert self.process is not None
            with contextlib.suppress(ProcessLookupError, TypeError):
                os.kill(self.process.pid or 0, number)

    def kill(self) -> None:
        """End it and its own children at once."""
        self._end_group()
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def _end_group(self) -> None:
        if self.process is not None and self.process.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def tend(children: Sequence[Child]) -> None:
    """Start every child that does not run and whose pause is over; call it again and again."""
    for child in children:
        if child.process is not None and not child.is_running:
            code = child.process.exitcode
            pause = child.note_death()
            log.warning("a process died", process=child.name, exit_code=code, restart_in_s=pause)
        if child.process is None and time.monotonic() >= child.not_before:
            child.start()


def end(children: Sequence[Child], *, grace_s: float = GRACE_S) -> None:
    """Ask every child to end, and kill what does not in time."""
    for child in children:
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and any(child.is_running for child in children):
        time.sleep(0.02)
    for child in children:
        if child.is_running:
            log.info("a process is still busy and is killed; its documents are kept", process=child.name)
        child.kill()


def _child(name: str, run: Callable[[], None], leash: Callable[[], None]) -> None:
    os.setsid()
    leash()
    rename(f"nf-{name}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    sys.stdout = sys.stderr  # standard output belongs to the supervisor: the address, the table
    code = 0
    try:
        run()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except KeyboardInterrupt:
        pass
    except BaseException:
        log.exception("a process broke", process=name)
        code = 1
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)  # never back into the supervisor's own ending
