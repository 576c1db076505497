"""What this process says: one line per event on standard error, for people or as JSON.

Fields are data, never part of a format string, and long ones are cut: articles may carry anything. The document and
the stage a worker is at are bound to every line it writes in the meantime.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from ingest.settings import Settings

FIELD_CHARS = 500

QUIET = {
    "celery": logging.WARNING,  # a line for each message received and task ended; ours says more in one
    "kombu": logging.WARNING,
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "uvicorn": logging.WARNING,
    "trafilatura": logging.CRITICAL,  # what it finds wrong with a page is our outcome, not our error
    "htmldate": logging.CRITICAL,
}


def configure(settings: Settings) -> None:
    """Send this process's log to standard error in the settings' form, that of the libraries as well."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = settings.log_format == "json"
    last: list[Any] = (
        [structlog.processors.format_exc_info, _shorten, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [
            _shorten,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,  # no local variables: they hold texts and secrets
            ),
        ]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(max(level, root.level))


def _shorten(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    for key, value in event.items():
        if key not in ("exception", "exc_info") and isinstance(value, str) and len(value) > FIELD_CHARS:
            event[key] = value[:FIELD_CHARS] + "…"
    return event
