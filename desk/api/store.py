"""One open connection to the current snapshot for all requests, replaced when another snapshot becomes current.

Belongs here: opening, sharing and letting go. Does not: snapshots themselves (warehouse/snapshots.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.snapshots import choose, open_snapshot


@dataclass(slots=True)
class _Open:
    """A snapshot that is open, and how many requests read it."""

    number: int
    con: duckdb.DuckDBPyConnection
    stack: ExitStack
    readers: int = 0


class Store:
    """Connections to the current snapshot of one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = threading.Lock()
        self._current: _Open | None = None

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own to the snapshot that is current now. Raises NoSnapshot, KeyProblem."""
        opened = self._enter()
        cursor = opened.con.cursor()
        try:
            cursor.execute("USE snapshot")
            yield cursor
        finally:
            cursor.close()
            self._leave(opened)

    def close(self) -> None:
        """Let go of the snapshot; requests that still read it end first."""
        with self._lock:
            former, self._current = self._current, None
            self._close_unread(former)

    def _enter(self) -> _Open:
        number = choose(self.home).number
        with self._lock:
            if self._current is None or self._current.number != number:
                stack = ExitStack()
                former, self._current = self._current, _Open(number, stack.enter_context(open_snapshot(self.home)), stack)
                self._close_unread(former)
            self._current.readers += 1
            return self._current

    def _leave(self, opened: _Open) -> None:
        with self._lock:
            opened.readers -= 1
            if opened is not self._current:
                self._close_unread(opened)

    @staticmethod
    def _close_unread(opened: _Open | None) -> None:
        if opened is not None and opened.readers == 0:
            opened.stack.close()
