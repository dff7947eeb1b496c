"""Who hears how a run goes on.

Belongs here: one event per finished stage (counts and seconds, never values), handed to whoever listens (the command line does).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class StageEvent:
    """What one stage did; `rows` is its main count, `notes` are further counts by name."""

    stage: str
    subject: str
    rows: int = 0
    seconds: float = 0.0
    notes: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


Listener = Callable[[StageEvent], None]
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within the block the listener hears every stage of runs in this process."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def stage(name: str, subject: str = "") -> Iterator[StageEvent]:
    """Time a stage and tell the listeners when it ended well; the body fills in the counts."""
    event = StageEvent(name, subject)
    start = time.perf_counter()
    yield event
    event.seconds = time.perf_counter() - start
    for listener in _listeners:
        listener(event)
