"""Work that is killed when it takes too long, and a process that goes on."""

from __future__ import annotations

import os
import signal
import time

from ingest.cli.guard import Guard
from ingest.types import Rejection, Stage


def work(wanted: str) -> str:
    if wanted == "sleep":
        time.sleep(60)
    if wanted == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if wanted == "eat":
        return str(len(bytearray(64 << 30)))
    if wanted == "deep":
        return work_deep(0)
    return wanted.upper()


def work_deep(depth: int) -> str:
    return work_deep(depth + 1) + "."


def test_what_takes_too_long_is_rejected_and_the_next_goes_through() -> None:
    with Guard(work, stage=Stage.EXTRACT, seconds=0.5) as guarded:
        started = time.monotonic()
        assert guarded("sleep") == Rejection(Stage.EXTRACT, "time-limit", "took longer than 0.5 s")
        assert time.monotonic() - started < 5
        assert guarded("next") == "NEXT"


def test_a_process_that_dies_is_a_rejection() -> None:
    with Guard(work, stage=Stage.EXTRACT, seconds=10) as guarded:
        answer = guarded("die")
        assert isinstance(answer, Rejection)
        assert answer.reason == "memory-limit"
        assert guarded("next") == "NEXT"


def test_too_much_memory_and_too_deep_a_nesting_are_rejections() -> None:
    with Guard(work, stage=Stage.EXTRACT, seconds=10) as guarded:
        eaten, deep = guarded("eat"), guarded("deep")
        assert isinstance(eaten, Rejection)
        assert isinstance(deep, Rejection)
        assert (eaten.reason, deep.reason) == ("memory-limit", "too-deep")
