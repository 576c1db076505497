"""Webhooks on their way: subscribers that are due are told side by side, in threads of the clock's process.

Not through the broker: a message to a subscriber must neither wait behind two hundred slow fetches nor for a broker
that is down. The row in SQL holds the lease, so two clocks share the work and never tell one subscriber twice at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from ingest.pipeline.deliver import deliver
from ingest.pipeline.runtime import Runtime
from ingest.store.consumers import webhooks

AT_ONCE = 8
"""Subscribers told side by side: one that is slow takes one of the places, for twenty seconds a message at most."""

log = structlog.get_logger()


class Postman:
    """Tells subscribers, each in a thread of its own; a thread that hangs does not keep the process from ending."""

    def __init__(self, tell: Callable[[Runtime, str], object] | None = None) -> None:
        self._tell = tell or _tell
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def go(self, held: Runtime) -> int:
        """Start telling whoever is due; returns how many were started, and does not wait for them."""
        with held.database.reading() as connection:
            waiting = webhooks.due(connection)
        started = 0
        for webhook_id in waiting:
            with self._lock:
                if webhook_id in self._busy or len(self._busy) >= AT_ONCE:
                    continue
                self._busy.add(webhook_id)
            threading.Thread(target=self._one, args=(held, webhook_id), name="webhook", daemon=True).start()
            started += 1
        return started

    def _one(self, held: Runtime, webhook_id: str) -> None:
        try:
            self._tell(held, webhook_id)
        except Exception:  # the lease runs out, and it is tried again
            log.exception("telling a webhook failed", webhook=webhook_id)
        finally:
            with self._lock:
                self._busy.discard(webhook_id)


def _tell(held: Runtime, webhook_id: str) -> None:
    deliver(held.database, held.fetcher, webhook_id)
