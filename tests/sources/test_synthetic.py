"""The generated city: right files, nobody's numbers, families, defects at their rates, truth that agrees with the files."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sources.cadences import DELTA
from sources.catalogue import load_catalogue
from sources.synthetic import CitySummary, DefectRates, generate
from sources.synthetic.calendar import delivery_dates
from sources.synthetic.geography import CITY

RESIDENTS = 2_000
CATEGORIES = tuple(load_catalogue().contracts)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def check_character(number: str) -> str:
    """GB 11643, written plainly on purpose."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False)) % 11]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CitySummary]:
    out = tmp_path_factory.mktemp("city")
    return out, generate(RESIDENTS, 5, out)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean")
    generate(RESIDENTS, 5, out, deltas=1, defects=DefectRates(scale=0))
    return out


def manifests(out: Path) -> list[tuple[Path, dict[str, Any]]]:
    return [(path, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(out.glob("*/*/*/manifest.json"))]


def read(out: Path, category: str, day: str | None = None) -> pl.DataFrame:
    """One delivery as text columns under their contract names; the first one unless a day is given."""
    contract = load_catalogue().contracts[category]
    folder = out / contract.department / category
    chosen = day or min(entry.name for entry in folder.iterdir())
    delivery, headers = contract.delivery, {column.header: column.name for column in contract.data_columns}
    if delivery.format == "postgres":
        path = out / "postgres" / str(delivery.table) / f"{chosen.replace('-', '')}.csv"
        names = {str(column.db_column): column.name for column in contract.columns}
        return pl.read_csv(path, infer_schema=False).rename(names)
    path = folder / chosen / str(delivery.file)
    if delivery.format.startswith("csv"):
        text = path.read_bytes().decode("gb18030" if delivery.format == "csv_gb18030" else "utf-8-sig")
        frame = pl.read_csv(text.encode(), infer_schema=False, truncate_ragged_lines=True)
    elif delivery.format == "parquet":
        frame = pl.read_parquet(path)
    elif delivery.format == "jsonl":
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        frame = pl.DataFrame([{key: line.get(key) for key in headers} for line in lines], infer_schema_length=None)
    elif delivery.format == "fixed_width_gbk":
        raw = [line for line in path.read_bytes().split(b"\r\n") if len(line) == delivery.record_bytes]
        return pl.DataFrame(
            {
                column.name: [line[(column.start or 1) - 1 :][: column.width or 0].decode("gbk", "replace").strip() for line in raw]
                for column in contract.data_columns
            }
        )
    else:
        sheets = pl.read_excel(path, sheet_id=0, has_header=False, engine="calamine", infer_schema_length=0)
        skip = delivery.header.rows
        parts = [sheet.slice(skip) for name, sheet in sheets.items() if name != "填表说明"]
        head = next(iter(sheets.values())).row(skip - 1)
        frame = pl.concat([part.rename(dict(zip(part.columns, head, strict=True))) for part in parts])
    return frame.rename({name: headers[name.strip().replace("（", "(").replace("）", ")")] for name in frame.columns})


def test_manifests_state_hash_and_rows(city: tuple[Path, CitySummary]) -> None:
    out, summary = city
    found = manifests(out)
    assert len(found) == summary.deliveries == 51
    for path, manifest in found:
        contract = load_catalogue().contracts[manifest["category"]]
        assert manifest["format"] == contract.delivery.format
        if contract.delivery.file:
            data = (path.parent / contract.delivery.file).read_bytes()
            assert hashlib.sha256(data).hexdigest() == manifest["sha256"]
        else:
            assert manifest["sha256"] is None
            assert manifest["batch"] == path.parent.name.replace("-", "")


@pytest.mark.parametrize("category", CATEGORIES)
def test_columns_and_rows_of_a_category(city: tuple[Path, CitySummary], category: str) -> None:
    out, summary = city
    contract = load_catalogue().contracts[category]
    frame = read(out, category)
    assert {column.name for column in contract.data_columns} <= set(frame.columns)
    first = next(manifest for _, manifest in manifests(out) if manifest["category"] == category)
    extra = 1 if category in {"social_assistance"} else 0
    torn = (
        pl.read_parquet(out / "truth" / "quarantine.parquet")
        .filter((pl.col("category") == category) & (pl.col("reason") == "torn_line"))
        .height
    )
    assert first["rows"] - torn <= frame.height - extra <= first["rows"] + 1
    target = contract.rows_city_scale * summary.residents / CITY
    assert 0.7 * target - 4 <= first["rows"] <= 1.15 * target + 6


@pytest.mark.parametrize("category", CATEGORIES)
def test_numbers_belong_to_nobody(clean: Path, category: str) -> None:
    """Without defects every ID number is one of 421099 with its check character, every mobile telephone begins with 199."""
    contract = load_catalogue().contracts[category]
    frame = read(clean, category).with_columns(pl.all().cast(pl.String).str.strip_chars().replace("", None))
    for column in contract.data_columns:
        if column.type == "id_number":
            numbers = frame[column.name].drop_nulls().to_list()
            people = [number for number in numbers if not number.startswith("91421099")]
            assert all(number.startswith("421099") and len(number) == 18 for number in people), column.name
            assert all(number[17] == check_character(number) for number in people), column.name
        if column.type == "phone":
            assert all(phone.startswith("199") and len(phone) == 11 for phone in frame[column.name].drop_nulls().to_list()), column.name


def test_damaged_city_keeps_the_division(city: tuple[Path, CitySummary]) -> None:
    frame = read(city[0], "household_registration")
    numbers = frame["id_number"].drop_nulls()
    whole = numbers.filter(numbers.str.contains(r"^\d{17}[\dX]$|^\d{15}$"))
    assert whole.str.starts_with("421099").all()
    assert whole.len() > 0.95 * frame.height


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(600, 9, tmp_path / name, deltas=1)
    first = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    second = sorted(path.relative_to(tmp_path / "two") for path in (tmp_path / "two").rglob("*") if path.is_file())
    assert first == second
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in first)


