"""What every delivered address means: the dwelling, and whether the record says enough to find it.

Belongs here: which place an address column of a category speaks of, what stands beside it, what a wording left out, and
the truth made of these. Does not: the wordings themselves (address_defects.py), any rule of the product.
A frame carries for each address column X: `_m_X` the dwelling meant, `_l_X` the parts that its wording lost (bits),
`_n_X` the place of the columns beside it; with `_s_` and `_b_` before them for an older value and the value before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from sources.catalogue.models import Contract

COUNTY, TOWNSHIP, COMMUNITY, ROAD, STEM, DOOR, BLOCK, UNIT, ROOM, GROUP = (1 << bit for bit in range(10))
LOCAL = ROAD | STEM | DOOR | BLOCK | UNIT | ROOM | GROUP
COLUMNS = {
    COUNTY: "_seen",
    TOWNSHIP: "township_zh",
    COMMUNITY: "community",
    ROAD: "road_name",
    STEM: "_stem",
    DOOR: "_door",
    BLOCK: "block",
    UNIT: "unit",
    ROOM: "room_no",
    GROUP: "_group",
}
"""Part of an address to the column of a dwelling that it fixes."""
LOCAL_COLUMNS = ("unit", "room_no", "room", "local", "address", "standard_address")
"""Columns of a dwelling that differ between neighbours of one building."""
SAME_ADDRESS = 0.001
"""Share of flats that carry the standard address of a neighbour; times the scale of the rates."""
AREAS = (COUNTY, TOWNSHIP, COMMUNITY)
USELESS = ("code_unknown", "null_word")
"""Defects after which a column beside an address says nothing."""


@dataclass(frozen=True)
class Spot:
    """One address column: the columns of the draft that hold its dwelling, and the columns beside it by level."""

    place: str
    earlier: str | None = None
    area_only_when_stale: bool = False
    beside: dict[int, str] = field(default_factory=dict)
    beside_before: str | None = None
    dwelling: str | None = None


_AREAS = {COUNTY: "county", TOWNSHIP: "township", COMMUNITY: "community"}
SPOTS: dict[str, dict[str, Spot]] = {
    "household_registration": {
        "address": Spot("hukou", beside={COUNTY: "county_code", TOWNSHIP: "township_code"}, dwelling="dwelling_code"),
    },
    "residence_permits": {
        "current_address": Spot(
            "dwelling", area_only_when_stale=True, beside={TOWNSHIP: "township", COMMUNITY: "grid_code"}, dwelling="dwelling_code"
        ),
        "hukou_address": Spot("hukou"),
    },
    "fund_accounts": {"address": Spot("seat")},
    "fund_loans": {"property_address": Spot("seat")},
    "pension_insurance": {"address": Spot("seat", "former_seat")},
    "medical_insurance": {"address": Spot("seat", "former_seat", beside={COMMUNITY: "community"}, beside_before="former_seat")},
    "employment_registration": {"address": Spot("seat", beside={COUNTY: "residence_county", COMMUNITY: "community_code"})},
    "marriage_registration": {"man_hukou": Spot("hukou"), "woman_hukou": Spot("hukou")},
    "social_assistance": {"address": Spot("seat", beside=_AREAS)},
    "elderly_disability_benefits": {"address": Spot("seat", beside=_AREAS)},
    "health_records": {
        "address": Spot("seat", "former_seat", beside={COMMUNITY: "community"}),
        "hukou_address": Spot("hukou"),
    },
    "care_followups": {"address": Spot("seat", beside={TOWNSHIP: "township"})},
    "legal_aid": {"address": Spot("seat")},
    "resettlement_support": {"address": Spot("seat", beside={TOWNSHIP: "township"})},
    "birth_family_support": {"address": Spot("seat", beside={COUNTY: "county", TOWNSHIP: "township"})},
    "student_enrolment": {"address": Spot("seat", "former_seat")},
}
CODED = {"grid_code", "community_code"}
"""Columns that tell the community by its code, and with it township and county unit."""


def doubled(dwellings: pl.DataFrame, seed: int, share: float) -> pl.DataFrame:
    """Dwellings of which a few carry the standard address of their neighbour in the building, as registers do (two codes, one address)."""
    rng = np.random.default_rng([seed, 4])
    same = pl.col("building_code") == pl.col("building_code").shift(1)
    hit = ~pl.col("village") & same & pl.lit(pl.Series(rng.random(dwellings.height) < share))
    # never two in a row, so that no address is shifted along the building
    alone = hit & ~hit.shift(1).fill_null(False)
    return dwellings.with_columns(
        pl.when(alone.fill_null(False)).then(pl.col(name).shift(1)).otherwise(pl.col(name)).alias(name) for name in LOCAL_COLUMNS
    )


def meant(category: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of this module for the draft of a category."""
    new: list[pl.Expr] = []
    for name, spot in SPOTS.get(category, {}).items():
        place = pl.col(spot.place).cast(pl.Int64)
        earlier = pl.col(spot.earlier or spot.place).cast(pl.Int64)
        new += [place.alias(f"_m_{name}"), pl.lit(0).alias(f"_l_{name}"), place.alias(f"_n_{name}")]
        if f"_s_{name}" in frame.columns:
            lost = LOCAL if spot.area_only_when_stale else 0
            new += [earlier.alias(f"_s__m_{name}"), pl.lit(lost).alias(f"_s__l_{name}")]
        if f"_b_{name}" in frame.columns:
            new += [earlier.alias(f"_b__m_{name}"), pl.lit(0).alias(f"_b__l_{name}")]
            new += [pl.col(spot.beside_before or spot.place).cast(pl.Int64).alias(f"_b__n_{name}")]
    return frame.with_columns(new)


