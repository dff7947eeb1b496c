"""What is true about an invented city, beside the deliveries.

Belongs here: persons, mentions, quarantine, rows. Does not: rules of the product; nothing here is an input of it.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from sources.catalogue.models import Contract
from sources.synthetic import addresses
from sources.synthetic.housing import City
from sources.synthetic.people import AWAY, EXTERNAL, POPULATIONS

STATES = {
    "id_15_digit": "valid_15",
    "id_lower_x": "valid_form",
    "id_text_guard": "valid_form",
    "id_full_width": "valid_form",
    "id_placeholder": "invalid",
    "id_typing": "invalid",
    "id_precision_lost": "invalid",
    "id_guardian_used": "guardian",
    "id_two_people": "other",
    "id_missing": "missing",
    "id_newborn": "missing",
    "null_word": "missing",
}


def person_key(column: str) -> pl.Expr:
    return pl.lit("P") + pl.col(column).cast(pl.String).str.zfill(8)


def _full_months(start: pl.Expr, day: date) -> pl.Expr:
    """Full calendar months up to a day; the last day of a shorter month completes the month."""
    last = (day + timedelta(days=1)).month != day.month
    months = (day.year - start.dt.year().cast(pl.Int64)) * 12 + day.month - start.dt.month().cast(pl.Int64)
    return months - ((start.dt.day() > day.day) & pl.lit(not last)).cast(pl.Int64)


def mentions(contract: Contract, frame: pl.DataFrame, seen: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """One row per record and role that names a person; `seen`: first readable delivery and removal of each record."""
    parts = []
    for role in contract.person_roles:
        pid = f"_p_{role.role}"
        rows = frame.join(seen, on="_row", how="inner")
        named = pl.col(role.name).is_not_null()
        if role.id_number:
            named = named | pl.col(role.id_number).is_not_null()
        rows = rows.filter(pl.col(pid).is_not_null() & named)
        state = pl.lit("no_column")
        if role.id_number:
            note = f"_d_{role.id_number}"
            usual = pl.when(pl.col(role.id_number).is_null()).then(pl.lit("missing")).otherwise(pl.lit("valid"))
            state = pl.col(note).replace_strict(STATES, default=None) if note in rows.columns else pl.lit(None, dtype=pl.String)
            state = pl.coalesce(state, usual)
        true_name = names.gather(rows[pid])
        parts.append(
            rows.select(
                category=pl.lit(contract.category),
                natural_key=pl.col("_key"),
                role=pl.lit(role.role),
                true_person=person_key(pid),
                first_delivery_date=pl.col("_seen"),
                id_state=state,
                name_as_registered=(pl.col(role.name) == pl.lit(true_name)).fill_null(False),
                removed_date=pl.col("_removed"),
            )
        )
    return pl.concat(parts)


def persons(city: City, told: pl.DataFrame, contracts: list[Contract]) -> pl.DataFrame:
    """Every true person as of the reference date."""
    subjects = pl.concat(
        [
            pl.DataFrame({"category": contract.category, "role": role.role})
            for contract in contracts
            for role in contract.person_roles
            if role.subject
        ]
    )
    present = told.filter(pl.col("removed_date").is_null()).join(subjects, on=["category", "role"], how="semi")["true_person"].unique()
    dwelling = city.people["dwelling"]
    fields = ("dwelling_code", "county", "township", "community_code", "grid_code")
    places = (
        city.dwellings.select(fields)
        .select(pl.all().gather(dwelling.fill_null(0)))
        .select(pl.when(dwelling.is_not_null()).then(pl.col(name)).alias("_" + name) for name in fields)
    )
    people = pl.concat([city.people.with_columns(true_person=person_key("pid")), places], how="horizontal")
    kind = pl.col("population").cast(pl.Int64).replace_strict(dict(enumerate(POPULATIONS)))
    core = ["421002", "421003", "421071"]
    hukou, here = pl.col("hukou_county"), pl.col("_county")
    local = pl.col("population") != EXTERNAL
    resident_type = (
        pl.when(here.is_null())
        .then(pl.when((pl.col("population") == AWAY) & pl.col("alive")).then(pl.lit("5")))
        .when(~local)
        .then(pl.lit("4"))
        .when(hukou == here)
        .then(pl.lit("1"))
        .when(hukou.is_in(core) & here.is_in(core))
        .then(pl.lit("2"))
        .otherwise(pl.lit("3"))
    )
    stay = pl.when(pl.col("resident_type").is_in(["2", "3", "4"])).then(pl.col("stay_since"))
    twins_by_chance = pl.len().over("name", "birth") > 1
    return people.with_columns(resident_type=resident_type).select(
        "true_person",
        "name",
        "former_name",
        id_number=pl.col("id"),
        old_id_number=pl.col("old_id"),
        sex=pl.col("sex").cast(pl.String),
        birth_date=pl.col("birth"),
        alive=pl.col("alive"),
        death_date=pl.col("death"),
        population=kind,
        in_registers=pl.col("true_person").is_in(present.implode()),
        dwelling_key=pl.col("_dwelling_code"),
        household_key=pl.when(pl.col("household") >= 0).then(pl.lit("H") + pl.col("household").cast(pl.String).str.zfill(7)),
        county=here,
        township=pl.col("_township"),
        community=pl.col("_community_code"),
        grid=pl.col("_grid_code"),
        occupants=pl.col("occupants"),
        living_alone=(pl.col("occupants") == 1).fill_null(False),
        marital_status=pl.col("marital").cast(pl.String),
        migrant=pl.col("resident_type").is_in(["3", "4"]).fill_null(False),
        resident_type=pl.col("resident_type"),
        hukou_county=hukou,
        residence_start=stay,
        residence_months=_full_months(stay, city.as_of),
        ethnic_group=pl.col("ethnic"),
        father=person_key("father"),
        mother=person_key("mother"),
        spouse=person_key("spouse"),
        twin=pl.col("twin"),
        minority_name=pl.col("minority"),
        minor=pl.col("age") < 18,
        same_name_birth_other=twins_by_chance,
        same_name_village=(pl.len().over("name", "_community_code") > 1) & pl.col("_community_code").is_not_null(),
        double_issued_number=pl.col("double_issued"),
    )


def write(
    folder: Path,
    city: City,
    told: list[pl.DataFrame],
    refused: list[pl.DataFrame],
    cells: list[pl.DataFrame],
    registered: pl.Series,
    counts: list[dict[str, object]],
    contracts: list[Contract],
) -> None:
    """truth/*.parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    everything = pl.concat(told)
    everything.write_parquet(folder / "mentions.parquet")
    persons(city, everything, contracts).write_parquet(folder / "persons.parquet")
    told_places = pl.concat(part for part in cells if part.height)
    addresses.judged(told_places, city.dwellings, registered).write_parquet(folder / "addresses.parquet")
    quarantine = pl.concat(refused).sort("category", "delivery_date", "row")
    quarantine.write_parquet(folder / "quarantine.parquet")
    lists = quarantine.group_by("category", "delivery_date").agg(
        quarantine=pl.struct("row", "reason", "must"), must_quarantine=pl.len().cast(pl.Int64)
    )
    rows = (
        pl.DataFrame(counts)
        .join(lists, on=["category", "delivery_date"], how="left")
        .with_columns(pl.col("must_quarantine").fill_null(0), may_quarantine=pl.lit(0, dtype=pl.Int64))
    )
    rows.write_parquet(folder / "rows.parquet")
