"""A process whose children do a piece of work and kill themselves at an I/O event of it.

Belongs here: forking (everything is imported once), counting events, dying. Does not: the work (a function that the caller names).

    with Mortals("tests.warehouse.test_outbox_kills:work") as mortals:
        events = mortals.count(home)        # one Event per call into the system or the database, before and after it
        mortals.kill(home, 17)              # another child, which dies at the 17th

An event is a call that opens, writes, syncs, renames, locks or closes a file, or executes or ends a transaction in a database.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, Self

from sources.catalogue import load_catalogue

ROOT = Path(__file__).parents[2]
ROOMS = str(ROOT / "warehouse")
SYSTEM = frozenset({"posix", "fcntl", "io", "_io", "_csv", "sqlite3"})
"""Modules of functions and of classes whose calls reach the system or a database."""
NAMES = frozenset({"open", "write", "writelines", "writerows", "flush", "close", "fsync", "mkdir", "rename", "replace", "unlink", "rmdir",
                   "chmod", "flock", "connect", "execute", "executemany", "commit", "rollback"})
LATE = ("pandas", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql.psycopg")
"""What libraries import at the first call; every child would do it again."""
BUFFERED = "write"
"""Of a file it only fills a buffer, thousands of times; it counts as a call into the system."""


class Event(NamedTuple):
    """A call: the line of the warehouse behind it, its name, before (`call`) or after (`return`)."""

    line: str
    name: str
    phase: str


class Mortals:
    """The process that is forked, and what is asked of it."""

    def __init__(self, work: str) -> None:
        self._work = work

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, "-m", "tests.warehouse.mortal", self._work], cwd=ROOT, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def count(self, home: Path) -> list[Event]:
        """A child does all of its work; the events of it, in order."""
        code, events = self._ask(home, 0)
        assert code == 0
        return [Event(*event) for event in events]

    def kill(self, home: Path, moment: int) -> bool:
        """A child dies at the event of that number (from 1); False when it had ended its work before."""
        code, _ = self._ask(home, moment)
        assert code in (0, -signal.SIGKILL)
        return bool(code)

    def _ask(self, home: Path, moment: int) -> tuple[int, list[list[str]]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([str(home), moment]), file=self._process.stdin, flush=True)
        code, events = json.loads(self._process.stdout.readline())
        return int(code), events


def serve(work: Callable[[Path], None]) -> None:
    """Fork a child for every line that comes in."""
    for line in sys.stdin:
        home, moment = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            _live(work, Path(home), moment, writing)
        os.close(writing)
        with os.fdopen(reading) as file:
            told = file.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), json.loads(told or "[]")]), flush=True)


def _live(work: Callable[[Path], None], home: Path, moment: int, writing: int) -> None:
    """What a child does; it does not return."""
    seen: list[Event] = []
    code = 1
    try:
        sys.setprofile(_counting(seen, moment))
        work(home)
        sys.setprofile(None)
        if not moment:
            with os.fdopen(writing, "w") as file:
                json.dump(seen, file)
        code = 0
    finally:
        os._exit(code)


def _counting(seen: list[Event], moment: int) -> Callable[[FrameType, str, Any], None]:
    def step(frame: FrameType, event: str, called: Any) -> None:
        if event.startswith("c_"):
            name = called.__name__
            counts = name in NAMES and _reaches(name, called)
        else:
            name = frame.f_code.co_name
            counts = name in NAMES and "psycopg" in frame.f_code.co_filename
        if counts:
            seen.append(Event(_line_behind(frame), name, event.removeprefix("c_")))
            if len(seen) == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    return step


def _reaches(name: str, called: Any) -> bool:
    module = called.__module__
    return module in SYSTEM or (module is None and name != BUFFERED and type(called.__self__).__module__ in SYSTEM)


def _line_behind(frame: FrameType | None) -> str:
    while frame is not None and not frame.f_code.co_filename.startswith(ROOMS):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" if frame else ""


if __name__ == "__main__":
    for late in LATE:
        importlib.import_module(late)
    load_catalogue()
    module, function = sys.argv[1].split(":")
    serve(getattr(importlib.import_module(module), function))
