"""The clock: chores every few seconds, run in this process.

Celery's beat would send a message for each; these chores are what brings things back when messages are lost, so they
must not depend on the broker. Two clocks do no harm: every chore asks the database whether there is anything to do.
"""

from __future__ import annotations

import signal
from typing import Any

import structlog
from celery.beat import Scheduler, Service

from workers.app import app

log = structlog.get_logger()


class LocalScheduler(Scheduler):
    """Runs due tasks instead of sending them."""

    producer = None  # never connects to the broker

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._failing: dict[str, str] = {}

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Run a chore; what it raises ends this run of it, not the clock, and is told once until it works again."""
        try:
            self.app.tasks[entry.task](*entry.args, **entry.kwargs)
        except Exception as error:
            kind = type(error).__name__
            if self._failing.get(entry.name) != kind:
                log.exception("a chore fails; it is tried again at each of its times", chore=entry.name)
            self._failing[entry.name] = kind
        else:
            if self._failing.pop(entry.name, None):
                log.info("a chore works again", chore=entry.name)


def run() -> None:
    """Be the clock until SIGTERM or SIGINT."""
    app.loader.import_default_modules()
    service = Service(app, scheduler_cls=LocalScheduler, remote_control=False)

    def stop(*_: object) -> None:
        service.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("clock ready")
    service.start()
