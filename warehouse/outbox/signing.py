"""The signature of a webhook, for both ends.

Belongs here: making and checking it; a receiver may copy `verify`. Does not: sending (pushing.py).

    X-OneGrid-Timestamp: seconds since 1970       X-OneGrid-Signature: sha256=HEX
    HEX = HMAC-SHA256(secret, timestamp + "." + body)
"""

from __future__ import annotations

import hashlib
import hmac

TIMESTAMP, SIGNATURE, KEY = "X-OneGrid-Timestamp", "X-OneGrid-Signature", "Idempotency-Key"
TOLERANCE_SECONDS = 300
"""A request older than this is a replay."""


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """The value of the header."""
    return "sha256=" + hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def verify(secret: bytes, timestamp: str, body: bytes, stated: str, now: int) -> bool:
    """Whether the request is ours and fresh."""
    if not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    return hmac.compare_digest(signature(secret, int(timestamp), body), stated)
