"""Tokens with which programs ask: 256 random bits, of which only the hash is kept."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ingest.errors import BadInput
from ingest.store.ids import new_id
from ingest.store.schema import tokens

MARK = "nf_"
"""How every token begins: secret scanners and people recognise it."""

SHOWN = len(MARK) + 6
"""Characters of a token that lists show, so that one that leaked can be found and revoked."""

TOUCH = timedelta(minutes=5)
"""How old `last_used` may be: a request should not cost a write."""


class Scope(StrEnum):
    """What a token may do; admin includes the other two."""

    READ = "read"
    INGEST = "ingest"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; not the token."""

    id: str
    name: str
    prefix: str
    scopes: frozenset[Scope]
    created_by: str
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    revoked: datetime | None

    def may(self, scope: Scope) -> bool:
        """Whether it may do that."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def make(
    connection: Connection, name: str, scopes: Collection[Scope], *, who: str, days: int | None = None
) -> tuple[Token, str]:
    """A new token and its secret, which is shown this one time; `days` until it expires, None: never."""
    if not name.strip() or len(name) > 200:
        raise BadInput("name", "1 to 200 characters that say what the token is for", repr(name[:80]))
    if not scopes:
        raise BadInput("scopes", "at least one of read, ingest, admin", "none")
    if days is not None and not 1 <= days <= 3650:
        raise BadInput("days", "1 to 3,650", str(days))
    secret = MARK + secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    row = {
        "id": new_id(),
        "name": name.strip(),
        "prefix": secret[:SHOWN],
        "sha256": _hash(secret),
        "scopes": sorted(scopes),
        "created_by": who,
        "created_at": now,
        "expires_at": now + timedelta(days=days) if days is not None else None,
    }
    connection.execute(insert(tokens).values(row))
    made = connection.execute(select(tokens).where(tokens.c.id == row["id"])).one()
    return _token(made), secret


def whose_token(connection: Connection, secret: str) -> tuple[Token, bool] | None:
    """The token of that secret, and whether it is time to `touch` it; None: unknown, revoked or expired."""
    row = connection.execute(select(tokens).where(tokens.c.sha256 == _hash(secret))).first()
    now = datetime.now(UTC)
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at < now):
        return None
    return _token(row), row.last_used_at is None or row.last_used_at < now - TOUCH


def touch(connection: Connection, token_id: str) -> None:
    """Note that the token is in use."""
    connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=datetime.now(UTC)))


def revoke(connection: Connection, token_id: str) -> None:
    """Let the token in no more."""
    query = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
    if connection.execute(query.values(revoked_at=datetime.now(UTC))).rowcount == 0:
        raise BadInput("token", "the id of a token that is not revoked", repr(token_id[:40]))


def all_tokens(connection: Connection) -> tuple[Token, ...]:
    """Every token there ever was, the newest first."""
    return tuple(_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.id.desc())))


def _token(r: Any) -> Token:
    return Token(
        r.id,
        r.name,
        r.prefix,
        frozenset(Scope(scope) for scope in r.scopes),
        r.created_by,
        r.created_at,
        r.expires_at,
        r.last_used_at,
        r.revoked_at,
    )


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
