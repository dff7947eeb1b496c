"""The truth about addresses: it agrees with the files, and says which of them lead to one dwelling."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sources.catalogue import load_catalogue
from sources.synthetic import DefectRates, generate
from sources.synthetic.addresses import SPOTS
from tests.sources.test_synthetic import read

RESIDENTS = 1_500
COLUMNS = [(category, column) for category, spots in SPOTS.items() for column in spots]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean")
    generate(RESIDENTS, 5, out, deltas=0, defects=DefectRates(scale=0))
    return out


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("city")
    generate(RESIDENTS, 6, out, deltas=0)
    return out


def told(out: Path, category: str, column: str) -> pl.DataFrame:
    """Delivered cells of one column beside the truth and the standard address of the dwelling meant."""
    key = load_catalogue().contracts[category].natural_key
    cells = read(out, category).with_columns(natural_key=pl.concat_str(key, separator="|"))
    houses = read(out, "house_registry").select("dwelling_code", "standard_address")
    truth = pl.read_parquet(out / "truth" / "addresses.parquet").filter((pl.col("category") == category) & (pl.col("column") == column))
    return cells.select("natural_key", text=column).join(truth, on="natural_key").join(houses, on="dwelling_code", how="left")


def numbers(column: str) -> pl.Expr:
    return pl.col(column).str.extract_all(r"\d+").list.join("-")


@pytest.mark.parametrize(("category", "column"), COLUMNS, ids=str)
def test_without_defects_every_address_means_its_dwelling(clean: Path, category: str, column: str) -> None:
    rows = told(clean, category, column).filter(pl.col("standard_address").is_not_null())
    assert (rows.select(numbers("text"))["text"] == rows.select(numbers("standard_address"))["standard_address"]).all()
    assert set(rows["defect"]) <= {"none"}
    assert rows["in_registry"].all()


def test_without_defects_nearly_every_address_decides(clean: Path) -> None:
    truth = pl.read_parquet(clean / "truth" / "addresses.parquet").filter("in_registry")
    assert truth["decides"].mean() == pytest.approx(1.0, abs=0.01)


def test_one_row_per_record_and_column(city: Path) -> None:
    truth = pl.read_parquet(city / "truth" / "addresses.parquet")
    assert truth.height == truth.unique(["category", "natural_key", "column"]).height
    assert set(truth["category"]) == set(SPOTS)


def test_places_outside_the_city_mean_no_dwelling(city: Path) -> None:
    rows = told(city, "residence_permits", "hukou_address").filter(pl.col("dwelling_code").is_null())
    assert rows.height > 0
    assert not rows["decides"].any()
    assert not rows["text"].str.contains("荆州").any()


def test_a_group_without_a_door_decides_only_by_code(city: Path) -> None:
    truth = pl.read_parquet(city / "truth" / "addresses.parquet").filter(pl.col("defect") == "address_rural")
    assert truth.height > 100
    assert (truth["decides"] == truth["by_code"]).all()
    assert set(truth.filter("by_code")["category"]) == {"household_registration"}


def test_what_decides_is_alone_in_its_area(city: Path) -> None:
    """No other dwelling of the same township has the local part of a short address that decides."""
    houses = read(city, "house_registry").select("township_code", "dwelling_code", "standard_address")
    local = pl.col("standard_address").str.replace(r"^.*?(社区|村)", "")
    twins = houses.filter(pl.len().over("township_code", local) > 1)["dwelling_code"]
    rows = told(city, "birth_family_support", "address").filter((pl.col("defect") == "address_short") & pl.col("in_registry"))
    short = rows.filter(~pl.col("text").str.contains("社区|村"))
    assert (short["decides"] == ~short["dwelling_code"].is_in(twins.implode())).all()
