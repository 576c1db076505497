"""What a webhook brings: the same changes in the same order as `/v1/changes`, a few in each message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from ingest.publish.article import SCHEMA_VERSION, Shape
from ingest.publish.change import ChangeKind, Changes
from ingest.publish.record import Record, to_json


class MessageType(StrEnum):
    """What a message is about."""

    CHANGES = "changes"
    TEST = "test"
    """Sent because somebody asked for it; nothing has changed."""


class Message(Shape):
    """The body of a webhook, as Standard Webhooks has it. A message that comes twice has the same `webhook-id`."""

    type: MessageType
    timestamp: datetime
    """Of the last change in it."""
    data: Changes | None
    """null in a test."""


class WebhookState(StrEnum):
    """Whether a subscriber is told of changes."""

    ACTIVE = "active"
    PAUSED = "paused"
    """A person stopped it."""
    DEAD = "dead"
    """It answered 410, or nothing well for three days; `reason` says which. Resumed, it goes on where it stopped."""


class FullWebhook(Shape):
    """A subscriber and how it does."""

    schema_version: str = SCHEMA_VERSION
    id: str = Field(examples=["1m7zs34k6jmtrkd148ya"])
    url: str = Field(examples=["https://consumer.example/newsfold"])
    name: str
    kinds: tuple[ChangeKind, ...]
    """It is told of; empty: of all."""
    with_articles: bool
    """Each change brings its article as it is when the message is sent."""
    at_once: int = Field(ge=1)
    """Changes in one message, at most."""
    state: WebhookState
    reason: str | None
    """Why it is paused or dead."""
    seq: int = Field(ge=0)
    """Everything up to this change was taken."""
    behind: int = Field(ge=0)
    """How far the sequence goes beyond that; 0: it has everything."""
    failures: int = Field(ge=0)
    """In a row, up to now."""
    failing_since: datetime | None
    next_try: datetime | None
    """When it is asked again after a failure; null: it is not failing, or not asked."""
    tried: datetime | None
    delivered: datetime | None
    """When it last took a message."""
    messages: int = Field(ge=0)
    """How many it took."""
    last_status: int | None
    last_error: str | None
    tested: datetime | None
    test_result: str | None
    created: datetime


class NewWebhook(FullWebhook):
    """A subscriber just made, with what its messages are signed with."""

    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    """Shown this one time."""


def changes_message(items: Sequence[Record], *, since: int, newest: int) -> bytes:
    """The body that brings these changes; there is at least one."""
    data = {"items": items, "since": since, "newest": newest}
    return to_json({"type": MessageType.CHANGES, "timestamp": items[-1]["at"], "data": data})


def trial_message(at: datetime) -> bytes:
    """The body of a message that only shows that messages arrive."""
    return to_json({"type": MessageType.TEST, "timestamp": at, "data": None})
