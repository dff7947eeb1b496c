"""How departments write the names of employers, schools and owners that are organisations, and which organisation each cell truly names.

Belongs here: the columns, the spellings put into the delivered rows, owners of dwellings, truth/organisations.parquet. Does not: the
invented organisations of the benchmark (firms.py), whose spellings these are. Its randomness is its own, so that no person changes.
"""

from __future__ import annotations

import hashlib
import zlib
from functools import cache

import numpy as np
import polars as pl

from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract
from sources.synthetic.firms import credit_code, former_name, written
from sources.synthetic.tables import words

COLUMNS = {
    "residence_permits": "employer_name",
    "fund_accounts": "employer_name",
    "pension_insurance": "employer_name",
    "medical_insurance": "employer_name",
    "employment_registration": "employer_name",
    "student_enrolment": "school_name",
    "house_registry": "owner_name",
}
PUBLIC_OWNER, WRONG_CODE, FIRMS_PER_COUNTY = 0.6, 0.02, 30
"""Shares of owners that are public, and of their codes with a wrong character; firms of a county that own dwellings."""
SPAWN = 17


def _generator(seed: int, of: str) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, SPAWN, int.from_bytes(hashlib.sha256(of.encode()).digest()[:4], "big")]))


@cache
def _counties() -> tuple[str, ...]:
    catalogue = load_catalogue()
    return tuple(sorted([catalogue.city_name, *(unit.zh for unit in catalogue.county_units)], key=len, reverse=True))


def _split(name: str) -> tuple[str, str] | None:
    """County and the rest of a legal name; None for what is no organisation (the village of an insured resident)."""
    return next(((county, name[len(county):]) for county in _counties() if name.startswith(county) and len(name) > len(county)), None)


def owners(dwellings: pl.DataFrame, seed: int) -> tuple[pl.Series, pl.Series]:
    """(name, credit code) for every dwelling, used where its owner is an organisation; one code per name, valid but for WRONG_CODE."""
    rng = _generator(seed, "owners")
    first, kind = words("employer_first"), words("employer_kind")
    county = dwellings["county_zh"].to_list()
    public, pick, wrong = (rng.random(len(county)) < PUBLIC_OWNER, rng.integers(0, FIRMS_PER_COUNTY, len(county)),
                           rng.random(len(county)) < WRONG_CODE)
    names = [f"{zh}公共房屋管理中心" if shared else f"{zh}{first[number % len(first)]}{kind[number % len(kind)]}"
             for zh, shared, number in zip(county, public, pick.tolist(), strict=True)]
    code_of = {name: credit_code("421099", _generator(seed, name)) for name in sorted(set(names))}
    codes = [code_of[name] for name in names]
    codes = [code[:-1] + ("0" if code[-1] != "0" else "1") if bad else code for code, bad in zip(codes, wrong.tolist(), strict=True)]
    return pl.Series(names), pl.Series(codes)


def number_of(name: pl.Expr) -> pl.Expr:
    """Six digits that follow from a legal name: the department's own number of an employer."""
    return name.map_elements(lambda text: f"{zlib.crc32(text.encode()) % 1_000_000:06d}", return_dtype=pl.String)


def spelled(contract: Contract, frame: pl.DataFrame, seed: int, scale: float) -> pl.DataFrame:
    """The frame with the column of the category as its clerks write it; `_o_<column>` holds the legal name, NULL for no organisation."""
    column = COLUMNS.get(contract.category)
    if column is None or column not in frame.columns:
        return frame
    rng = _generator(seed, contract.category)
    mine = frame["owner_id_type"] == "8" if column == "owner_name" else pl.Series([True] * frame.height)
    legal = [name if own and name is not None and _split(name) else None
             for name, own in zip(frame[column].to_list(), mine.to_list(), strict=True)]
    respelled = []
    for name, given, messy in zip(legal, frame[column].to_list(), (rng.random(frame.height) < scale).tolist(), strict=True):
        parts = _split(name) if name is not None and messy else None
        respelled.append(written(*parts, former_name(parts[1]), rng) if parts else given)
    return frame.with_columns(pl.Series(f"_o_{column}", legal, dtype=pl.String), pl.Series(column, respelled, dtype=pl.String))


def truth(contract: Contract, frame: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """category, natural_key, column, true_organisation: one row per record that still exists and names an organisation."""
    column = COLUMNS.get(contract.category)
    schema = dict.fromkeys(("category", "natural_key", "column", "true_organisation"), pl.String)
    if column is None or f"_o_{column}" not in frame.columns:
        return pl.DataFrame(schema=schema)
    there = frame.join(seen.filter(pl.col("_removed").is_null()), on="_row", how="semi").filter(pl.col(f"_o_{column}").is_not_null())
    return there.select(category=pl.lit(contract.category), natural_key=pl.col("_key"), column=pl.lit(column),
                        true_organisation=pl.col(f"_o_{column}"))