def followers(column: str) -> tuple[str, str]:
    """What changes with the text of an address column."""
    return f"_m_{column}", f"_l_{column}"


def delivered(contract: Contract, rows: pl.DataFrame) -> pl.DataFrame:
    """The filled address cells of readable rows of one delivery, with what stands beside them."""
    parts = []
    for name, spot in SPOTS.get(contract.category, {}).items():
        if name not in rows.columns:
            continue
        noted = f"_d_{name}"
        note = pl.col(noted) if noted in rows.columns else pl.lit(None, dtype=pl.String)
        # the value before a change is never a stale one
        swapped = (pl.col("_state") == "F") & (pl.col("_upd") > 0) & pl.lit(f"_b_{name}" in rows.columns)
        note = pl.when(swapped & (note == "stale")).then(None).otherwise(note)
        told = [_told(rows, column).alias(f"_told_{level}") for level, column in spot.beside.items()]
        coded = [level for level, column in spot.beside.items() if column in CODED]
        beside = pl.sum_horizontal(
            pl.lit(0), *(pl.col(f"_told_{level}").cast(pl.Int64) * (sum(AREAS) if level in coded else level) for level in spot.beside)
        )
        overlap = [pl.col(f"_told_{level}") for level in coded if len(spot.beside) > 1]
        if overlap:
            beside = pl.when(pl.any_horizontal(overlap)).then(sum(AREAS)).otherwise(beside)
        code = _told(rows, spot.dwelling) if spot.dwelling else pl.lit(False)
        parts.append(
            rows.filter(pl.col(name).is_not_null() & (note.fill_null("") != "null_word"))
            .with_columns(told)
            .select(
                "_row",
                "_key",
                column=pl.lit(name),
                text=_cut(contract, name),
                whole=pl.col(name),
                meant=pl.col(f"_m_{name}"),
                lost=pl.col(f"_l_{name}").cast(pl.Int64),
                beside_place=pl.col(f"_n_{name}"),
                beside=beside.cast(pl.Int64),
                coded=code,
                defect=note.fill_null("none"),
            )
        )
    return pl.concat(parts) if parts else pl.DataFrame()


def _told(rows: pl.DataFrame, column: str) -> pl.Expr:
    note = f"_d_{column}"
    useless = pl.col(note).is_in(USELESS).fill_null(False) if note in rows.columns else pl.lit(False)
    return pl.col(column).is_not_null() & ~useless


