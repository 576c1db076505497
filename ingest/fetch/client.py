"""One address asked, one answer in bytes: bounded in time, in size before and after unpacking, and in where it goes.

Redirects are followed by hand, so that each hop is checked and its permanence known. The deadline is for the whole:
per-operation timeouts never end a server that sends a byte a second. The body is unpacked in small steps under a cap;
a kilobyte of gzip can otherwise become 300 MB in one step.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from urllib.parse import urljoin

import httpx

from ingest.errors import (
    BadInput,
    BlockedAddress,
    FetchTimeout,
    PageGone,
    PageTooLarge,
    Permanent,
    Retryable,
    ServerBusy,
)
from ingest.fetch.guard import GuardedBackend, Resolve, guarded_transport
from ingest.fetch.waits import retry_after
from ingest.settings import Settings
from ingest.urls import canonical_url

MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
FOR_EVER = frozenset({301, 308})
OPERATION = httpx.Timeout(15.0)
STEP = 65_536
"""Bytes unpacked at a time."""

Hop = Callable[[str], None]
"""Called with each address before it is asked; raises what forbids it."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a site answered, unpacked."""

    url: str  # the final one
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    moved_to: str | None  # where it went for good: every hop so far was 301 or 308
    seconds: float

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; "" where none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset of the Content-Type; None where none was named."""
        for parameter in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset" and value.strip(" \"'"):
                return value.strip(" \"'").lower()[:64]
        return None

    @property
    def retry_after(self) -> float | None:
        """Seconds the site asks us to stay away; None where it does not say."""
        return retry_after(self.headers)


class Fetcher:
    """Asks sites for bytes. Holds no connections between calls, so it may be made before or after a fork."""

    def __init__(
        self,
        *,
        user_agent: str,
        deadline_s: float = 30.0,
        allowed_hosts: tuple[str, ...] = (),
        resolve: Resolve | None = None,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        """`transport` replaces the guarded one: for simulations and tests, which open no sockets."""
        self.user_agent = user_agent
        self.deadline_s = deadline_s
        self._backend = GuardedBackend(allowed_hosts, resolve)
        self._transport = transport

    @classmethod
    def from_settings(cls, settings: Settings) -> Fetcher:
        """The fetcher of a deployment."""
        return cls(
            user_agent=settings.user_agent,
            deadline_s=settings.fetch_deadline_s,
            allowed_hosts=settings.allow_private_hosts,
        )

    def get(
        self,
        url: str,
        *,
        max_bytes: int,
        accept: str = "*/*",
        etag: str | None = None,
        last_modified: str | None = None,
        before_hop: Hop | None = None,
    ) -> Response:
        """What the site answers, whatever its status.

        Raises FetchTimeout, ServerBusy (no or a broken answer), PageTooLarge, BlockedAddress, and Permanent where
        trying again changes nothing.
        """
        headers = {"User-Agent": self.user_agent, "Accept": accept, "Accept-Encoding": "gzip"}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        return asyncio.run(self._within_deadline(url, headers, max_bytes, before_hop))

    async def _within_deadline(
        self, url: str, headers: dict[str, str], max_bytes: int, before_hop: Hop | None
    ) -> Response:
        try:
            async with asyncio.timeout(self.deadline_s):
                return await self._follow(url, headers, max_bytes, before_hop)
        except TimeoutError:
            raise FetchTimeout(url, self.deadline_s) from None
        except httpx.TimeoutException:
            raise FetchTimeout(url, self.deadline_s) from None
        except httpx.UnsupportedProtocol:
            raise BlockedAddress(f"{url}: expected an http or https address") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError) as error:
            raise ServerBusy(url, None, why=_said(error)) from None

    async def _follow(self, url: str, headers: dict[str, str], max_bytes: int, before_hop: Hop | None) -> Response:
        started = monotonic()
        here, moved_to, for_ever = url, None, True
        cookies = httpx.Cookies()  # some walls hand one out and send the reader on; forgotten with this visit
        # the transport itself, since httpx's client looks at every Location before we can
        async with self.open_transport() as transport:
            for _ in range(MAX_REDIRECTS + 1):
                if before_hop is not None:
                    before_hop(here)
                request = httpx.Request("GET", here, headers=headers, extensions={"timeout": OPERATION.as_dict()})
                cookies.set_cookie_header(request)
                async with _answered(await transport.handle_async_request(request), request) as answer:
                    cookies.extract_cookies(answer)
                    target = answer.headers.get("location") if answer.status_code in REDIRECTS else None
                    if target is None:
                        body = await _read(answer, here, max_bytes)
                        names = {name.lower(): value for name, value in answer.headers.items()}
                        took = monotonic() - started
                        return Response(here, answer.status_code, names, body, moved_to, took)
                    for_ever = for_ever and answer.status_code in FOR_EVER
                here = _next_hop(here, target)
                moved_to = here if for_ever else moved_to
        raise Permanent(f"{url}: more than {MAX_REDIRECTS} redirects", reason="too-many-redirects")

    def open_transport(self) -> httpx.AsyncBaseTransport:
        """What connections are made with: guarded, unless one was handed in."""
        if self._transport is not None:
            return self._transport()
        return guarded_transport(self._backend, _trusted_roots())


@lru_cache(maxsize=1)
def _trusted_roots() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # 60 ms: once a process


def expect_page(response: Response) -> Response:
    """The response if it is a page (2xx with a body allowed to be empty), else the error its status stands for."""
    status, url = response.status, response.url
    if 200 <= status < 300:
        return response
    if status in (404, 410):
        raise PageGone(url, status)
    if status in (408, 425, 429) or status >= 500:
        raise ServerBusy(url, status, retry_after=response.retry_after)
    if status in (401, 402, 403, 407, 451):
        raise Permanent(f"{url}: the site refuses us, it answered {status}", reason="forbidden")
    raise Permanent(f"{url}: expected a page, the server answered {status}", reason="bad-status")


@asynccontextmanager
async def _answered(answer: httpx.Response, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    answer.request = request
    try:
        yield answer
    finally:
        await answer.aclose()


def _next_hop(here: str, location: str) -> str:
    try:
        target = urljoin(here, location.strip())
        canonical_url(target)  # says what is no web address
    except (BadInput, ValueError):
        raise BlockedAddress(f"{here}: redirects to something that is no web address") from None
    return target


async def _read(answer: httpx.Response, url: str, max_bytes: int) -> bytes:
    coding = answer.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Permanent(f"{url}: expected gzip or no Content-Encoding, got {coding[:40]!r}", reason="bad-encoding")
    declared = answer.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise PageTooLarge(url, int(declared), max_bytes)
    unpack = _Unpacker(url, max_bytes, coding)
    async for chunk in answer.aiter_raw():
        unpack.feed(chunk)
    return unpack.end()


class _Unpacker:
    """Collects a body, unpacked, and stops at the cap on either side of the packing."""

    def __init__(self, url: str, max_bytes: int, coding: str) -> None:
        self._url, self._max, self._coding = url, max_bytes, coding
        self._raw = 0
        self._out = bytearray()
        self._inflate: zlib._Decompress | None = None

    def feed(self, chunk: bytes) -> None:
        self._raw += len(chunk)
        if self._raw > self._max:
            raise PageTooLarge(self._url, None, self._max)
        if self._coding in ("", "identity"):
            self._out += chunk
            return
        if self._inflate is None:
            if not chunk:
                return
            # "deflate" is zlib by the standard and raw deflate by habit; 0x78 is how zlib begins
            self._inflate = zlib.decompressobj(31 if "gzip" in self._coding else 15 if chunk[0] == 0x78 else -15)
        while chunk and not self._inflate.eof:
            try:
                self._out += self._inflate.decompress(chunk, STEP)
            except zlib.error:
                raise ServerBusy(self._url, None, why=f"the body is not {self._coding}, as it says") from None
            if len(self._out) > self._max:
                raise PageTooLarge(self._url, None, self._max)
            chunk = self._inflate.unconsumed_tail

    def end(self) -> bytes:
        if self._inflate is not None and not self._inflate.eof:
            raise ServerBusy(self._url, None, why="the packed body was cut short")
        return bytes(self._out)


def unpack_gzip(body: bytes, what: str, max_bytes: int) -> bytes:
    """A body that is a gzip file in itself (sitemap.xml.gz), unpacked under the cap; any other body as it is."""
    if body[:2] != b"\x1f\x8b":
        return body
    unpack = _Unpacker(what, max_bytes, "gzip")
    unpack.feed(body)
    return unpack.end()


def _said(error: Exception) -> str:
    """An error in a few words of its own, without what the server chose to put into it."""
    match error:
        case httpx.ConnectError():
            return "no connection"
        case httpx.RemoteProtocolError():
            return "a broken answer"
        case _:
            return type(error).__name__


__all__ = ["Fetcher", "Hop", "Response", "Retryable", "expect_page", "unpack_gzip"]
