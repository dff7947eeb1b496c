"""Health: records of residents and care programmes.

Belongs here: clean drafts of these two categories. Does not: damage, formats.
"""

from __future__ import annotations

import polars as pl

from sources.synthetic.people import EXTERNAL, RESIDENT
from sources.synthetic.records import Context, padded

EDUCATION = {"14": "1", "21": "2", "31": "3", "41": "4", "44": "5", "61": "6", "71": "7", "81": "8", "90": "9"}
SEX = pl.when(pl.col("sex") == 1).then(pl.lit("M")).otherwise(pl.lit("F"))
MARITAL = {10: "1", 20: "2", 30: "3", 40: "4"}
PROGRAMMES = {"HTN": "02", "DM2": "03", "CHD": "04", "COPD": "05", "STK": "07", "SMD": "08", "TB": "09"}


def _with_illness(people: pl.DataFrame) -> pl.DataFrame:
    """The programme of a person follows from the number of the person, so that both categories agree."""
    mix = (pl.col("pid").cast(pl.UInt64) * 40503 + 977) % 1000
    likely = pl.when(pl.col("age") > 60).then(430).when(pl.col("age") > 40).then(150).when(pl.col("age") > 18).then(18).otherwise(0)
    kind = (pl.col("pid").cast(pl.UInt64) * 7919 % 100).cast(pl.Int64)
    name = (
        pl.when(kind < 58)
        .then(pl.lit("HTN"))
        .when(kind < 80)
        .then(pl.lit("DM2"))
        .when(kind < 86)
        .then(pl.lit("CHD"))
        .when(kind < 91)
        .then(pl.lit("COPD"))
        .when(kind < 95)
        .then(pl.lit("STK"))
        .when(kind < 99)
        .then(pl.lit("SMD"))
        .otherwise(pl.lit("TB"))
    )
    return people.with_columns(_ill=pl.when(mix < likely).then(name))


def _patients(c: Context) -> pl.DataFrame:
    people = c.city.people.filter(
        pl.col("population").is_in([RESIDENT, EXTERNAL])
        & (pl.col("alive") | (pl.col("death") > pl.date(2023, 1, 1)))
        & pl.col("seat").is_not_null()
    )
    return _with_illness(people.filter(pl.col("birth") < c.dates[-1]))


def health_records(c: Context) -> pl.DataFrame:
    """Records of a third of the residents: children, elders and the ill first."""
    wanted = pl.when((pl.col("age") > 64) | (pl.col("age") < 7) | pl.col("_ill").is_not_null()).then(4.0).otherwise(1.0)
    f = c.chosen(_patients(c), round(c.target / 1.04), wanted)
    f = c.at(c.at(f, "seat", "d_"), "former_seat", "o_", ("address",))
    f = c.at(f, "hukou", "h_", ("county_zh", "address"))
    f = f.with_columns(
        _guardian=pl.when(pl.col("age") < 15).then(pl.coalesce("mother", "father")),
        _contact=pl.when(pl.col("age") > 15).then(pl.coalesce("spouse", "father")),
    )
    f = c.person(c.person(f, "_guardian", "name", "id", "phone"), "_contact", "name", "phone")
    f = f.with_columns(_opened=pl.max_horizontal(pl.col("birth") + pl.duration(days=20), c.days_before(f, -50, 4800)))
    f = f.filter(pl.col("_opened") <= c.dates[-1])
    dead = ~pl.col("alive") & ~c.chance(f, 0.15)
    f = c.timed(
        f.with_columns(_dead=dead),
        begins=pl.col("_opened"),
        changes=pl.when(dead).then(pl.col("death") + pl.duration(days=20)).when(pl.col("moved")).then(pl.col("moved_on")),
        churn=0.03,
        removed=0.0005,
        oldest=900,
    )
    known = pl.col("_dead") & (pl.col("death") <= c.dates[-1])
    old = pl.col("age") >= 65
    team = c.chance(f, 0.5)
    has_contact = c.chance(f, 0.55)
    suffix = pl.when(pl.col("d_village")).then(pl.lit("卫生室")).otherwise(pl.lit("卫生服务站"))
    centre = pl.col("d_township_zh") + pl.when(pl.col("d_township_zh").str.contains("街道")).then(pl.lit("社区卫生服务中心")).otherwise(
        pl.lit("卫生院")
    )
    child = pl.col("age") < 15
    return f.with_columns(
        archive_no=pl.col("d_township") + padded("pid", 8),
        id_number=pl.col("id"),
        sex=SEX,
        birth_date=pl.col("birth"),
        phone=pl.when(child).then(pl.col("_guardian_phone")).otherwise(pl.col("phone")),
        contact_name=pl.when(has_contact).then(pl.col("_contact_name")),
        contact_phone=pl.when(has_contact).then(pl.col("_contact_phone")),
        residence_type=pl.when(pl.col("population") == EXTERNAL).then(pl.lit("2")).otherwise(pl.lit("1")),
        marital_status=pl.when(pl.col("age") > 15).then(pl.col("marital").cast(pl.Int64).replace_strict(MARITAL, default="5")),
        education_level=pl.col("education").replace_strict(EDUCATION, default="10"),
        guardian_name=pl.col("_guardian_name"),
        guardian_id=pl.col("_guardian_id"),
        conditions=pl.when(child).then(None).otherwise(pl.col("_ill").replace_strict(PROGRAMMES, default="01")),
        self_care=pl.when(old).then(c.among(f, ["1", "2", "3", "4"], [0.78, 0.13, 0.06, 0.03])),
        last_check_date=pl.when((old | child) & c.chance(f, 0.8)).then(pl.max_horizontal("_opened", pl.col("_on_before"))),
        team=pl.when(team).then(pl.col("d_community") + suffix + pl.lit("第") + c.among(f, ["1", "2", "3"]) + "团队"),
        sign_date=pl.when(team).then(pl.max_horizontal("_opened", c.days_before(f, 1, 1500))),
        status=pl.when(known).then(pl.lit("D")).otherwise(c.among(f, ["A", "T", "L"], [0.96, 0.02, 0.02])),
        _b_status=pl.lit("A"),
        _s_status=pl.lit("A"),
        death_date=pl.when(known).then(pl.col("death")),
        _b_death_date=pl.lit(None, dtype=pl.Date),
        org_name=centre,
        archive_date=pl.col("_opened"),
        address=pl.col("d_address"),
        _s_address=pl.col("o_address"),
        _b_address=pl.col("o_address"),
        hukou_address=pl.when(c.chance(f, 0.5)).then(pl.coalesce("origin_address", pl.col("h_county_zh") + pl.col("h_address"))),
        community=pl.col("d_community"),
        _s_phone=pl.lit(None, dtype=pl.String),
        _p_holder=pl.col("pid"),
        _p_guardian=pl.col("_guardian"),
        _p_contact=pl.when(has_contact).then(pl.col("_contact")),
    )


