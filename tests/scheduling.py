"""Which tests run in one worker of pytest-xdist: those of a file, because fixtures of a module are made once; and those of the one city.

Belongs here: the scheduler. (Groups by the mark xdist_group do not reach xdist 3.8 with pytest 9: it writes an id that is no longer read.)
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
OF_THE_CITY = "from tests.desk.conftest import City"
"""What the files say whose tests share the city that tests/desk/conftest.py makes once per worker."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """One unit of work per file, in the order of collection; all files of the city are one."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self.of_the_city = {file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").rglob("test_*.py")
                            if OF_THE_CITY in file.read_text(encoding="utf-8")}

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "the city" if file in self.of_the_city else file