def test_families_are_consistent(city: tuple[Path, CitySummary]) -> None:
    people = pl.read_parquet(city[0] / "truth" / "persons.parquet")
    other = people.select("true_person", "spouse", "birth_date", "sex", "marital_status")
    couples = people.filter(pl.col("spouse").is_not_null()).join(other, left_on="spouse", right_on="true_person", suffix="_of_spouse")
    assert (couples["spouse_of_spouse"] == couples["true_person"]).all()
    assert (couples["sex"] != couples["sex_of_spouse"]).all()
    for parent in ("father", "mother"):
        pairs = people.filter(pl.col(parent).is_not_null()).join(other, left_on=parent, right_on="true_person", suffix="_of_parent")
        gap = (pairs["birth_date"] - pairs["birth_date_of_parent"]).dt.total_days() / 365.25
        assert gap.min() > 16  # type: ignore[operator]
        assert set(pairs["sex_of_parent"]) == {"1" if parent == "father" else "2"}
    assert people["birth_date"].min() >= date(1920, 1, 1)  # type: ignore[operator]
    alone = people.filter(pl.col("living_alone"))
    assert alone.height > 0
    assert alone["dwelling_key"].is_unique().all()


def test_hard_cases_occur(city: tuple[Path, CitySummary]) -> None:
    people = pl.read_parquet(city[0] / "truth" / "persons.parquet")
    assert people["twin"].sum() > 0
    assert people["minority_name"].sum() > 0
    assert people["same_name_birth_other"].sum() > 0
    assert people["same_name_village"].sum() > 0
    assert set(people["population"]) == {"resident", "away", "external", "moved_out", "outside"}
    assert {"10", "20", "30", "40"} == set(people["marital_status"])


def test_a_few_surnames_cover_most_people(city: tuple[Path, CitySummary]) -> None:
    people = pl.read_parquet(city[0] / "truth" / "persons.parquet").filter(~pl.col("minority_name"))
    counts = people["name"].str.slice(0, 1).value_counts(sort=True)
    shares = counts["count"] / people.height
    assert 0.25 < float(shares.head(5).sum()) < 0.45
    assert float(shares.head(60).sum()) > 0.75


def test_truth_follows_the_files(clean: Path) -> None:
    """Without defects every mention carries the true name, and every key of the file is known."""
    mentions = pl.read_parquet(clean / "truth" / "mentions.parquet")
    assert mentions["name_as_registered"].all()
    frame = read(clean, "household_registration")
    told = mentions.filter((pl.col("category") == "household_registration") & (pl.col("role") == "holder"))
    assert set(frame["record_no"]) <= set(told["natural_key"])
    assert pl.read_parquet(clean / "truth" / "quarantine.parquet").height == 0


