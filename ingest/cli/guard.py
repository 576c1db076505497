"""A call that ends: the work runs in a child process that is killed when it takes too long or too much memory.

The workers' pool gives extraction hard limits; a filter on the command line keeps the same ones, because a page of
700 kB can hold an HTML parser for minutes inside C, where no exception reaches it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from ingest.types import Rejection, Stage

SECONDS = 45.0
"""As the hard limit of the extract queue."""

MEMORY_BYTES = 3 << 30
"""Address space of the child; the largest page allowed needs about a quarter of it."""

In = TypeVar("In")
Out = TypeVar("Out")


class Guard(Generic[In, Out]):
    """Calls `work` in a child process; use as a context manager, which ends the child."""

    def __init__(self, work: Callable[[In], Out], *, stage: Stage, seconds: float = SECONDS) -> None:
        self._work, self._stage, self._seconds = work, stage, seconds
        self._child: multiprocessing.context.ForkProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Guard[In, Out]:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._end()

    def __call__(self, argument: In) -> Out | Rejection:
        """What `work` returns for the argument, or a Rejection that says which limit ended it."""
        pipe = self._pipe or self._start()
        try:
            pipe.send(argument)
            if pipe.poll(self._seconds):
                answer: Out | Rejection = pipe.recv()
                return answer
            reason, detail = "time-limit", f"took longer than {self._seconds:g} s"
        except (EOFError, ConnectionError):
            reason, detail = "memory-limit", f"its process died, most likely of memory (limit {MEMORY_BYTES:,} bytes)"
        self._end()
        return Rejection(self._stage, reason, detail)

    def _start(self) -> Connection:
        context = multiprocessing.get_context("fork")
        self._pipe, far = context.Pipe()
        self._child = context.Process(target=_serve, args=(far, self._work, self._stage), daemon=True)
        self._child.start()
        far.close()
        return self._pipe

    def _end(self) -> None:
        if self._child is not None and self._pipe is not None:
            self._pipe.close()
            self._child.kill()
            self._child.join()
        self._child = self._pipe = None


def _serve(pipe: Connection, work: Callable[[Any], Any], stage: Stage) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            argument = pipe.recv()
            try:
                answer = work(argument)
            except MemoryError:
                answer = Rejection(stage, "memory-limit", f"needed more than {MEMORY_BYTES:,} bytes of memory")
            except RecursionError:
                answer = Rejection(stage, "too-deep", "is nested deeper than a parser can follow")
            pipe.send(answer)
