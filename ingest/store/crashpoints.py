"""Places where a test may kill the process, to prove that dying there loses nothing.

`INGEST_CRASH_AT=translate:before_commit:/tmp/once` kills the process with SIGKILL the first time that stage comes to
that point; the file is made then, so that the next process gets past it. Unset, nothing ever happens here.
"""

from __future__ import annotations

import os
import signal

POINTS = ("after_claim", "before_commit", "after_commit", "before_publish")


def crash_at(point: str, stage: str) -> None:
    """Die here if the environment says so."""
    wanted = os.environ.get("INGEST_CRASH_AT")
    if wanted is None:
        return
    in_stage, at, once = wanted.split(":", 2)
    if (in_stage, at) != (stage, point):
        return
    try:
        os.close(os.open(once, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
