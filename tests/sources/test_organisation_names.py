"""Names of organisations in the deliveries of the synthetic city: legal names in the truth, spellings in the records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from stdnum.cn import uscc

from sources.catalogue import load_catalogue
from sources.synthetic import DefectRates, generate
from sources.synthetic.geography import build as build_ground
from sources.synthetic.organisation_names import COLUMNS, number_of, owners


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("city")
    generate(1_500, 8, out, deltas=1, defects=DefectRates(scale=1.0))
    return out


def test_every_register_that_names_one_is_in_the_truth(city: Path) -> None:
    truth = pl.read_parquet(city / "truth" / "organisations.parquet")
    assert set(zip(truth["category"], truth["column"], strict=True)) == set(COLUMNS.items())
    assert truth.select(pl.struct("category", "natural_key").n_unique()).item() == truth.height
    counties = (load_catalogue().city_name, *(unit.zh for unit in load_catalogue().county_units))
    assert all(name.startswith(counties) for name in truth["true_organisation"])


def test_records_write_one_organisation_in_several_ways(city: Path) -> None:
    """The legal name stands in most records, and not in all."""
    truth = pl.read_parquet(city / "truth" / "organisations.parquet").filter(pl.col("category") == "pension_insurance")
    files = sorted((city / "human_resources" / "pension_insurance").glob("*/*.parquet"))
    header = load_catalogue().contracts["pension_insurance"].column("employer_name").header
    delivered = {name for file in files for name in pl.read_parquet(file)[header].drop_nulls()}
    legal = set(truth["true_organisation"])
    assert len(delivered & legal) > len(legal) / 2
    assert any(name not in legal and name.endswith("公司") for name in delivered)


def test_owners_have_one_valid_code_each_but_for_a_few() -> None:
    ground = build_ground(np.random.default_rng(1), load_catalogue(), 20_000)
    names, codes = owners(ground.dwellings, 1)
    assert owners(ground.dwellings, 1)[1].to_list() == codes.to_list()
    valid = [uscc.is_valid(code) for code in codes]
    assert 0.95 < sum(valid) / len(valid) < 1
    of_name: dict[str, set[str]] = {}
    for name, code, good in zip(names, codes, valid, strict=True):
        if good:
            of_name.setdefault(name, set()).add(code)
    assert all(len(known) == 1 for known in of_name.values())


def test_a_number_follows_from_the_name() -> None:
    numbers = pl.DataFrame({"name": ["甲", "乙", "甲"]}).select(number_of(pl.col("name")))["name"].to_list()
    assert numbers[0] == numbers[2] != numbers[1]
    assert len(numbers[0]) == 6
