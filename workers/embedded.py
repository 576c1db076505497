"""Everything on one machine from one command: broker, workers, clock and web server, kept running.

`Embedded` owns a data folder while it runs; a second one on the same folder is refused. With a broker or a database
named in the settings it uses those and starts the rest.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TextIO
from urllib.error import URLError

import structlog

from ingest import logs
from ingest.errors import Misconfigured
from ingest.settings import Settings
from ingest.store import engine, migrations
from ingest.types import Stage
from workers import deployment, run, supervisor
from workers.broker import Broker
from workers.supervisor import Child

TICK_S = 0.1

BROKER_CHECK_S = 0.5

log = structlog.get_logger()


class AlreadyRunning(Misconfigured):
    """Another process owns the data folder."""


class Embedded:
    """The whole service as child processes: `with Embedded(settings) as service: service.tend(until=…)`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stopping = False
        self._broker = Broker(settings) if settings.broker_url is None else None
        self._broker_pause_s = 0.0
        self._broker_next = 0.0
        self._lock: TextIO | None = None
        self._listening: socket.socket | None = None
        self.children: tuple[Child, ...] = ()

    @property
    def url(self) -> str:
        """Where a browser finds the service."""
        assert self._listening is not None, "the service was started"
        host, port = self._listening.getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
        return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"

    def __enter__(self) -> Embedded:
        logs.configure(self.settings)
        deployment.use(self.settings)
        self._own_folder()
        try:
            self._migrate()
            self._listening = run.listen(self.settings)
            self._note_owner()
            self.children = (self._web(),)
            supervisor.tend(self.children)  # reads its own libraries while we read those of the workers
            if self._broker is not None:
                self._broker.start()
            _read_libraries()
            self.children += self._light()
            supervisor.tend(self.children)  # these read what only they need while we read for the rest
            self._warm()
            self.children += self._heavy()
            supervisor.tend(self.children)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        supervisor.end(self.children)
        if self._broker is not None:
            self._broker.stop()
        if self._listening is not None:
            self._listening.close()
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()

    def stop(self, *_: object) -> None:
        """Make `tend` return; may be called from a signal handler."""
        self._stopping = True

    def stop_on_signals(self) -> None:
        """Stop on Ctrl-C, SIGTERM and a closed terminal."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)

    def tend(self, until: Callable[[], bool] = lambda: False, *, every_s: float = 0.5) -> bool:
        """Keep everything running until `until` says so (True) or `stop` was called (False)."""
        asked = 0.0
        while not self._stopping:
            time.sleep(TICK_S)
            supervisor.tend(self.children)
            self._tend_broker()
            if time.monotonic() - asked >= every_s:
                asked = time.monotonic()
                if until():
                    return True
        return False

    def answers(self) -> bool:
        """Whether the web server answers."""
        request = urllib.request.Request(f"{self.url}/healthz", headers={"Host": "localhost"})  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(request, timeout=1) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _web(self) -> Child:
        assert self._listening is not None
        return self._kept("web", partial(run.web, self.settings, self._listening), keeps_port=True)

    def _light(self) -> tuple[Child, ...]:
        """Those that need nothing of what is read before the others: the model is read after the fork, always."""
        return (
            self._kept("translate", partial(run.worker, (Stage.TRANSLATE,))),
            self._kept("beat", run.beat),
        )

    def _heavy(self) -> tuple[Child, ...]:
        return (
            self._kept("fetch", partial(run.worker, (Stage.FETCH, Stage.EXTRACT), processes=self.settings.workers)),
            self._kept("cluster", partial(run.worker, (Stage.CLUSTER,))),
        )

    def _warm(self) -> None:
        """Read here what extraction and clustering need, so that one that died works again in half a second.

        Read in each new worker it takes 3 s of CPU, and on a busy machine 15 s in which its queue stands. A language
        identifier that is not ours is left to the workers: it may allow no forks.
        """
        if self.settings.detector == "builtin":
            run.few_threads()
            run.warm((Stage.EXTRACT, Stage.CLUSTER))
        gc.collect()
        gc.freeze()  # objects that live for ever stay on shared pages

    def _kept(self, name: str, work: Callable[[], None], *, keeps_port: bool = False) -> Child:
        def begin() -> None:
            if self._lock is not None:
                self._lock.close()  # the folder is the supervisor's alone: it must be free the moment that ends
            if not keeps_port and self._listening is not None:
                self._listening.close()
            work()

        return Child(name, begin)

    def _own_folder(self) -> None:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (self.settings.data_dir / "up.lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = _owner(lock.read())
            lock.close()
            raise AlreadyRunning(
                f"newsfold already runs on {self.settings.data_dir}{owner}; "
                "stop it first, or set INGEST_DATA_DIR to another folder"
            ) from None
        self._lock = lock

    def _note_owner(self) -> None:
        assert self._lock is not None
        self._lock.truncate(0)
        self._lock.write(json.dumps({"pid": os.getpid(), "url": self.url}))
        self._lock.flush()

    def _migrate(self) -> None:
        database = engine.connect(self.settings.sqlalchemy_url)
        try:
            before, after = migrations.upgrade(database)
        finally:
            database.close()  # nothing is open when children are forked off
        if before != after:
            log.info("database migrated", revision=after)

    def _tend_broker(self) -> None:
        if self._broker is None or self._broker.is_running() or time.monotonic() < self._broker_next:
            return
        log.warning("the broker died and is started again; documents wait in the database meanwhile")
        try:
            self._broker.start()
            self._broker_pause_s = 0.0
        except Misconfigured as error:
            log.error(str(error))
            self._broker_pause_s = min(max(1.0, self._broker_pause_s * 2), supervisor.LONGEST_PAUSE_S)
        self._broker_next = time.monotonic() + max(self._broker_pause_s, BROKER_CHECK_S)


def running(data_dir: Path) -> dict[str, object] | None:
    """Who runs on a data folder, as {pid, url}; None: nobody."""
    with contextlib.suppress(OSError, ValueError), (data_dir / "up.lock").open(encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return dict(json.loads(lock.read()))
    return None


def _owner(text: str) -> str:
    try:
        known = json.loads(text)
    except ValueError:
        return ""
    return f" (process {known['pid']}, {known['url']})"


LIBRARIES = (
    "celery.apps.worker",
    "celery.bin.worker",
    "celery.concurrency.prefork",
    "celery.concurrency.solo",
    "kombu.transport.redis",
    "workers.beat",
    "workers.tasks",
)
"""What the workers need: read once before they are forked, its memory is shared. No CTranslate2: it allows no fork."""


def _read_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
