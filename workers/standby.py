"""A second clock in the translating process, for when the first is gone.

The clock is one process; where nothing restarts it, what is stuck would stay stuck. This one looks at when the chores
last ran and does them only when they are overdue. It lives where no child is ever forked off.
"""

from __future__ import annotations

import threading
import time

import structlog

from ingest.store.queue import leases, reconciler
from workers import runtime, tasks
from workers.deployment import settings

OVERDUE = 3
"""Runs the reconciler may miss before this clock takes over."""

log = structlog.get_logger()


def start() -> None:
    """Watch in a thread that ends with the process."""
    threading.Thread(target=_watch, name="standby", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(settings().reconcile_s)
        try:
            if is_overdue():
                log.warning("the clock does not tick; its chores are done here meanwhile")
                tasks.reconcile()
                tasks.dispatch()
        except Exception:
            log.exception("the standby clock failed; it tries again")


def is_overdue() -> bool:
    """Whether the chores have not been done for too long."""
    with runtime.current().database.reading() as connection:
        age_s = leases.age_s(connection, reconciler.RECONCILER)
    return age_s is None or age_s > OVERDUE * settings().reconcile_s
