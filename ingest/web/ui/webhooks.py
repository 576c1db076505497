"""The page of webhooks: who is told of changes, how far each is, and what an administrator may want of them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from ingest.publish.signing import new_secret
from ingest.store.consumers import following, webhooks
from ingest.store.consumers.webhooks import Webhook
from ingest.store.engine import Database
from ingest.store.operators import audit
from ingest.web.auth import Admin
from ingest.web.database import Reading, TheDatabase
from ingest.web.ui.render import page

router = APIRouter()


@router.get("/webhooks")
def list_webhooks(request: Request, connection: Reading, _who: Admin) -> Response:
    """Every webhook with its health."""
    return _shown(request, webhooks.every(connection), following.newest(connection))


@router.post("/webhooks")
def add_webhook(
    request: Request, database: TheDatabase, who: Admin, url: Annotated[str, Form(max_length=2000)]
) -> Response:
    """Tell a program of changes; the secret is on the page that answers, and on no other."""
    secret = new_secret()
    with database.writing() as connection:
        made = webhooks.add(connection, url.strip(), secret, who=who.name)
        audit.note(connection, who.name, "add-webhook", f"webhook:{made.id}", url=made.url)
    return _with_secret(request, database, made.url, secret)


@router.post("/webhooks/{webhook_id}/{act}")
def act_on_webhook(
    request: Request,
    database: TheDatabase,
    who: Admin,
    webhook_id: str,
    act: Literal["pause", "resume", "test", "rotate", "remove"],
) -> Response:
    """Pause it, resume it where it stopped, have a test message sent, give it a new secret, or forget it."""
    secret = new_secret()
    with database.writing() as connection:
        found = webhooks.load(connection, webhook_id)
        if found is None:
            raise HTTPException(404, f"There is no webhook {webhook_id[:40]}.")
        if act == "rotate":
            webhooks.rotate(connection, webhook_id, secret)
        else:
            acts = {"pause": webhooks.pause, "resume": webhooks.resume, "test": webhooks.ask_test}
            (acts | {"remove": webhooks.remove})[act](connection, webhook_id)
        audit.note(connection, who.name, f"{act}-webhook", f"webhook:{webhook_id}", url=found.url)
    return _with_secret(request, database, found.url, secret) if act == "rotate" else RedirectResponse("/webhooks", 303)


def _with_secret(request: Request, database: Database, url: str, secret: str) -> Response:
    with database.reading() as connection:
        return _shown(request, webhooks.every(connection), following.newest(connection), (url, secret))


def _shown(
    request: Request, found: tuple[Webhook, ...], newest: int, secret: tuple[str, str] | None = None
) -> Response:
    return page(request, "webhooks.html", {"webhooks": found, "newest": newest, "secret": secret})
