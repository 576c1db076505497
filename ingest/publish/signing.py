"""Signatures of webhooks, as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, time and body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
Whoever knows the secret can tell that a message is ours, unchanged, and not an old one sent again.
"""

from __future__ import annotations

import binascii
import hmac
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256

from ingest.errors import BadInput

MARK = "whsec_"
"""How every secret begins: secret scanners and people recognise it."""

VERSION = "v1"

TOLERANCE_S = 300
"""Seconds that a message may be old, or ahead: what the specification's own libraries allow."""


def new_secret() -> str:
    """A secret of 256 random bits."""
    return MARK + b64encode(secrets.token_bytes(32)).decode()


def signed_headers(keys: Sequence[str], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; keys: secrets that hold now, each signs. at: seconds since 1970."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(_signature(key, message_id, str(at), body) for key in keys),
    }


def check(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> str:
    """The message's id, if it was signed with this secret within the last minutes; BadInput says what is wrong.

    headers: as they came, names in any case. body: the bytes as they came, before anything parses them.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not given.get(name)]
    if missing:
        raise BadInput("webhook", "the headers webhook-id, webhook-timestamp and webhook-signature", f"no {missing[0]}")
    at = given["webhook-timestamp"]
    if not at.isascii() or not at.isdecimal():
        raise BadInput("webhook-timestamp", "seconds since 1970", repr(at[:40]))
    age = (time.time() if now is None else now) - int(at)
    if abs(age) > TOLERANCE_S:
        raise BadInput("webhook-timestamp", f"a time at most {TOLERANCE_S} s away", f"one {age:.0f} s ago")
    expected = _signature(secret, given["webhook-id"], at, body).encode()
    for one in given["webhook-signature"].split():
        if hmac.compare_digest(one.encode(), expected):
            return given["webhook-id"]
    raise BadInput("webhook-signature", "a signature made with this secret", "none that fits")


def _signature(secret: str, message_id: str, at: str, body: bytes) -> str:
    signed = f"{message_id}.{at}.".encode() + body
    return f"{VERSION},{b64encode(hmac.digest(_key(secret), signed, sha256)).decode()}"


def _key(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(MARK), validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("secret", f"{MARK} and base 64", "something else") from None
