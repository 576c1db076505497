"""Connections only to public addresses."""

from __future__ import annotations

import asyncio

import httpcore
import httpx
import pytest

from ingest.errors import BlockedAddress, ServerBusy
from ingest.fetch.client import Fetcher
from ingest.fetch.guard import GuardedBackend, is_public, system_resolve
from tests.site import open_site

PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::1", "::", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::",
    "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "nonsense", "",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"]

SPELLINGS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001", "localhost", "LOCALHOST.",
    "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0", "169.254.169.254",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_told(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_a_private_address_is_called(host: str) -> None:
    fetcher = Fetcher(user_agent="t", deadline_s=5)
    with pytest.raises((BlockedAddress, ServerBusy)):
        fetcher.get(f"http://{host}/", max_bytes=100)


def test_a_port_that_is_no_web_port_is_refused() -> None:
    with pytest.raises(BlockedAddress, match="port"):
        Fetcher(user_agent="t").get("http://example.org:6379/", max_bytes=100)


class Names:
    """A resolver that answers from a script, one answer a call, and counts."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers, self.calls = list(answers), 0

    async def __call__(self, host: str, port: int) -> tuple[str, ...]:
        self.calls += 1
        return self.answers[min(self.calls, len(self.answers)) - 1]


class Calls(httpcore.AsyncMockBackend):
    """Notes whom it would have called."""

    def __init__(self) -> None:
        super().__init__([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])
        self.called: list[str] = []

    async def connect_tcp(self, host: str, *args: object, **options: object) -> httpcore.AsyncNetworkStream:
        self.called.append(host)
        return await super().connect_tcp(host, *args, **options)  # type: ignore[arg-type]


def guarded(names: Names) -> tuple[GuardedBackend, Calls]:
    backend, calls = GuardedBackend(resolve=names), Calls()
    backend._inner = calls
    return backend, calls


def test_a_name_is_resolved_once_and_the_checked_address_is_called() -> None:
    names = Names(("93.184.216.34",), ("127.0.0.1",))
    backend, calls = guarded(names)
    asyncio.run(backend.connect_tcp("rebinding.example", 80))
    assert (names.calls, calls.called) == (1, ["93.184.216.34"])


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    backend, calls = guarded(Names(("93.184.216.34", "127.0.0.1")))
    with pytest.raises(BlockedAddress):
        asyncio.run(backend.connect_tcp("mixed.example", 80))
    assert calls.called == []


def test_a_unix_socket_is_never_called() -> None:
    with pytest.raises(BlockedAddress):
        asyncio.run(GuardedBackend().connect_unix_socket("/run/docker.sock"))


def test_a_host_allowed_by_name_may_be_private_and_only_it() -> None:
    with open_site() as site:
        site.put("/", "inside")
        by_port = Fetcher(user_agent="t", allowed_hosts=(f"localhost:{site.port}",))
        by_name = Fetcher(user_agent="t", allowed_hosts=("LocalHost",))
        assert by_port.get(site.url("/", "localhost"), max_bytes=100).body == b"inside"
        assert by_name.get(site.url("/", "localhost"), max_bytes=100).body == b"inside"
        with pytest.raises(BlockedAddress):
            by_port.get(site.url("/", "127.0.0.1"), max_bytes=100)


def test_the_guard_sits_where_the_pinned_http_library_connects() -> None:
    """The pool's backend is a private attribute: an update that moves it must fail here, not open the door."""
    assert hasattr(httpx.AsyncHTTPTransport()._pool, "_network_backend")


def test_a_name_that_does_not_exist_has_no_address() -> None:
    assert asyncio.run(system_resolve("no-such-host.invalid", 80)) == ()
