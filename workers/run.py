"""One process of each kind: a worker of some queues, the clock, the web server."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Sequence

import structlog

from ingest import logs
from ingest.errors import Misconfigured
from ingest.settings import Settings
from ingest.store import engine
from ingest.store.queue import owners, reconciler
from ingest.types import Stage
from workers.deployment import settings
from workers.leash import on_leash

log = structlog.get_logger()


def worker(queues: Sequence[Stage], *, processes: int = 1) -> None:
    """Be a Celery worker of these queues until SIGTERM, which lets it end the task it is at.

    Translation runs in this process: its model must not be loaded before a fork and is not shared after one. All
    else runs in forked ones, where time and memory limits hold.
    """
    if Stage.TRANSLATE in queues and len(queues) > 1:
        raise Misconfigured("--queue translate: expected a worker of its own, since its model allows no forks")
    from celery.exceptions import CPendingDeprecationWarning, SecurityWarning

    from workers.app import app

    translates = Stage.TRANSLATE in queues
    few_threads()
    warnings.filterwarnings("ignore", category=SecurityWarning)  # about pickle as root: only JSON is accepted
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)  # advice on what we chose on purpose
    warm(queues)
    work = app.Worker(
        hostname=f"{'-'.join(queues)}-{os.getpid()}@{socket.gethostname()}",
        queues=[str(queue) for queue in queues],
        pool="solo" if translates else "prefork",
        concurrency=1 if translates else processes,
        loglevel=settings().log_level.upper(),
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    if translates:
        from workers import standby

        standby.start()
    leash_children()
    work.start()
    raise SystemExit(work.exitcode)


def leash_children() -> None:
    """Let the pool's processes end with this one, even if it is killed.

    By themselves they wait for the end of their pipes, and two of them hold the ends of each other's: killed together
    with the supervisor, a worker of two processes left both behind for good.
    """
    from celery.signals import worker_process_init

    leash = on_leash(signal.SIGKILL)
    worker_process_init.connect(lambda **_: leash(), weak=False)


def few_threads() -> None:
    """Let numerical libraries make no threads of their own: work is spread over processes, and forks want none."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # CTranslate2 counts its own


def warm(queues: Sequence[Stage]) -> None:
    """Read what the work needs before it comes, and before forking: once, and its memory is shared.

    Done a second time, in a child of a process that did it, it takes no time.
    """
    from workers import runtime

    try:
        if Stage.EXTRACT in queues:
            importlib.import_module("trafilatura")
            runtime.identifier().identify("Le gouvernement a annoncé mardi la fin des travaux.")
        if Stage.CLUSTER in queues:
            from ingest.pipeline.compare import make_text, newcomer

            newcomer(make_text("", "en", "A title", "The council said on Tuesday that the bridge would be closed."))
        if Stage.TRANSLATE in queues:
            importlib.import_module("ctranslate2")
    except Exception:  # whatever is missing, the documents that need it will say so
        log.exception("warming up failed", queues=queues)


def beat() -> None:
    """Be the clock until SIGTERM."""
    from workers import beat as clock

    logs.configure(settings())
    clock.run()


def web(chosen: Settings, listening: socket.socket) -> None:
    """Serve the web application on a listening socket until SIGTERM."""
    import uvicorn

    from workers.console import console

    logs.configure(chosen)
    config = uvicorn.Config(
        console(chosen),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    threading.Thread(target=_reconcile, args=(chosen,), name="reconcile", daemon=True).start()
    uvicorn.Server(config).run(sockets=[listening])


def _reconcile(chosen: Settings) -> None:
    """Take back what vanished workers hold, clock or no clock: as long as the web answers, nothing stays stuck."""
    database, owner = engine.connect(chosen.sqlalchemy_url), owners.this_process()
    while True:
        time.sleep(chosen.reconcile_s)
        try:
            reconciler.reconcile_in_turn(database, chosen, owner)
        except Exception:
            log.exception("reconciling failed; it is tried again")


def listen(chosen: Settings, *, tries: int = 100) -> socket.socket:
    """A socket that listens at the settings' address, at the next free port where that one is in use."""
    last = chosen.port + tries if chosen.port else 0
    for port in range(chosen.port, last + 1):
        try:
            return socket.create_server((chosen.host, port), family=_family(chosen.host), backlog=512)
        except OSError as error:
            if port == last or isinstance(error, PermissionError):
                raise Misconfigured(f"cannot listen on {chosen.host}:{chosen.port}: {error}") from None
    raise AssertionError("unreachable")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
