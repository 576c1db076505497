"""Subscribers that are told of changes: how far each is, and who may tell it now.

A subscriber is a place in the sequence of changes, so nothing is copied for it and nothing can be skipped: it has taken
everything up to `seq`. The message on its way reaches up to `sending`; that is written down before it is sent, so a
retry, by whomever and whenever, is the same message under the same id. One worker at a time holds the lease, which
keeps messages in order; who lost it is fenced off by the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from ingest.errors import BadInput
from ingest.store.consumers import following
from ingest.store.consumers.following import Change
from ingest.store.engine import db_now
from ingest.store.ids import new_id
from ingest.store.schema import changes, webhooks
from ingest.urls import canonical_url

MOST_AT_ONCE = 1000
LEASE_S = 60.0
"""Seconds a worker may hold a subscriber: three times the deadline of a delivery."""

FORMER_S = 24 * 3600.0
"""Seconds that the secret before a rotation signs as well: time to put the new one in place."""

LONGEST_ERROR = 300


class WebhookState(StrEnum):
    """Whether a subscriber is told of changes."""

    ACTIVE = "active"
    PAUSED = "paused"  # a person stopped it
    DEAD = "dead"  # it did not answer for days, or said that it is gone


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscriber as it stands; without its secrets."""

    id: str
    url: str
    name: str
    kinds: tuple[str, ...]  # it is told of; empty: all
    with_articles: bool
    at_once: int
    state: WebhookState
    reason: str | None
    seq: int
    sending: int | None
    failures: int
    failing_since: datetime | None
    next_try_at: datetime
    tried_at: datetime | None
    delivered_at: datetime | None
    delivered: int
    last_status: int | None
    last_error: str | None
    test_asked_at: datetime | None
    tested_at: datetime | None
    test_result: str | None
    created_by: str
    created_at: datetime
    epoch: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one worker is to send to one subscriber: changes up to `until`, or a test message (no changes)."""

    webhook: Webhook
    secrets: tuple[str, ...]  # that sign
    changes: tuple[Change, ...]
    until: int
    is_test: bool = False


_SHOWN = [webhooks.c[name] for name in Webhook.__slots__]


def add(
    connection: Connection,
    url: str,
    secret: str,
    *,
    who: str,
    name: str = "",
    kinds: Sequence[str] = (),
    with_articles: bool = True,
    at_once: int = 100,
    since: int | None = None,
) -> Webhook:
    """A new subscriber, told of every change after `since`; None: after the newest there is now."""
    canonical_url(url)  # says what is no web address
    if urlsplit(url).username or urlsplit(url).password:
        raise BadInput("url", "an address without a name and password: the signature says who we are", "one with them")
    if not 1 <= at_once <= MOST_AT_ONCE:
        raise BadInput("at_once", f"1 to {MOST_AT_ONCE:,} changes in a message", str(at_once))
    newest = following.newest(connection)
    if since is not None and not 0 <= since <= newest:
        raise BadInput("since", f"a number up to {newest}, the newest change", str(since))
    id_ = new_id()
    values = {
        "id": id_,
        "url": url,
        "name": name.strip()[:200],
        "kinds": sorted(set(kinds)),
        "with_articles": with_articles,
        "at_once": at_once,
        "secret": secret,
        "seq": newest if since is None else since,
        "next_try_at": db_now(),
        "created_by": who,
        "created_at": db_now(),
    }
    connection.execute(insert(webhooks).values(values))
    made = load(connection, id_)
    assert made is not None
    return made


def load(connection: Connection, webhook_id: str) -> Webhook | None:
    """One subscriber; None: there is none of that id."""
    row = connection.execute(select(*_SHOWN).where(webhooks.c.id == webhook_id)).first()
    return None if row is None else _webhook(row)


def every(connection: Connection) -> tuple[Webhook, ...]:
    """All subscribers, the oldest first."""
    return tuple(_webhook(row) for row in connection.execute(select(*_SHOWN).order_by(webhooks.c.id)))


def pause(connection: Connection, webhook_id: str) -> bool:
    """Tell it nothing until `resume`; False where there is none of that id."""
    return _set(connection, webhook_id, state=WebhookState.PAUSED, reason="paused by a person")


def resume(connection: Connection, webhook_id: str) -> bool:
    """Tell it again, from where it stopped; False where there is none of that id."""
    fresh = {"failures": 0, "failing_since": None, "next_try_at": db_now()}
    return _set(connection, webhook_id, state=WebhookState.ACTIVE, reason=None, **fresh)


def rotate(connection: Connection, webhook_id: str, secret: str) -> bool:
    """Sign with a new secret, and for a day with the one before as well; False where there is none of that id."""
    former = {"former_secret": webhooks.c.secret, "former_until": db_now(FORMER_S)}
    return _set(connection, webhook_id, secret=secret, **former)


def ask_test(connection: Connection, webhook_id: str) -> bool:
    """Have a worker send a test message soon; False where there is none of that id."""
    return _set(connection, webhook_id, test_asked_at=db_now(), tested_at=None, test_result=None)


def remove(connection: Connection, webhook_id: str) -> bool:
    """Forget a subscriber; False where there is none of that id."""
    return connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id)).rowcount == 1


def due(connection: Connection) -> tuple[str, ...]:
    """Ids of subscribers that there is something to tell now, the one that waits longest first."""
    now, newest = datetime.now(UTC), following.newest(connection)
    behind = and_(webhooks.c.state == WebhookState.ACTIVE, webhooks.c.next_try_at <= db_now(), webhooks.c.seq != newest)
    query = select(webhooks.c.id, webhooks.c.lease_until).where(or_(behind, webhooks.c.test_asked_at.is_not(None)))
    rows = connection.execute(query.order_by(webhooks.c.next_try_at))
    return tuple(row.id for row in rows if row.lease_until is None or row.lease_until < now + timedelta(seconds=1))


def take(connection: Connection, webhook_id: str) -> Parcel | None:
    """What to send to a subscriber, which is held for LEASE_S; None: nothing now, or another worker holds it."""
    free = or_(webhooks.c.lease_until.is_(None), webhooks.c.lease_until < db_now())
    wanted = or_(webhooks.c.state == WebhookState.ACTIVE, webhooks.c.test_asked_at.is_not(None))
    query = update(webhooks).where(webhooks.c.id == webhook_id, free, wanted)
    query = query.values(epoch=webhooks.c.epoch + 1, lease_until=db_now(LEASE_S))
    extra = (webhooks.c.secret, webhooks.c.former_secret, webhooks.c.former_until, db_now().label("now"))
    row = connection.execute(query.returning(*_SHOWN, *extra)).first()
    if row is None:
        return None
    webhook = _webhook(row)
    former = row.former_secret if row.former_until is not None and row.former_until > row.now else None
    keys = (row.secret,) if former is None else (row.secret, former)
    if webhook.test_asked_at is not None:
        return Parcel(webhook, keys, (), webhook.seq, is_test=True)
    newest = following.newest(connection)
    if webhook.seq > newest:
        reason = f"it took changes up to {webhook.seq}, the sequence ends at {newest}: was a backup put back?"
        _settle(connection, webhook, state=WebhookState.DEAD, reason=reason)
        return None
    found = _next(connection, webhook)
    if webhook.next_try_at > row.now or not found:
        _settle(connection, webhook, **({"seq": newest, "sending": None} if not found else {}))
        return None
    until = found[-1].seq
    connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(sending=until))
    return Parcel(webhook, keys, found, until)


def taken(connection: Connection, parcel: Parcel, status: int) -> bool:
    """The subscriber has the message; False where this worker no longer held it: another will send it again."""
    return _settle(
        connection,
        parcel.webhook,
        seq=parcel.until,
        sending=None,
        next_try_at=db_now(),
        failures=0,
        failing_since=None,
        tried_at=db_now(),
        delivered_at=db_now(),
        delivered=webhooks.c.delivered + 1,
        last_status=status,
        last_error=None,
    )


def failed(connection: Connection, parcel: Parcel, error: str, status: int | None, again_s: float) -> bool:
    """The message was not taken; it is tried again after so many seconds. False as for `taken`."""
    return _settle(
        connection,
        parcel.webhook,
        failures=webhooks.c.failures + 1,
        failing_since=parcel.webhook.failing_since or db_now(),
        next_try_at=db_now(again_s),
        tried_at=db_now(),
        last_status=status,
        last_error=error[:LONGEST_ERROR],
    )


def give_up(connection: Connection, parcel: Parcel, reason: str, status: int | None) -> bool:
    """Tell it nothing more until a person resumes it; its place is kept. False as for `taken`."""
    said = {"last_status": status, "last_error": reason[:LONGEST_ERROR], "tried_at": db_now()}
    fails = {"failures": webhooks.c.failures + 1, "failing_since": parcel.webhook.failing_since or db_now()}
    return _settle(connection, parcel.webhook, state=WebhookState.DEAD, reason=reason[:LONGEST_ERROR], **said, **fails)


def tested(connection: Connection, parcel: Parcel, result: str) -> bool:
    """How the test message ended."""
    values = {"test_asked_at": None, "tested_at": db_now(), "test_result": result[:LONGEST_ERROR]}
    return _settle(connection, parcel.webhook, **values)


def _next(connection: Connection, webhook: Webhook) -> tuple[Change, ...]:
    query = select(changes).where(changes.c.seq > webhook.seq).order_by(changes.c.seq).limit(webhook.at_once)
    if webhook.sending is not None:
        query = query.where(changes.c.seq <= webhook.sending)
    if webhook.kinds:
        query = query.where(changes.c.kind.in_(webhook.kinds))
    return tuple(Change(r.seq, r.kind, r.article_id, r.cluster_id, r.revision, r.at) for r in connection.execute(query))


def _settle(connection: Connection, webhook: Webhook, **values: Any) -> bool:
    mine = and_(webhooks.c.id == webhook.id, webhooks.c.epoch == webhook.epoch)
    return connection.execute(update(webhooks).where(mine).values(lease_until=None, **values)).rowcount == 1


def _set(connection: Connection, webhook_id: str, **values: Any) -> bool:
    return connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values)).rowcount == 1


def _webhook(row: Any) -> Webhook:
    values = {name: getattr(row, name) for name in Webhook.__slots__}
    return Webhook(**values | {"kinds": tuple(row.kinds), "state": WebhookState(row.state)})
