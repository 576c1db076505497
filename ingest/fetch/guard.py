"""Connections only to public addresses: every address a name resolves to is checked, and the checked one is called.

The check stands in the network backend, below redirects, proxies and TLS: what connects has been checked, whatever
the URL looked like, and nothing is resolved a second time (DNS rebinding). `ipaddress.is_global` alone lets NAT64
(64:ff9b::/96, 64:ff9b:1::/48), 6to4 (2002::/16), multicast and fec0::/10 through.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore
import httpx

from ingest.errors import BlockedAddress

WEB_PORTS = frozenset({80, 443})
NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""Gives every address of a host name."""


def is_public(address: str) -> bool:
    """Whether anyone on the internet could call this IP address."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip.sixtofour or ip.teredo or ip.is_site_local or int(ip) >> 32 == 0 or any(ip in net for net in NAT64):
            return False
    return ip.is_global and not (
        ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local
    )


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to public addresses on web ports, and to the hosts that are allowed by name."""

    def __init__(self, allowed_hosts: Iterable[str] = (), resolve: Resolve | None = None) -> None:
        self._inner: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._resolve = resolve or system_resolve

    def allows_by_name(self, host: str, port: int) -> bool:
        """Whether the settings name this host, or this port of it, as one to be trusted."""
        name = host.strip("[]").lower().rstrip(".")
        named = f"[{name}]" if ":" in name else name
        return name in self._allowed or f"{named}:{port}" in self._allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to a checked address; TLS and the Host header keep the name. Raises BlockedAddress."""
        trusted = self.allows_by_name(host, port)
        if port not in WEB_PORTS and not trusted:
            raise BlockedAddress(f"{host}: expected port 80 or 443, got {port}")
        addresses = await self._resolve(host, port)
        if not addresses:
            raise httpcore.ConnectError(f"{host}: no address")
        if not trusted and not all(is_public(address) for address in addresses):
            raise BlockedAddress(f"{host}: points at an address that is not public")
        return await self._first_that_answers(addresses, port, timeout, local_address, socket_options)

    async def _first_that_answers(
        self,
        addresses: tuple[str, ...],
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[Any] | None,
    ) -> httpcore.AsyncNetworkStream:
        """The first of two addresses, one of each family: a host with a dead IPv6 route still answers."""
        families = {":" in address: address for address in reversed(addresses)}
        *others, last = dict.fromkeys([addresses[0], *families.values()])
        for address in others:
            try:
                return await self._inner.connect_tcp(address, port, (timeout or 10) / 2, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise BlockedAddress("a unix socket is not for us to call")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks before it tries again."""
        await asyncio.sleep(seconds)


def guarded_transport(backend: GuardedBackend, verify: Any) -> httpx.AsyncHTTPTransport:
    """An HTTP transport whose every connection goes through the guard."""
    transport = httpx.AsyncHTTPTransport(verify=verify, trust_env=False, retries=0, http2=False)
    # httpx has no public way to hand its pool a backend; a test holds this to the pinned version
    transport._pool._network_backend = backend
    return transport


async def system_resolve(host: str, port: int) -> tuple[str, ...]:
    """Every address the system's resolver knows for a host, in its order.

    It runs in a daemon thread: a resolver that hangs can be left behind, where the loop's own threads would be
    waited for beyond every deadline.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def settle(addresses: tuple[str, ...]) -> None:
        if not answer.done():
            answer.set_result(addresses)

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
            addresses = tuple(dict.fromkeys(str(item[4][0]) for item in found))
        except (OSError, UnicodeError):
            addresses = ()
        try:
            loop.call_soon_threadsafe(settle, addresses)
        except RuntimeError:  # the loop has ended: nobody waits any more
            return

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    return await answer
