"""How much one program may ask: a moving window per token, or per address where there is none.

Counted in this process's memory: with several web processes the limit holds for each.
"""

from __future__ import annotations

import time

from fastapi import HTTPException, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter


class Rates:
    """Counts requests; calling it is a dependency that answers 429 when there were too many."""

    def __init__(self, per_minute: int) -> None:
        self.limit = RateLimitItemPerMinute(per_minute)
        self.counter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def spend(self, who: str) -> tuple[bool, int, int]:
        """Count one request: whether it is within the limit, how many are left, seconds until the window is fresh."""
        allowed = self.counter.hit(self.limit, who)
        stats = self.counter.get_window_stats(self.limit, who)
        return allowed, max(0, stats.remaining), max(1, int(stats.reset_time - time.time() + 0.999))


def within_rate(request: Request) -> None:
    """A dependency: 429 with Retry-After for who asks too much; everybody is told what is left."""
    rates: Rates = request.app.state.rates
    token = request.headers.get("authorization", "")
    who = token[-24:] if token else (request.client.host if request.client else "unknown")
    allowed, left, reset = rates.spend(who)
    headers = {
        "RateLimit-Limit": str(rates.limit.amount),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(reset),
    }
    request.state.rate_headers = headers  # for `headers.SecurityHeaders`: the answer is not made yet
    if not allowed:
        detail = f"At most {rates.limit.amount} requests a minute are answered; try again in {reset} s."
        raise HTTPException(429, detail, headers={"Retry-After": str(reset)})
