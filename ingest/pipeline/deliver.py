"""Webhooks delivered: the next message of a subscriber signed, sent, and its ending written down.

At least once and in order: the message is named in SQL before it is sent and ticked off after it was taken. A crash
between the two sends the same message again, under the same id, by which a receiver knows it.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from http import HTTPStatus

import structlog

from ingest.errors import FetchTimeout, IngestError, ServerBusy
from ingest.fetch import Fetcher
from ingest.fetch.send import DEADLINE_S, post
from ingest.publish.message import changes_message, trial_message
from ingest.publish.record import article_record, change_record
from ingest.publish.signing import signed_headers
from ingest.store.consumers import following, webhooks
from ingest.store.consumers.webhooks import Parcel
from ingest.store.crashpoints import crash_at
from ingest.store.engine import Database
from ingest.store.texts import outgoing

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 3600.0
"""Pauses double from the first to the longest: after ten failures, an hour and a half, a subscriber is asked hourly."""

BELIEVED_S = 86_400.0
"""Seconds of a Retry-After that are believed."""

GIVE_UP_S = 3 * 86_400.0
"""Seconds without one message taken until a subscriber counts as dead: a long weekend."""

SPREE_S = 10.0
"""Seconds that one call goes on telling one subscriber: others wait."""

log = structlog.get_logger()


def deliver(database: Database, fetcher: Fetcher, webhook_id: str, *, spree_s: float = SPREE_S) -> int:
    """Tell a subscriber what there is to tell; returns how many messages it took."""
    until, taken = time.monotonic() + spree_s, 0
    while True:
        with database.writing() as connection:
            parcel = webhooks.take(connection, webhook_id)
        if parcel is None or not _one(database, fetcher, parcel):
            return taken
        taken += not parcel.is_test
        if time.monotonic() > until:
            return taken


def pause_s(failures: int, retry_after: float | None) -> float:
    """Seconds until the next try after so many failures in a row: doubling, half of it left to chance."""
    pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 20)) * random.uniform(0.5, 1.0)
    return max(pause, min(retry_after or 0.0, BELIEVED_S))


def _one(database: Database, fetcher: Fetcher, parcel: Parcel) -> bool:
    """Whether the message was taken; its ending is written down either way."""
    status, retry_after, error = _send(database, fetcher, parcel)
    crash_at("before_commit", "deliver")
    with database.writing() as connection:
        if parcel.is_test:
            return webhooks.tested(connection, parcel, error or f"taken, the receiver answered {status}")
        if error is None:
            assert status is not None, "taken is a status"
            return webhooks.taken(connection, parcel, status)
        hopeless = _why_hopeless(parcel, status, error)
        if hopeless is not None:
            webhooks.give_up(connection, parcel, hopeless, status)
        else:
            webhooks.failed(connection, parcel, error, status, pause_s(parcel.webhook.failures + 1, retry_after))
    log.warning("webhook not taken", webhook=parcel.webhook.id, error=error, gave_up=hopeless is not None)
    return False


def _send(database: Database, fetcher: Fetcher, parcel: Parcel) -> tuple[int | None, float | None, str | None]:
    """Status and Retry-After of the answer, where there was one, and what went wrong; None: it was taken."""
    webhook, body = parcel.webhook, _body(database, parcel)
    name = f"test_{parcel.webhook.epoch}" if parcel.is_test else str(parcel.until)
    headers = signed_headers(parcel.secrets, f"msg_{webhook.id}_{name}", int(time.time()), body)
    try:
        receipt = post(fetcher, webhook.url, body, headers, deadline_s=min(DEADLINE_S, fetcher.deadline_s))
    except FetchTimeout as error:
        return None, None, f"no answer within {error.seconds:g} s"
    except ServerBusy as error:
        return None, None, f"could not be reached: {error}"
    except IngestError as error:
        return None, None, str(error)
    if receipt.taken:
        return receipt.status, None, None
    hint = "; a webhook is not redirected, change its address" if 300 <= receipt.status < 400 else ""
    return receipt.status, receipt.retry_after, f"answered {receipt.status}{hint}"


def _body(database: Database, parcel: Parcel) -> bytes:
    if parcel.is_test:
        return trial_message(datetime.now(UTC))
    with database.reading() as connection:
        newest = following.newest(connection)
        ids = list({c.article for c in parcel.changes if c.article}) if parcel.webhook.with_articles else []
        records = {row["id"]: article_record(row) for row in outgoing.whole(connection, ids)}
    items = [change_record(change, records.get(change.article or "")) for change in parcel.changes]
    return changes_message(items, since=parcel.until, newest=newest)


def _why_hopeless(parcel: Parcel, status: int | None, error: str) -> str | None:
    if status == HTTPStatus.GONE:
        return "the receiver answered 410: it is gone for good"
    since = parcel.webhook.failing_since
    if since is not None and (datetime.now(UTC) - since).total_seconds() > GIVE_UP_S:
        return f"nothing taken for {GIVE_UP_S / 86_400:g} days; last: {error}"
    return None
