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

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Run a chore; what it raises ends this run of it, not the clock."""
        try:
            self.app.tasks[entry.task](*entry.args, **entry.kwargs)
        except Exception:
            log.exception("a chore failed; it runs again at its next time", chore=entry.name)


def run() -> None:
    """Be the clock until SIGTERM or SIGINT."""
    app.loader.import_default_modules()
    service = Service(app, scheduler_cls=LocalScheduler, remote_control=False)

    def stop(*_: object) -> None:
        service.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    service.start()
