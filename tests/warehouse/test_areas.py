"""Places are paths: each code begins with the code of its parent."""

from __future__ import annotations

import pytest

from warehouse.areas import CITY, path_of


@pytest.mark.parametrize(("code", "path"), [
    (None, (CITY,)), ("421002", (CITY, "421002")),
    ("421002001001001", (CITY, "421002", "421002001", "421002001001", "421002001001001")),
], ids=["not-known", "county", "grid"])
def test_the_areas_of_a_place(code: str | None, path: tuple[str, ...]) -> None:
    assert path_of(code) == path
