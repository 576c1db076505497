"""The Celery application: four queues, nothing kept in them but ids, and settings that lose no message they need not.

The row in SQL is the queue; a message only rings for it. So a lost message costs seconds, a doubled one nothing. Each
setting below was tried against killed, frozen and restarted workers and brokers.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import setup_logging

from ingest import logs
from ingest.settings import Settings
from ingest.types import Stage
from workers.broker import broker_url
from workers.deployment import settings

VISIBILITY_S = 3600
"""Ten times the longest time limit and more: a shorter one starts long tasks twice (30 s task, 8 s: six starts)."""

DISPATCH_S = 1.0
"""Seconds between two looks for documents nobody was told of."""


def configuration(chosen: Settings) -> dict[str, Any]:
    """Celery's settings for ours."""
    return {
        "broker_url": broker_url(chosen),
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_S,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": 5,  # without it a frozen broker holds a publisher for ever
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "retry_on_timeout": False,
            "max_retries": 1,  # of a publisher; a worker tries for ever
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.2,
            "queue_order_strategy": "priority",  # first named, first served
        },
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_routes": {f"newsfold.{stage}": {"queue": str(stage)} for stage in Stage}
        | {"newsfold.poll_feed": {"queue": str(Stage.FETCH)}},
        "task_default_queue": str(Stage.FETCH),
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,  # a killed child's message comes back; attempts in SQL end the loop
        "task_acks_on_timeout": True,  # else what runs into its time limit runs for ever
        "task_acks_on_failure": True,
        "task_ignore_result": True,
        "result_expires": None,  # no results, nothing to clean up
        "task_publish_retry": False,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_max_tasks_per_child": 500,
        "worker_max_memory_per_child": 400_000,  # kB
        "worker_enable_remote_control": False,  # who reaches the broker must not command the workers
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "beat_scheduler": "workers.beat:LocalScheduler",
        "beat_max_loop_interval": 1,
        "beat_schedule": {
            "dispatch": {"task": "newsfold.dispatch", "schedule": DISPATCH_S},
            "reconcile": {"task": "newsfold.reconcile", "schedule": chosen.reconcile_s},
            "deliver": {"task": "newsfold.deliver", "schedule": DISPATCH_S},
            "prune": {"task": "newsfold.prune", "schedule": 600.0},  # once a day, and a clock may be restarted often
            "dump": {"task": "newsfold.dump", "schedule": 600.0},
        },
        "timezone": "UTC",
    }


app = Celery("newsfold", include=["workers.tasks"])
app.add_defaults(lambda: configuration(settings()))  # read when first needed, not by importing this


@setup_logging.connect
def _configure_logging(**_: object) -> None:
    logs.configure(settings())
