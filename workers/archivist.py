"""The day's dump, written in a thread of the clock's process: minutes of work, for which no chore should wait."""

from __future__ import annotations

import threading

import structlog

from ingest.pipeline.export import dump_in_turn
from ingest.pipeline.runtime import Runtime

log = structlog.get_logger()


class Archivist:
    """Writes a dump where there is none of today; one at a time, and a process that ends does not wait for it."""

    def __init__(self) -> None:
        self._at_work: threading.Thread | None = None

    def go(self, held: Runtime) -> threading.Thread | None:
        """The thread that looks whether a dump is due and writes it; None where one is still at it."""
        if self._at_work is not None and self._at_work.is_alive():
            return None
        self._at_work = threading.Thread(target=_write, args=(held,), name="dump", daemon=True)
        self._at_work.start()
        return self._at_work


def _write(held: Runtime) -> None:
    try:
        made = dump_in_turn(held.database, held.settings, held.owner)
    except Exception:  # a full disk, a folder that is not ours: it is tried again at the next look
        log.exception("the daily dump could not be written")
        return
    if made is not None:
        log.info("dump written", folder=str(made.folder), records=made.records, cursor=made.cursor)
