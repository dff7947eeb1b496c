"""How long product files are kept: what has expired on the reference date is deleted.

Belongs here: deleting by the retention that the feed states. Does not: withdrawn records (withdrawals.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from warehouse.feeds import products
from warehouse.feeds.declared import DeclaredFeed


def delete_expired(home: Path, declared: DeclaredFeed, as_of: date) -> int:
    """Delete the products of a module whose time is over on `as_of`; returns how many. The caller holds the lock of the products."""
    kept = products.list_products(home, declared.module)
    followers = [manifest.day for manifest in kept[1:]]
    deleted = 0
    for manifest, followed_on in zip(kept, [*followers, None], strict=False):
        expires = declared.retention.expires(manifest.day, followed_on)
        if expires is not None and expires <= as_of:
            products.delete(home, declared.module, manifest.day)
            deleted += 1
    return deleted
