"""One small synthetic city with one finished run, for every test of the desk; the tests never write into it (tests/scheduling.py keeps them
in one worker)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desk.exchange import embedded_exchange
from desk.run import RunReport, run
from sources.synthetic import DefectRates, generate
from sources.synthetic.exchange import load
from warehouse.keys import key_file

RESIDENTS, SEED = 600, 7
BROKEN = DefectRates(overrides={
    ("household_registration", "torn_line"): 0.01, ("fund_accounts", "torn_line"): 0.05, ("residence_permits", "torn_line"): 0.05,
    ("pension_insurance", "natural_key_missing"): 0.02, ("student_enrolment", "natural_key_missing"): 0.03,
})
"""More unreadable records than a real city has, so that a small one has some."""


@dataclass(frozen=True, slots=True)
class City:
    """Deliveries with their truth, and the home that loaded them once, undisturbed."""

    deliveries: Path
    home: Path
    report: RunReport

    def copy(self, folder: Path, *, home: bool = True) -> City:
        """The same city elsewhere, to be changed; without `home` nothing is loaded yet; the key is the same (ids are keyed)."""
        deliveries = folder / "deliveries"
        shutil.copytree(self.deliveries, deliveries)
        if home:
            shutil.copytree(self.home, folder / "home")
        else:
            (folder / "home").mkdir()
            shutil.copy2(key_file(self.home), key_file(folder / "home"))
        return City(deliveries, folder / "home", self.report)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    base = tmp_path_factory.mktemp("city")
    # Not below pytest's folder: the server may run as another user, and pytest closes its folder to others at every start.
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="onegrid-", ignore_cleanup_errors=True) as exchange:
        patch.delenv("ONEGRID_KEY", raising=False)
        patch.delenv("DAGSTER_HOME", raising=False)
        generate(RESIDENTS, SEED, base / "deliveries", deltas=1, defects=BROKEN)
        with embedded_exchange(Path(exchange) / "exchange") as dsn:
            load(base / "deliveries", dsn)
            report = run(base / "home", base / "deliveries")
            yield City(base / "deliveries", base / "home", report)
