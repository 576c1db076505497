"""One message sent to an address that somebody gave us: through the guard, within a deadline, and never redirected.

A receiver that redirects a POST would get it as a GET, or at an address nobody agreed to; Standard Webhooks counts
every answer but a 2xx as a failure, and so do we.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from ingest.errors import BlockedAddress, FetchTimeout, ServerBusy
from ingest.fetch.client import Fetcher
from ingest.fetch.waits import retry_after

DEADLINE_S = 20.0
"""Seconds for a whole delivery: what the specification recommends to wait at most is 15 to 30."""

OPERATION = httpx.Timeout(15.0)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver answered; its body is not read."""

    status: int
    retry_after: float | None  # seconds; None where it does not say

    @property
    def taken(self) -> bool:
        """Whether the receiver has it now."""
        return 200 <= self.status < 300


def post(
    fetcher: Fetcher, url: str, body: bytes, headers: Mapping[str, str], *, deadline_s: float = DEADLINE_S
) -> Receipt:
    """What the receiver answers, whatever its status. Raises BlockedAddress, FetchTimeout, ServerBusy (no answer)."""
    given = {"User-Agent": fetcher.user_agent, "Content-Type": "application/json", "Accept": "*/*"} | dict(headers)
    return asyncio.run(_within_deadline(fetcher, url, body, given, deadline_s))


async def _within_deadline(
    fetcher: Fetcher, url: str, body: bytes, headers: dict[str, str], deadline_s: float
) -> Receipt:
    try:
        async with asyncio.timeout(deadline_s):
            return await _send(fetcher, url, body, headers)
    except (TimeoutError, httpx.TimeoutException):
        raise FetchTimeout(url, deadline_s) from None
    except httpx.UnsupportedProtocol:
        raise BlockedAddress(f"{url}: expected an http or https address") from None
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise ServerBusy(url, None, why=type(error).__name__) from None


async def _send(fetcher: Fetcher, url: str, body: bytes, headers: dict[str, str]) -> Receipt:
    async with fetcher.open_transport() as transport:
        request = httpx.Request("POST", url, headers=headers, content=body, extensions={"timeout": OPERATION.as_dict()})
        answer = await transport.handle_async_request(request)
        try:
            return Receipt(answer.status_code, retry_after(answer.headers))
        finally:
            await answer.aclose()
