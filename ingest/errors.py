"""What can go wrong, as a tree, named by consequence.

IngestError
  Retryable                 a later try may succeed; workers retry these and only these
    FetchTimeout            url, seconds
    ServerBusy              url, status, retry_after
  Permanent                 trying again changes nothing; the unit is set aside with this reason
    FeedUnreadable          feed url and what was wrong
    PageGone                url, status
    PageTooLarge            what, bytes, limit
    BlockedAddress          url that points at an address we do not call
    BadInput                where, expected, got
  Misconfigured             the deployment is broken; the process stops at start and says what to do

An *expected* ending is no exception: see `ingest.types.Rejection`.
"""

from __future__ import annotations


class IngestError(Exception):
    """Root of what this package raises on purpose."""


class Retryable(IngestError):
    """A later try may succeed. `retry_after` is in seconds, None where the other side named none."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class FetchTimeout(Retryable):
    """A site did not answer in time."""

    def __init__(self, url: str, seconds: float) -> None:
        super().__init__(f"{url}: no complete answer within {seconds:g} s")
        self.url, self.seconds = url, seconds


class ServerBusy(Retryable):
    """A site asked to come back later (429, 5xx) or could not be reached."""

    def __init__(self, url: str, status: int | None, *, retry_after: float | None = None, why: str = "") -> None:
        what = f"answered {status}" if status is not None else "could not be reached"
        super().__init__(f"{url}: {what}{': ' + why if why else ''}", retry_after=retry_after)
        self.url, self.status = url, status


class Permanent(IngestError):
    """Trying again changes nothing; `reason` is the short word that is counted and shown."""

    reason = "permanent"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason


class FeedUnreadable(Permanent):
    """What came is no feed."""

    reason = "feed-unreadable"


class PageGone(Permanent):
    """The page is not there (404, 410 and the like)."""

    reason = "page-gone"

    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"{url}: gone, the server answered {status}")
        self.url, self.status = url, status


class PageTooLarge(Permanent):
    """More bytes than a document may have."""

    reason = "too-large"

    def __init__(self, what: str, size: int | None, limit: int) -> None:
        got = f"{size:,} bytes" if size is not None else "more"
        super().__init__(f"{what}: at most {limit:,} bytes expected, got {got}")
        self.size, self.limit = size, limit


class BlockedAddress(Permanent):
    """The address is private, local or otherwise not for us to call."""

    reason = "blocked-address"


class BadInput(Permanent):
    """The input is not what the caller promised."""

    reason = "bad-input"

    def __init__(self, where: str, expected: str, got: str) -> None:
        super().__init__(f"{where}: expected {expected}, got {got}")
        self.where, self.expected, self.got = where, expected, got


class Misconfigured(IngestError):
    """The deployment is broken: the process stops at start and says what to do."""
