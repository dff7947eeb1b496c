"""Visits in an invented city: a delivery of the grid worker's form, made from the truth about its people.

Belongs here: who is visited, what they say, how it is typed. Does not: whom the product finds for a line; nothing here is an input of it.

Everybody tells the truth, so every difference from a profile is a gap of the registers or of the look-up; `truth/visits.parquet` says who
each line is. Person ids belong to an installation and are left empty.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from sources.catalogue import load_catalogue
from sources.synthetic import writers
from sources.synthetic.damage import WIDE

NUMBER_OFFERED, AGREES, WIDE_SHARE, SPACED, OTHER_DATE = 0.4, 0.9, 0.03, 0.03, 0.02
WISHES = {"one_touch_wanted": (60, 0.1), "daily_help_wanted": (75, 0.15), "family_doctor_wanted": (0, 0.05),
          "disability_aid_wanted": (0, 0.01)}  # fmt: skip
"""From which age, and how many of those ask."""
DAYS = 7
WORDS = {"1": "男", "2": "女"}


def deliver(city: Path, share: float, seed: int, day: date) -> int:
    """Write one delivery of the form for a share of the people who live in grids; returns the number of lines.

    `city` is the folder of `generate`; `day` is the day of delivery, the visits lie in the week before it. The same arguments give the
    same bytes. A city without grids, or nobody visited, delivers nothing.
    """
    if not 0 <= share <= 1:
        raise ValueError("the share of visited people must be between 0 and 1")
    rng = np.random.default_rng([seed, 18])
    people = pl.read_parquet(city / "truth" / "persons.parquet").sort("true_person")
    home = people.filter(pl.col("alive") & pl.col("grid").is_not_null() & pl.col("dwelling_key").is_not_null())
    visited = home.filter(pl.Series(rng.random(home.height) < share))
    if not visited.height:
        return 0
    lines = _typed(_said(visited, rng, day), rng)
    form = load_catalogue().forms["grid_visits"].sent_as("jsonl")
    folder = city / form.department / form.category / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / str(form.delivery.file)
    writers.jsonl(path, form, lines.select(column.name for column in form.data_columns), [], rng)
    manifest = {"department": form.department, "category": form.category, "delivery_date": day.isoformat(), "kind": "full",
                "rows": lines.height, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "encoding": form.delivery.encoding,
                "format": form.delivery.format, "schema_version": "1.0"}
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    lines.select("visit_no", "true_person", "in_registers").write_parquet(city / "truth" / "visits.parquet")
    return lines.height


def _said(visited: pl.DataFrame, rng: np.random.Generator, day: date) -> pl.DataFrame:
    """One line per visited person: true values of the form's columns, NULL where nothing is said."""
    rows = visited.height
    age = pl.lit(day.year) - pl.col("birth_date").dt.year()
    number = pl.int_range(1, pl.len() + 1).over("grid").cast(pl.String).str.zfill(5)
    days = pl.Series([day - timedelta(days=int(back)) for back in rng.integers(0, DAYS, rows)])

    def yes(chance: float, condition: pl.Expr) -> pl.Expr:
        return pl.when(condition & pl.Series(rng.random(rows) < chance)).then(pl.lit("是"))

    stated = {column.name: pl.lit(None, dtype=pl.String) for column in load_catalogue().forms["grid_visits"].data_columns} | {
        "visit_no": pl.col("grid") + pl.lit(f"-{day:%Y%m%d}-") + number,
        "visit_date": pl.lit(days).dt.strftime("%Y-%m-%d"),
        "grid_worker": pl.lit("wg-") + pl.col("grid").str.tail(9),
        "grid_code": pl.col("grid"),
        "dwelling_code": pl.col("dwelling_key"),
        "name": pl.col("name"),
        "sex": pl.col("sex").replace_strict(WORDS, default=None),
        "birth_date": pl.col("birth_date").dt.strftime("%Y-%m-%d"),
        "id_number": pl.when(pl.Series(rng.random(rows) < NUMBER_OFFERED)).then(pl.col("id_number")),
        "lives_here": pl.lit("是"),
        "lives_here_since": pl.col("residence_start").dt.strftime("%Y-%m-%d"),
        "living_alone": pl.when(age >= 60).then(pl.when(pl.col("living_alone")).then(pl.lit("是")).otherwise(pl.lit("否"))),
        "consent_registration": yes(AGREES, pl.lit(True)),
        "consent_services": yes(AGREES, pl.lit(True)),
    } | {name: yes(chance, age >= since) for name, (since, chance) in WISHES.items()}
    return visited.select("true_person", "in_registers", **stated)


def _typed(lines: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """As typed: full-width digits, spaces inside names, another style of date."""
    def hit(share: float) -> pl.Series:
        return pl.Series(rng.random(lines.height) < share)

    wide = pl.col("dwelling_code").str.replace_many(list(WIDE), list(WIDE.values()))
    spaced = pl.col("name").str.head(1) + pl.lit("\u3000") + pl.col("name").str.slice(1)
    other = pl.col("visit_date").str.to_date("%Y-%m-%d").dt.strftime("%Y/%-m/%-d")
    return lines.with_columns(
        dwelling_code=pl.when(hit(WIDE_SHARE)).then(wide).otherwise(pl.col("dwelling_code")),
        name=pl.when(hit(SPACED)).then(spaced).otherwise(pl.col("name")),
        visit_date=pl.when(hit(OTHER_DATE)).then(other).otherwise(pl.col("visit_date")),
    )
