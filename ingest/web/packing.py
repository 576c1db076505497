"""Answers packed as the asker prefers: zstd or gzip by the q-values of Accept-Encoding (RFC 9110, 12.5.3).

A packed answer is another representation, so its strong ETag says how it is packed; asked back with it, the plain tag
is what the views compare (RFC 9110, 8.8.3.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES = 1000
GZIP_LEVEL = 6
ZSTD_LEVEL = 3
THREAD_FROM = 128 * 1024
"""Bytes from which packing leaves the event loop free."""

_SUFFIX = re.compile(r'-(zstd|gzip)(?=")')


class Packed:
    """Packs what views answer, and takes packed answers' tags back."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        coding = preferred(Headers(scope=scope).get("accept-encoding", ""))
        known = MutableHeaders(scope=scope).get("if-none-match", "")
        if _SUFFIX.search(known):
            headers = MutableHeaders(scope=scope)
            headers["if-none-match"] = _SUFFIX.sub("", known)

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tag(MutableHeaders(scope=message), message["status"], known)
            await send(message)

        await _RESPONDERS[coding](self.app)(scope, receive, tagged)


def preferred(accepted: str) -> str:
    """Of zstd, gzip and identity the one with the highest q-value; of equal ones the first. Nothing said: identity."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        name, _, value = parameters.strip().partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        if coding.strip():
            weights[coding.strip()] = weight
    other = weights.get("*", 0.0)
    offered = {"zstd": weights.get("zstd", other), "gzip": weights.get("gzip", weights.get("x-gzip", other))}
    best = max(offered, key=lambda coding: offered[coding])
    # identity is refused only by name; unnamed it is the last resort, not a rival
    return best if offered[best] > 0 and offered[best] >= weights.get("identity", 0.0) else "identity"


def _tag(headers: MutableHeaders, status: int, known: str) -> None:
    """Say in the ETag how the answer is packed; an answer without a body has the tag that was asked with."""
    tag = headers.get("etag", "")
    if not tag.endswith('"'):
        return
    if status == 304:
        held = [part.strip().removeprefix("W/") for part in known.split(",")]
        headers["etag"] = next((part for part in held if _SUFFIX.sub("", part) == tag), tag)
    elif coding := headers.get("content-encoding"):
        headers["etag"] = f'{tag[:-1]}-{coding}"'


class _Zstd(IdentityResponder):
    """As starlette's for gzip."""

    content_encoding = "zstd"

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, LEAST_BYTES)
        self._packer: Any = None

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        """Pack a part of the body."""
        if len(body) >= THREAD_FROM:
            return await anyio.to_thread.run_sync(self._pack, body, more_body)
        return self._pack(body, more_body)

    def _pack(self, body: bytes, more_body: bool) -> bytes:
        import zstandard

        if self._packer is None:
            self._packer = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
        end = zstandard.COMPRESSOBJ_FLUSH_BLOCK if more_body else zstandard.COMPRESSOBJ_FLUSH_FINISH
        return bytes(self._packer.compress(body) + self._packer.flush(end))


def _gzip(app: ASGIApp) -> ASGIApp:
    return GZipResponder(app, LEAST_BYTES, GZIP_LEVEL, thread_minimum_size=THREAD_FROM)


def _plain(app: ASGIApp) -> ASGIApp:
    return IdentityResponder(app, LEAST_BYTES)


_RESPONDERS: dict[str, Callable[[ASGIApp], ASGIApp]] = {"zstd": _Zstd, "gzip": _gzip, "identity": _plain}