def _cut(contract: Contract, name: str) -> pl.Expr:
    """The text as it arrives: a file of fixed widths cuts it at the width."""
    width = contract.column(name).width
    text = pl.col(name)
    if not width:
        return text
    wide = (text.str.len_bytes() - text.str.len_chars()) // 2
    return pl.when(text.str.len_chars() + wide > width).then(text.str.slice(0, width // 2)).otherwise(text)


def truth(contract: Contract, cells: list[pl.DataFrame], gone: pl.DataFrame) -> pl.DataFrame:
    """The cells of records that still exist, as delivered last; `cells` in the order of the deliveries."""
    told = [frame.with_columns(_delivery=pl.lit(index)) for index, frame in enumerate(cells) if frame.height]
    if not told:
        return pl.DataFrame()
    last = pl.concat(told).join(gone.select("_row"), on="_row", how="anti")
    newest = (
        pl.concat([frame.select("_row", _delivery=pl.col("_delivery")) for frame in told]).group_by("_row").agg(pl.col("_delivery").max())
    )
    kept = last.join(newest, on=["_row", "_delivery"], how="semi").unique(["_row", "column"], keep="first", maintain_order=True)
    return kept.sort("_row", "column").with_columns(category=pl.lit(contract.category)).drop("_row", "_delivery")


def judged(cells: pl.DataFrame, dwellings: pl.DataFrame, registered: pl.Series) -> pl.DataFrame:
    """truth/addresses.parquet: per cell the dwelling meant and whether text and columns lead to it alone.

    `registered`: per dwelling, whether house_registry has it after the last delivery.
    """
    places = _parts_of(dwellings).with_columns(_in=registered)
    known = cells["meant"].is_not_null()
    here = places.select(pl.all().gather(cells["meant"].fill_null(0)))
    beside = places.select(pl.col(COLUMNS[level]).gather(cells["beside_place"].fill_null(0)).alias(f"_beside_{level}") for level in AREAS)
    f = pl.concat([cells, here, beside], how="horizontal").with_columns(_known=known)
    named = {level: _names(level) for level in (*AREAS, ROAD, STEM)}
    text = pl.sum_horizontal(named[level].cast(pl.Int64) * level for level in AREAS)
    f = f.with_columns(_text=text, _roads=named[ROAD].cast(pl.Int64) * ROAD + named[STEM].cast(pl.Int64) * STEM)
    agrees = pl.all_horizontal(
        ((pl.col("_text") >= level) | (pl.col("beside") & level == 0) | (pl.col(f"_beside_{level}") == pl.col(COLUMNS[level])))
        for level in AREAS
    )
    complete = pl.when(pl.col("village")).then(GROUP | DOOR).otherwise(DOOR | BLOCK | UNIT | ROOM)
    whole = pl.col("text") == pl.col("whole")
    said = pl.when(whole).then(pl.col("_roads") | complete).otherwise(0)
    f = f.with_columns(_agrees=agrees, _pattern=pl.col("_text") | pl.col("beside") | (said & ~pl.col("lost")))
    f = f.with_columns(_answers=_answers(f, places))
    enough = pl.when(pl.col("village")).then(DOOR).otherwise(DOOR | ROOM)
    by_text = pl.col("_agrees") & (pl.col("_answers") == 1) & (pl.col("_pattern") & enough == enough)
    by_code = pl.col("coded") & (pl.col("beside_place") == pl.col("meant"))
    decides = (pl.col("_known") & pl.col("_in") & (by_code | by_text)).fill_null(False)
    return f.select(
        "category",
        natural_key=pl.col("_key"),
        column=pl.col("column"),
        dwelling_code=pl.when(pl.col("_known")).then(pl.col("dwelling_code")),
        defect=pl.col("defect"),
        decides=decides,
        by_code=decides & by_code.fill_null(False),
        in_registry=pl.col("_known") & pl.col("_in").fill_null(False),
    )


def _parts_of(dwellings: pl.DataFrame) -> pl.DataFrame:
    village = pl.col("village")
    urban = [pl.when(~village).then(pl.col(name)).alias(name) for name in ("block", "unit", "room_no", "road_name")]
    return dwellings.select(
        "dwelling_code",
        "county_zh",
        "township_zh",
        "community",
        "village",
        *urban,
        _seen=pl.when(pl.col("county") == "421071").then(pl.lit("沙市区")).otherwise(pl.col("county_zh")),
        _stem=pl.when(~village).then(pl.col("road_name").str.replace("(?:路|街|巷|大道)$", "")),
        _door=pl.when(village).then(pl.col("door_in_group")).otherwise(pl.col("road_no")),
        _group=pl.when(village).then(pl.col("group")),
    )


def _names(level: int) -> pl.Expr:
    """The text holds the name of that part of its dwelling."""
    said = pl.col("text").str.contains(pl.col(COLUMNS[level]), literal=True)
    if level == COUNTY:
        said = said | pl.col("text").str.contains(pl.col("county_zh"), literal=True)
    return said.fill_null(False)


def _answers(f: pl.DataFrame, places: pl.DataFrame) -> pl.Series:
    """Per cell: dwellings of the registry that share all its parts with the one meant."""
    answers = pl.Series([0] * f.height, dtype=pl.Int64)
    pattern = f["_pattern"]
    for bits in pattern.unique().sort():
        columns = [column for bit, column in COLUMNS.items() if bits & bit]
        if not columns:
            continue
        count = places.select(pl.col("_in").cast(pl.Int64).sum().over(columns).alias("n"))["n"]
        rows = (pattern == bits).fill_null(False)
        answers = answers.zip_with(~rows, count.cast(pl.Int64).gather(f["meant"].fill_null(0)))
    return answers
