"""Who may log in, and who is logged in.

Passwords are kept as argon2id with the library's defaults (RFC 9106, low memory); the slow part happens outside any
transaction. A session is a random secret in a cookie, of which only the hash is kept. Wrong passwords lock a name for a
time that doubles, so guessing through the form stays hopeless while its owner is kept out for minutes at most.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, func, insert, select, update

from ingest.errors import BadInput
from ingest.store.schema import sessions, users

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
LEAST_PASSWORD = 10
"""Characters of a password, at least (NIST SP 800-63B asks for 8)."""

FREE_TRIES = 5
LOCK_S = 30
MOST_LOCK_S = 900
"""After so many wrong passwords in a row a name is locked for LOCK_S, doubled with each further one."""

IDLE = timedelta(hours=12)
LIFETIME = timedelta(days=14)
"""A session ends after so long without a request, and after so long altogether."""

TOUCH = timedelta(minutes=5)
"""How old `seen_at` may be: a page view should not cost a write."""


class Role(StrEnum):
    """What a person may do; each may what those before it may."""

    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, other: Role) -> bool:
        """Whether who has this role may do what the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may log in."""

    name: str
    role: Role
    password_hash: str
    failures: int
    locked_until: datetime | None
    created: datetime
    disabled: datetime | None


def add(connection: Connection, name: str, role: Role, password: str | None = None) -> str:
    """Add a person; returns the password, a random one where none is given."""
    if not NAME.fullmatch(name):
        raise BadInput("name", "1 to 64 letters, digits, `.`, `_`, `@` or `-`", repr(name[:80]))
    if find(connection, name) is not None:
        raise BadInput("name", "one that nobody has", repr(name))
    chosen = checked(password) if password is not None else secrets.token_urlsafe(15)
    values = {"name": name, "role": role, "password_hash": hash_password(chosen), "created_at": datetime.now(UTC)}
    connection.execute(insert(users).values(values))
    return chosen


def add_first(connection: Connection) -> tuple[str, str] | None:
    """The name and password of a new administrator where there is nobody yet; None where there is."""
    if connection.scalar(select(func.count()).select_from(users)):
        return None
    return "admin", add(connection, "admin", Role.ADMIN)


def find(connection: Connection, name: str) -> Person | None:
    """The person of that name; None: there is none."""
    row = connection.execute(select(users).where(users.c.name == name)).first()
    if row is None:
        return None
    return Person(
        row.name, Role(row.role), row.password_hash, row.failures, row.locked_until, row.created_at, row.disabled_at
    )


def everybody(connection: Connection) -> tuple[Person, ...]:
    """All who may log in, or once could, by name."""
    names = connection.execute(select(users.c.name).order_by(users.c.name)).scalars()
    return tuple(person for name in names if (person := find(connection, name)) is not None)


def set_password(connection: Connection, name: str, password: str | None = None) -> str:
    """Give a person another password, a random one where none is given; all their sessions end."""
    chosen = checked(password) if password is not None else secrets.token_urlsafe(15)
    values = {"password_hash": hash_password(chosen), "failures": 0, "locked_until": None}
    if connection.execute(update(users).where(users.c.name == name).values(values)).rowcount == 0:
        raise BadInput("name", "a person who is known", repr(name))
    close_all(connection, name)
    return chosen


def set_role(connection: Connection, name: str, role: Role) -> None:
    """Give a person another role, from their next request on."""
    if connection.execute(update(users).where(users.c.name == name).values(role=role)).rowcount == 0:
        raise BadInput("name", "a person who is known", repr(name))


def disable(connection: Connection, name: str, *, disabled: bool = True) -> None:
    """Let a person in no more (or again); all their sessions end."""
    at = datetime.now(UTC) if disabled else None
    if connection.execute(update(users).where(users.c.name == name).values(disabled_at=at)).rowcount == 0:
        raise BadInput("name", "a person who is known", repr(name))
    close_all(connection, name)


def checked(password: str) -> str:
    """The password, where it is long enough."""
    if not LEAST_PASSWORD <= len(password) <= 1024:
        raise BadInput("password", f"{LEAST_PASSWORD} to 1,024 characters", f"{len(password)}")
    return password


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return PasswordHasher().hash(password)


def verify(person: Person | None, password: str) -> bool:
    """Whether it is the person's password; takes as long for somebody unknown, so that names can't be found out."""
    try:
        PasswordHasher().verify(person.password_hash if person else _nobody(), password[:1024])
    except (VerificationError, InvalidHashError):
        return False
    return person is not None


def locked_for_s(person: Person | None, now: datetime) -> int:
    """Seconds for which no password is taken for this name."""
    if person is None or person.locked_until is None:
        return 0
    return max(0, int((person.locked_until - now).total_seconds() + 0.999))


def note_failure(connection: Connection, name: str) -> None:
    """Count a wrong password, and lock the name when there were too many."""
    query = update(users).where(users.c.name == name).values(failures=users.c.failures + 1)
    failures = connection.scalar(query.returning(users.c.failures))
    if failures is not None and failures >= FREE_TRIES:
        pause = min(MOST_LOCK_S, LOCK_S * 2 ** min(failures - FREE_TRIES, 10))
        until = datetime.now(UTC) + timedelta(seconds=pause)
        connection.execute(update(users).where(users.c.name == name).values(locked_until=until))


def open_session(connection: Connection, name: str) -> str:
    """Log a person in; returns the secret for their cookie. Sessions that are over are cleared away."""
    now = datetime.now(UTC)
    secret = secrets.token_urlsafe(32)
    connection.execute(delete(sessions).where(sessions.c.expires_at < now))
    connection.execute(update(users).where(users.c.name == name).values(failures=0, locked_until=None))
    values = {"sha256": _hash(secret), "user": name, "created_at": now, "seen_at": now, "expires_at": now + LIFETIME}
    connection.execute(insert(sessions).values(values))
    return secret


def whose_session(connection: Connection, secret: str) -> tuple[Person, bool] | None:
    """Who the cookie's secret belongs to, and whether it is time to `touch` the session; None: nobody, or over."""
    row = connection.execute(select(sessions).where(sessions.c.sha256 == _hash(secret))).first()
    now = datetime.now(UTC)
    if row is None or row.expires_at < now or row.seen_at < now - IDLE:
        return None
    person = find(connection, row.user)
    if person is None or person.disabled is not None:
        return None
    return person, row.seen_at < now - TOUCH


def touch(connection: Connection, secret: str) -> None:
    """Note that the session is in use."""
    query = update(sessions).where(sessions.c.sha256 == _hash(secret))
    connection.execute(query.values(seen_at=datetime.now(UTC)))


def close_session(connection: Connection, secret: str) -> None:
    """Log out."""
    connection.execute(delete(sessions).where(sessions.c.sha256 == _hash(secret)))


def close_all(connection: Connection, name: str) -> None:
    """Log a person out everywhere."""
    connection.execute(delete(sessions).where(sessions.c.user == name))


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


@cache
def _nobody() -> str:
    return hash_password(secrets.token_urlsafe(15))
