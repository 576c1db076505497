"""/v1/webhooks: programs that are told of changes; for tokens of the scope admin."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from ingest.publish.change import ChangeKind
from ingest.publish.message import FullWebhook, NewWebhook, WebhookState
from ingest.publish.signing import new_secret
from ingest.store.consumers import following, webhooks
from ingest.store.consumers.tokens import Scope
from ingest.store.consumers.webhooks import MOST_AT_ONCE, Webhook
from ingest.store.operators import audit
from ingest.web.api.pages import Page, page_of, unless_known
from ingest.web.auth import program
from ingest.web.database import Reading, TheDatabase
from ingest.web.problems import described

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

Admin = Annotated[str, Depends(program(Scope.ADMIN))]


class WantedWebhook(BaseModel):
    """Who is to be told of what."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    url: str = Field(max_length=2000, pattern="^https?://", examples=["https://consumer.example/newsfold"])
    """Messages are sent there by POST, signed as Standard Webhooks says; any 2xx within 20 s means: taken."""
    name: str = Field("", max_length=200, examples=["newsletter"])
    kinds: list[ChangeKind] = Field(default_factory=list, max_length=len(ChangeKind), examples=[["upsert", "delete"]])
    """Only of such changes; empty: of all."""
    with_articles: bool = True
    at_once: int = Field(100, ge=1, le=MOST_AT_ONCE)
    """Changes in one message, at most."""
    since: int | None = Field(None, ge=0, le=2**62)
    """Begin after this change; 0: with the first. null: with the next one."""


@router.get("", response_model=Page[FullWebhook], responses=described(304, 401, 403, 422))
def list_webhooks(request: Request, connection: Reading, _who: Admin) -> Response:
    """All of them, the oldest first, with how far each is and why one is not told any more."""
    newest = following.newest(connection)
    items = [full_webhook(one, newest) for one in webhooks.every(connection)]
    return unless_known(request, page_of(request, items, None))


@router.post("", status_code=201, response_model=NewWebhook, responses=described(400, 401, 403, 413, 422))
def add_webhook(body: WantedWebhook, database: TheDatabase, who: Admin) -> NewWebhook:
    """Tell a program of changes. The answer's `secret`, with which it checks signatures, is shown this one time."""
    secret = new_secret()
    with database.writing() as connection:
        made = webhooks.add(connection, secret=secret, who=who, **dict(body))
        audit.note(connection, who, "add-webhook", f"webhook:{made.id}", url=made.url)
        shown = full_webhook(made, following.newest(connection))
    return NewWebhook(**dict(shown), secret=secret)


@router.get("/{webhook_id}", response_model=FullWebhook, responses=described(304, 401, 403, 404, 422))
def one_webhook(request: Request, connection: Reading, webhook_id: str, _who: Admin) -> Response:
    """One of them."""
    return unless_known(request, shown_or_404(connection, webhook_id))


@router.delete("/{webhook_id}", status_code=204, responses=described(401, 403, 404, 422))
def remove_webhook(webhook_id: str, database: TheDatabase, who: Admin) -> Response:
    """Forget it: it is told nothing more."""
    with database.writing() as connection:
        shown_or_404(connection, webhook_id)
        webhooks.remove(connection, webhook_id)
        audit.note(connection, who, "remove-webhook", f"webhook:{webhook_id}")
    return Response(status_code=204)


@router.post("/{webhook_id}/rotate", response_model=NewWebhook, responses=described(401, 403, 404, 422))
def rotate_secret(webhook_id: str, database: TheDatabase, who: Admin) -> NewWebhook:
    """Make a new secret, shown this one time; for a day messages are signed with the former one as well."""
    secret = new_secret()
    with database.writing() as connection:
        webhooks.rotate(connection, webhook_id, secret)
        shown = shown_or_404(connection, webhook_id)
        audit.note(connection, who, "rotate-webhook", f"webhook:{webhook_id}")
    return NewWebhook(**dict(shown), secret=secret)


@router.post("/{webhook_id}/{act}", response_model=FullWebhook, responses=described(401, 403, 404, 422))
def act_on_webhook(
    webhook_id: str, act: Literal["pause", "resume", "test"], database: TheDatabase, who: Admin
) -> FullWebhook:
    """Pause it, resume it where it stopped, or send a test message: `test_result` says soon what came of it."""
    acts = {"pause": webhooks.pause, "resume": webhooks.resume, "test": webhooks.ask_test}
    with database.writing() as connection:
        acts[act](connection, webhook_id)
        shown = shown_or_404(connection, webhook_id)
        audit.note(connection, who, f"{act}-webhook", f"webhook:{webhook_id}")
    return shown


def shown_or_404(connection: Connection, webhook_id: str) -> FullWebhook:
    """One of them as it goes out."""
    found = webhooks.load(connection, webhook_id)
    if found is None:
        raise HTTPException(404, f"There is no webhook {webhook_id[:40]}.")
    return full_webhook(found, following.newest(connection))


def full_webhook(one: Webhook, newest: int) -> FullWebhook:
    """A subscriber as it goes out; newest: the end of the sequence."""
    state = WebhookState(one.state)
    return FullWebhook(
        id=one.id,
        url=one.url,
        name=one.name,
        kinds=tuple(ChangeKind(kind) for kind in one.kinds),
        with_articles=one.with_articles,
        at_once=one.at_once,
        state=state,
        reason=one.reason,
        seq=one.seq,
        behind=max(0, newest - one.seq),
        failures=one.failures,
        failing_since=one.failing_since,
        next_try=one.next_try_at if one.failures and state is WebhookState.ACTIVE else None,
        tried=one.tried_at,
        delivered=one.delivered_at,
        messages=one.delivered,
        last_status=one.last_status,
        last_error=one.last_error,
        tested=one.tested_at,
        test_result=one.test_result,
        created=one.created_at,
    )