def care_followups(c: Context) -> pl.DataFrame:
    """One programme per ill person."""
    f = c.chosen(_patients(c).filter(pl.col("_ill").is_not_null() & pl.col("alive")), round(c.target / 1.02))
    f = c.numbered(c.at(f, "seat", "d_"))
    f = f.with_columns(_carer=pl.when((pl.col("_ill") == "SMD") | c.chance(f, 0.08)).then(pl.coalesce("father", "spouse", "mother")))
    f = c.person(f, "_carer", "name", "id", "phone")
    f = f.with_columns(_since=c.days_before(f, -35, 4500)).filter(pl.col("_since") <= c.dates[-1])
    f = c.timed(f, begins=pl.col("_since"), churn=0.025, removed=0.0006, oldest=200)
    relation = pl.when(pl.col("_carer") == pl.col("spouse")).then(pl.lit("1")).when(pl.col("_carer").is_not_null()).then(pl.lit("2"))
    severe = pl.col("_ill") == "SMD"
    suffix = pl.when(pl.col("d_village")).then(pl.lit("卫生室")).otherwise(pl.lit("卫生服务站"))
    return f.with_columns(
        enrol_no=pl.col("_ill") + pl.col("d_township") + padded("_n", 8),
        archive_no=pl.when(c.chance(f, 0.8)).then(pl.col("d_township") + padded("pid", 8)),
        id_number=pl.col("id"),
        sex=SEX,
        birth_date=pl.col("birth"),
        programme=pl.col("_ill"),
        enrol_date=pl.col("_since"),
        last_followup=pl.max_horizontal("_since", pl.col("_on")),
        next_followup=pl.max_horizontal("_since", pl.col("_on")) + pl.duration(days=90),
        _b_last_followup=pl.max_horizontal("_since", pl.col("_on_before")),
        _b_next_followup=pl.max_horizontal("_since", pl.col("_on_before")) + pl.duration(days=90),
        followup_mode=c.among(f, ["1", "2", "3"], [0.4, 0.35, 0.25]),
        medication_support=pl.when(severe & c.chance(f, 0.7)).then(pl.lit("Y")).otherwise(pl.lit("N")),
        guardian_name=pl.col("_carer_name"),
        guardian_id=pl.when(c.chance(f, 0.5)).then(pl.col("_carer_id")),
        guardian_relation=relation,
        guardian_phone=pl.col("_carer_phone"),
        org_name=pl.col("d_community") + suffix,
        township=pl.col("d_township"),
        address=pl.col("d_community") + pl.col("d_local"),
        status=c.among(f, ["1", "2", "3", "6"], [0.95, 0.01, 0.02, 0.02]),
        _s_status=pl.lit("1"),
        _s_address=pl.col("d_local"),
        _p_holder=pl.col("pid"),
        _p_guardian=pl.col("_carer"),
    ).with_columns(end_date=pl.when(pl.col("status") == "6").then(pl.col("_on")))
