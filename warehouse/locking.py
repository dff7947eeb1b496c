"""One process at a time: lock files whose holder the others wait for.

Belongs here: how such a lock is held. Does not: the lock of the one writer of the store, which refuses instead of waiting (store.py).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODE = 0o600


@contextmanager
def waiting_lock(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold `path`, waiting as long as another process holds it; the system frees it when the holder ends, however it ends.

    Holders with `shared` wait only for one that is not. The file is made with mode 600 and stays; it is never a symbolic link.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
