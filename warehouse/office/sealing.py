"""Sealing: what people write is encrypted, what only has to be recognised becomes a keyed digest.

Belongs here: keys derived from the key of the installation by use, AES-GCM for texts, HMAC-SHA256 for digests.
Does not: the key itself (warehouse/keys.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sources.errors import OneGridError
from warehouse.keys import read_key

NONCE_BYTES = 12
"""Of AES-GCM (NIST SP 800-38D)."""


class SealBroken(OneGridError):
    """A sealed text is not what was written, or was written with another key."""


def derived_key(home: Path, use: str) -> bytes:
    """32 bytes for one use, derived from the key of the installation; different uses say nothing about each other."""
    return hmac.new(read_key(home).encode(), f"onegrid {use} 1".encode(), hashlib.sha256).digest()


def keyed_digest(home: Path, use: str, text: str) -> str:
    """64 hexadecimal digits that stand for a text: equal texts are recognised, none can be read or tried out without the key."""
    return hmac.new(derived_key(home, use), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def keyed_digest_sql(expression: str, key: bytes) -> str:
    """The same digest (HMAC-SHA256, RFC 2104) of a text expression in DuckDB's SQL; `key` has at most 64 bytes."""
    block = key.ljust(64, b"\0")
    inner, outer = (_blob(bytes(byte ^ mask for byte in block)) for mask in (0x36, 0x5C))
    return f"sha256({outer} || unhex(sha256({inner} || encode({expression}))))"


def _blob(data: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in data) + "'::BLOB"


def seal(home: Path, use: str, text: str) -> str:
    """The text encrypted, as ASCII; the same text gives another one each time."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(derived_key(home, f"seal {use}")).encrypt(nonce, text.encode(), use.encode())
    return base64.b64encode(nonce + sealed).decode("ascii")


def unseal(home: Path, use: str, sealed: str) -> str:
    """The text behind `seal`. Raises SealBroken."""
    try:
        data = base64.b64decode(sealed, validate=True)
        return AESGCM(derived_key(home, f"seal {use}")).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], use.encode()).decode()
    except (InvalidTag, ValueError):
        raise SealBroken(what="a sealed text cannot be read", where=f"office, {use}",
                         remedy="state the key of this installation; if it is right, put the database back from a backup") from None