@pytest.mark.parametrize(
    ("category", "defect", "column", "pattern", "share"),
    [
        ("employment_registration", "id_text_guard", "id_number", r"^['\t=]", 0.5),
        ("fund_loans", "id_text_guard", "borrower_id", r"^['\t=]", 0.4),
        ("pension_insurance", "id_15_digit", "id_number", r"^\d{15}$", 0.3),
        ("health_records", "phone_placeholder", "phone", r"^(13000000000|11111111111|0|无)$", 0.5),
        ("medical_insurance", "id_missing", "id_number", r"^(无|不详|未提供|暂无)$", 0.5),
        ("social_assistance", "id_precision_lost", "applicant_id", r"E\+17$", 0.6),
    ],
    ids=["guarded_certificates", "guarded_loans", "old_pensioners", "office_telephones", "missing_insured", "rounded_cells"],
)
def test_rates_can_be_set(tmp_path: Path, category: str, defect: str, column: str, pattern: str, share: float) -> None:
    generate(1_500, 3, tmp_path, deltas=0, defects=DefectRates(scale=0, overrides={(category, defect): share}))
    frame = read(tmp_path, category)
    hit = int(frame[column].cast(pl.String).str.contains(pattern).fill_null(False).sum()) / frame.height
    stated = share * {"id_missing": 0.4, "id_precision_lost": 0.5}.get(defect, 1.0)  # the other cells are empty, or numbers
    assert abs(hit - stated) < max(0.12, 0.3 * stated)


@pytest.mark.parametrize("reason", ["torn_line", "natural_key_missing", "unknown_operation"])
def test_unreadable_rows_are_listed(tmp_path: Path, reason: str) -> None:
    rates = DefectRates(scale=0, overrides={("household_registration", reason): 0.2})
    generate(600, 3, tmp_path, deltas=1, defects=rates)
    listed = pl.read_parquet(tmp_path / "truth" / "quarantine.parquet").filter(pl.col("reason") == reason)
    assert listed.filter(pl.col("category") == "household_registration").height > 0
    rows = pl.read_parquet(tmp_path / "truth" / "rows.parquet")
    assert int(rows["must_quarantine"].sum()) == pl.read_parquet(tmp_path / "truth" / "quarantine.parquet").height


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("deltas", [0, 1, 2, 3])
def test_delivery_dates_are_different_days(category: str, deltas: int) -> None:
    dates = delivery_dates(category, date(2025, 6, 1), deltas)
    assert dates == sorted(set(dates))
    assert len(dates) <= deltas + 1
    assert dates[-1] <= date(2025, 6, 1)
    assert category in DELTA or len(dates) == deltas + 1


def test_later_deliveries_carry_operations(city: tuple[Path, CitySummary]) -> None:
    for category, words in {"household_registration": {"I", "U", "D"}, "medical_insurance": {"1", "2", "9"}}.items():
        folder = city[0] / load_catalogue().contracts[category].department / category
        last = max(entry.name for entry in folder.iterdir())
        marker = str(load_catalogue().contracts[category].delta.marker)
        assert set(read(city[0], category, last)[marker].drop_nulls()) & words


def test_too_small_a_city_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 500"):
        generate(10, 1, tmp_path)


def test_a_registered_stay_is_the_true_one(clean: Path) -> None:
    """The latest registration that has not ended holds the start of the true stay; months are full calendar months."""
    people = pl.read_parquet(clean / "truth" / "persons.parquet")
    moving = people.filter(pl.col("resident_type").is_in(["2", "3", "4"]))
    assert moving["residence_start"].null_count() == 0
    assert people.filter(~pl.col("resident_type").is_in(["2", "3", "4"]))["residence_start"].is_null().all()
    start, months = pl.col("residence_start"), pl.col("residence_months")
    begun = start.dt.offset_by(pl.format("{}mo", months)) <= date(2025, 6, 1)
    assert moving.select((begun & (start.dt.offset_by(pl.format("{}mo", months + 1)) > date(2025, 6, 1))).all()).item()
    frame = read(clean, "residence_permits").filter(pl.col("permit_status") == "有效")
    told = frame.join(people, on="id_number").filter(~pl.col("double_issued_number"))
    assert told.height > 20
    assert (told["residence_start"] == told["residence_start_right"].cast(pl.String)).all()


def test_ages_and_elders_living_alone(city: tuple[Path, CitySummary]) -> None:
    """Bounds around the public figures that docs/synthetic_city.md states."""
    people = pl.read_parquet(city[0] / "truth" / "persons.parquet")
    living = people.filter(pl.col("alive") & pl.col("population").is_in(["resident", "external"]))
    old = living.filter(pl.col("birth_date") <= date(1945, 6, 1))
    assert 0.02 < old.height / living.height < 0.05
    assert 0.1 < float(old["living_alone"].sum()) / old.height < 0.4
