"""The truth about addresses: it agrees with the files, and says which of them lead to one dwelling."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sources.catalogue import load_catalogue
from sources.synthetic import DefectRates, generate
from sources.synthetic.address_defects import chinese
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
    short = rows.filter(pl.col("text") == local)
    assert short.height > 10
    assert (short["decides"] == ~short["dwelling_code"].is_in(twins.implode())).all()


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city whose addresses are hit as often as possible."""
    out = tmp_path_factory.mktemp("messy")
    shares = {("student_enrolment", "address_wording"): 0.9, ("student_enrolment", "address_short"): 0.0}
    shares |= {("legal_aid", "address_short"): 0.9, ("fund_accounts", "address_short"): 0.9, ("fund_accounts", "address_wording"): 0.0}
    shares |= {("pension_insurance", "address_junk"): 0.5, ("house_registry", "address_shared"): 0.2}
    generate(12_000, 8, out, deltas=0, defects=DefectRates(overrides=shares))
    return out


@pytest.mark.parametrize(
    "pattern",
    [
        "幢",
        "[0-9]号楼[0-9]门",
        "[0-9]#",
        "[0-9]-[0-9]-[0-9]",
        "[一二]单元",
        "[一二]栋",
        "座",
        "[０-９]栋",
        "院[0-9]栋",
        "(园|小区|家园|居|苑|湾)[0-9]栋",
        "[(].*(对面|旁|后面|隔壁|内)[)]",
        "街道办事处",
        "居委会",
        "电话199",
        "🏠",
        "第[一二三四五六七八九十]+组",
        "小组",
        "村委会",
        "[0-9]户$",
    ],
)
def test_wordings_occur(messy: Path, pattern: str) -> None:
    rows = told(messy, "student_enrolment", "address").filter(pl.col("defect") == "address_wording")
    assert rows["text"].str.contains(pattern).any()


def test_a_wording_without_the_unit_decides_only_where_the_room_is_alone(messy: Path) -> None:
    rows = told(messy, "student_enrolment", "address").filter(pl.col("text").str.contains("栋[0-9]{3}室$") & pl.col("in_registry"))
    houses = read(messy, "house_registry").select("dwelling_code", "standard_address")
    without = pl.col("standard_address").str.replace("[0-9]单元", "")
    alone = houses.filter(pl.len().over(without) == 1)["dwelling_code"]
    assert rows.height > 10
    assert (rows["decides"] == rows["dwelling_code"].is_in(alone.implode())).all()


@pytest.mark.parametrize(
    ("pattern", "dwelling"),
    [
        ("^(同|见身份证)", True),
        ("^199[0-9]{8}$", True),
        ("^[0-9]+(-[0-9]+)*$", True),
        ("^(不详|无固定)", True),
        ("^🏠+$", True),
        ("^.{1500,}$", True),
        ("^(广东|浙江|江苏)省", False),
    ],
)
def test_junk_decides_nothing(messy: Path, pattern: str, dwelling: bool) -> None:
    rows = told(messy, "pension_insurance", "address").filter((pl.col("defect") == "address_junk") & pl.col("text").str.contains(pattern))
    assert rows.height > 0
    assert not rows["decides"].any()
    assert rows["dwelling_code"].is_not_null().any() == dwelling


def test_two_dwellings_with_one_address_decide_nothing_by_text(messy: Path) -> None:
    houses = read(messy, "house_registry")
    shared = houses.filter(pl.len().over("standard_address") > 1)["dwelling_code"]
    truth = pl.read_parquet(messy / "truth" / "addresses.parquet").filter(pl.col("dwelling_code").is_in(shared.implode()))
    assert truth.height > 100
    assert not truth.filter(~pl.col("by_code"))["decides"].any()
    assert truth.filter("by_code").height > 0


def test_a_house_without_its_flat_decides_nothing(messy: Path) -> None:
    rows = told(messy, "legal_aid", "address").vstack(told(messy, "fund_accounts", "address"))
    bare = rows.filter(pl.col("text").str.contains("(路|街|巷)[0-9]+号$"))
    assert bare.height > 10
    assert not bare["decides"].any()


@pytest.mark.parametrize(
    ("number", "word"), [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (42, "四十二"), (99, "九十九"), (100, "100")]
)
def test_numbers_in_chinese(number: int, word: str) -> None:
    assert pl.select(chinese(pl.lit(number))).item() == word
