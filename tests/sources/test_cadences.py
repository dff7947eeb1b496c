"""The next delivery of a category by the cadence of its contract."""

from __future__ import annotations

from datetime import date

import pytest

from sources.cadences import DELTA, FULL, next_delivery
from sources.catalogue import load_catalogue


@pytest.mark.parametrize(("category", "after", "expected"), [
    ("household_registration", "2025-06-01", "2025-06-02"), ("house_registry", "2025-06-02", "2025-06-09"),
    ("house_registry", "2025-06-30", "2025-07-01"), ("social_assistance", "2025-06-08", "2025-07-08"),
    ("pension_insurance", "2025-12-10", "2026-01-01"), ("student_enrolment", "2025-06-25", "2025-09-20"),
], ids=["daily", "weekly", "full-first", "no-delta", "year-end", "holidays"])
def test_next_delivery(category: str, after: str, expected: str) -> None:
    assert next_delivery(category, date.fromisoformat(after)) == date.fromisoformat(expected)


def test_every_category_has_its_days() -> None:
    contracts = load_catalogue().contracts
    assert set(FULL) == set(contracts)
    assert set(DELTA) == {name for name, contract in contracts.items() if contract.cadence.delta is not None}
