"""A real site on loopback, as good or as bad as a test wants it: answers are bytes, or code that sends them.

It speaks raw HTTP/1.1, one request a connection, because what is tested are servers that break the rules.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Handler = Callable[["Request", socket.socket], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for."""

    path: str
    headers: dict[str, str]
    at: float


@dataclass
class Site:
    """Listens on 127.0.0.1 until closed; `pages` maps a path to what it sends."""

    pages: dict[str, Handler] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._closing = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def put(self, path: str, body: bytes | str, content_type: str = "text/html; charset=utf-8", **headers: str) -> str:
        """Serve a body under a path; returns its address."""
        self.pages[path] = answer(200, body, {"Content-Type": content_type} | _header_names(headers))
        return self.url(path)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(20)
            head = b""
            while b"\r\n\r\n" not in head:
                got = connection.recv(65_536)
                if not got:
                    return
                head += got
            first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            pairs = (line.partition(":") for line in lines)
            request = Request(
                first.split(" ")[1], {name.strip().lower(): value.strip() for name, _, value in pairs}, time.monotonic()
            )
            self.requests.append(request)
            self.pages.get(request.path, answer(404, "not here"))(request, connection)


@contextlib.contextmanager
def open_site() -> Iterator[Site]:
    site = Site()
    try:
        yield site
    finally:
        site.close()


def answer(status: int, body: bytes | str = b"", headers: dict[str, str] | None = None) -> Handler:
    """A whole, well-formed answer."""
    payload = body.encode() if isinstance(body, str) else body

    def send(_request: Request, connection: socket.socket) -> None:
        connection.sendall(head(status, {"Content-Length": str(len(payload))} | (headers or {})) + payload)

    return send


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\n{lines}Connection: close\r\n\r\n".encode("latin-1")


def redirect(status: int, target: str) -> Handler:
    return answer(status, b"", {"Location": target})


def with_validators(body: bytes | str, content_type: str, etag: str, modified: str | None = None) -> Handler:
    """Answers 304 to whoever knows the ETag."""
    headers = {"Content-Type": content_type, "ETag": etag} | ({"Last-Modified": modified} if modified else {})

    def send(request: Request, connection: socket.socket) -> None:
        known = request.headers.get("if-none-match") == etag
        (answer(304, b"", headers) if known else answer(200, body, headers))(request, connection)

    return send


def _header_names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


# What breaks clients


def gzip_bomb(megabytes: int) -> bytes:
    """Zeros, packed to a thousandth."""
    return gzip.compress(bytes(megabytes * 1_000_000), 9)


def packed(body: bytes, coding: str = "gzip") -> Handler:
    return answer(200, body, {"Content-Type": "application/rss+xml", "Content-Encoding": coding})


def endless(request: Request, connection: socket.socket) -> None:
    connection.sendall(head(200, {"Content-Type": "text/html"}))
    while True:
        connection.sendall(b"<p>and on</p>" * 4_000)


def trickle(request: Request, connection: socket.socket) -> None:
    """A byte now and then: no single read ever times out."""
    connection.sendall(head(200, {"Content-Type": "text/html"}))
    for _ in range(600):
        connection.sendall(b"x")
        time.sleep(0.1)


def slow_headers(request: Request, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(600):
        connection.sendall(f"X-{number}: y\r\n".encode())
        time.sleep(0.1)


def silent(request: Request, connection: socket.socket) -> None:
    time.sleep(20)


def header_bomb(request: Request, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(200_000):
        connection.sendall(f"X-{number}: {'y' * 100}\r\n".encode())


def cut_short(request: Request, connection: socket.socket) -> None:
    connection.sendall(head(200, {"Content-Type": "text/html", "Content-Length": "5000"}) + b"<p>only this")


def not_http(request: Request, connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.org ESMTP\r\n")
