"""Human resources: pension, medical insurance, employment registration.

Belongs here: clean drafts of these three categories. Does not: damage, formats.
"""

from __future__ import annotations

import polars as pl

from sources.synthetic.lives import EMPLOYEE, PUBLIC, RETIRED, STUDENT, UNEMPLOYED
from sources.synthetic.people import AWAY, EXTERNAL, MOVED_OUT, RESIDENT
from sources.synthetic.records import Context, month_paid, padded

AGENCIES = {
    "421002": "4210S0",
    "421003": "4210J0",
    "421071": "4210K0",
    "421022": "4210G0",
    "421088": "4210L0",
    "421024": "4210A0",
    "421081": "4210T0",
    "421083": "4210H0",
    "421087": "4210Z0",
}


def _addressed(c: Context, f: pl.DataFrame) -> pl.DataFrame:
    """Present and former place of the family; the present place of movers was unknown before they moved."""
    f = c.at(f, "seat", "d_")
    return c.at(f, "former_seat", "o_", ("address", "community", "local"))


def pension_insurance(c: Context) -> pl.DataFrame:
    """Adults in one scheme, a few in two."""
    people = c.city.people.filter(pl.col("population").is_in([RESIDENT, AWAY]) & (pl.col("age") > 17) & (pl.col("work") != STUDENT))
    f = c.chosen(people, round(c.target / 1.025))
    staff, public = pl.col("work") == EMPLOYEE, pl.col("work") == PUBLIC
    old_staff = pl.col("work") == RETIRED
    f = f.with_columns(
        scheme=pl.when(public)
        .then(pl.lit("120"))
        .when(staff | (old_staff & c.chance(f, 0.5)))
        .then(pl.lit("110"))
        .when(old_staff)
        .then(pl.lit("120"))
        .otherwise(pl.lit("170"))
    )
    second = f.filter(pl.Series(c.rng.random(f.height) < 0.015) & (pl.col("scheme") != "170")).with_columns(scheme=pl.lit("170"))
    f = _addressed(c, pl.concat([f, second]))
    f = f.with_columns(_join=pl.max_horizontal(pl.col("birth") + pl.duration(days=6600), c.days_before(f, -140, 5200)))
    f = f.filter(pl.col("_join") <= c.dates[-1])
    dead = ~pl.col("alive") & ~c.chance(f, 0.08)
    f = c.timed(
        f.with_columns(_dead=dead),
        begins=pl.col("_join"),
        changes=pl.when(dead).then(pl.col("death") + pl.duration(days=25)).when(pl.col("moved")).then(pl.col("moved_on")),
        churn=0.02,
        removed=0.0004,
    )
    known_dead = pl.col("_dead") & (pl.col("death") <= c.dates[-1])
    paid = (pl.col("age") >= 60) | ((pl.col("sex") == 2) & (pl.col("scheme") != "170") & (pl.col("age") >= 55))
    since = pl.max_horizontal(pl.col("birth").dt.offset_by("60y").dt.offset_by("1mo").dt.truncate("1mo"), pl.col("_join"))
    month = month_paid(c, "%Y%m")
    resident = pl.col("scheme") == "170"
    months = ((pl.lit(c.full) - pl.col("_join")).dt.total_days() // 31).clip(1, 480)
    money = pl.when(resident).then(c.number(f, 140, 260, 2)).otherwise(c.number(f, 1900, 6200, 2))
    return f.with_columns(
        person_no=pl.lit("4210") + padded("pid", 12),
        id_number=pl.col("id"),
        sex=pl.col("sex").cast(pl.String),
        birth_date=pl.col("birth"),
        hukou_nature=pl.when(pl.col("d_village")).then(pl.lit("20")).otherwise(c.among(f, ["10", "30"], [0.4, 0.6])),
        employer_name=pl.when(resident).then(pl.col("d_community")).otherwise(pl.col("d_county_zh") + pl.col("employer")),
        status=pl.when(known_dead).then(pl.lit("3")).when(paid).then(pl.lit("5")).otherwise(c.among(f, ["1", "2"], [0.93, 0.07])),
        _b_status=pl.when(paid).then(pl.lit("5")).otherwise(pl.lit("1")),
        _s_status=pl.lit("1"),
        join_date=pl.col("_join"),
        contribution_months=months,
        contribution_base=pl.when(resident).then(0.0).otherwise(c.number(f, 3000, 9000, 2)),
        last_contribution_month=pl.when(~paid).then(month),
        payment_status=pl.when(known_dead & paid)
        .then(pl.lit("3"))
        .when(paid)
        .then(c.among(f, ["1", "2"], [0.985, 0.015]))
        .otherwise(pl.lit("0")),
        _b_payment_status=pl.when(paid).then(pl.lit("1")).otherwise(pl.lit("0")),
        _s_payment_status=pl.when(paid).then(pl.lit("1")).otherwise(pl.lit("0")),
        benefit_start=pl.when(paid).then(since),
        monthly_benefit=pl.when(paid).then(money),
        last_paid_month=pl.when(paid).then(month),
        agency=pl.col("d_county").replace_strict(AGENCIES, default="421000"),
        address=pl.col("d_address"),
        _s_address=pl.col("o_address"),
        _b_address=pl.col("o_address"),
        _s_phone=pl.lit(None, dtype=pl.String),
        _p_holder=pl.col("pid"),
    ).with_columns(
        suspend_reason=pl.when(pl.col("payment_status") == "3")
        .then(pl.lit("11"))
        .when(pl.col("payment_status") == "2")
        .then(pl.lit("12"))
        .otherwise(pl.lit("00")),
        _b_suspend_reason=pl.lit("00"),
    )


def medical_insurance(c: Context) -> pl.DataFrame:
    """This year's participation; the family member who pays for a resident."""
    people = c.city.people.filter(
        pl.col("population").is_in([RESIDENT, EXTERNAL]) & (pl.col("birth") < c.dates[-1]) & (pl.col("alive") | (pl.col("death") > c.full))
    )
    f = _addressed(c, c.chosen(people, round(c.target / 1.015)))
    year = str(c.full.year)
    staff = pl.col("work").is_in([EMPLOYEE, PUBLIC, RETIRED])
    f = f.with_columns(
        _staff=staff,
        _payer=pl.when(staff)
        .then(None)
        .when(pl.col("age") < 24)
        .then(pl.coalesce("father", "mother"))
        .otherwise(pl.when(c.chance(f, 0.4)).then(pl.col("spouse"))),
    )
    f = f.with_columns(
        _payer=pl.when(~pl.col("_staff") & pl.col("_payer").is_null() & (pl.col("age") > 20))
        .then(pl.col("pid"))
        .otherwise(pl.col("_payer"))
    )
    f = c.person(f, "_payer", "name", "id")
    newborn = pl.when(pl.col("birth") > c.full - pl.duration(days=40)).then(pl.col("birth") + pl.duration(days=20))
    dead = pl.when(~pl.col("alive")).then(pl.col("death") + pl.duration(days=10))
    f = c.timed(
        f,
        begins=newborn,
        changes=pl.coalesce(dead, pl.when(pl.col("moved")).then(pl.col("moved_on"))),
        churn=0.02,
        removed=0.0004,
        oldest=60,
    )
    gone = ~pl.col("alive") & (pl.col("_upd") > 0)
    start = pl.max_horizontal(pl.col("birth"), pl.lit(c.full.replace(month=1, day=1)))
    relation = (
        pl.when(pl.col("_payer") == pl.col("pid"))
        .then(pl.lit("0"))
        .when(pl.col("_payer") == pl.col("spouse"))
        .then(pl.lit("1"))
        .when(pl.col("_payer").is_not_null())
        .then(pl.lit("2"))
    )
    return f.with_columns(
        person_no=pl.lit("4210") + padded("pid", 12),
        scheme=pl.when(pl.col("_staff")).then(pl.lit("310")).otherwise(pl.lit("390")),
        insured_year=pl.lit(year),
        id_number=pl.col("id"),
        sex=pl.col("sex").cast(pl.String),
        birth_date=pl.col("birth"),
        person_type=pl.when(pl.col("_staff"))
        .then(pl.when(pl.col("age") >= 60).then(pl.lit("21")).otherwise(pl.lit("11")))
        .when(pl.col("age") < 18)
        .then(pl.lit("41"))
        .otherwise(pl.lit("31")),
        status=pl.when(gone).then(pl.lit("4")).otherwise(c.among(f, ["1", "2"], [0.98, 0.02])),
        _b_status=pl.lit("1"),
        _s_status=pl.lit("1"),
        agency=pl.col("d_county").replace_strict(AGENCIES, default="421000"),
        employer_name=pl.when(pl.col("_staff")).then(pl.col("d_county_zh") + pl.col("employer")),
        start_date=start,
        end_date=pl.when(gone).then(pl.col("death")),
        _b_end_date=pl.lit(None, dtype=pl.Date),
        subsidy=pl.when(pl.col("_staff"))
        .then(pl.lit("00"))
        .otherwise(c.among(f, ["00", "01", "02", "03", "05"], [0.93, 0.01, 0.04, 0.012, 0.008])),
        payer_name=pl.col("_payer_name"),
        payer_id=pl.when(pl.col("_payer").is_not_null()).then(pl.col("_payer_id")),
        payer_relation=relation,
        community=pl.col("d_community"),
        address=pl.col("d_address"),
        _s_address=pl.col("o_address"),
        _b_address=pl.col("o_address"),
        _b_community=pl.col("o_community"),
        _s_phone=pl.lit(None, dtype=pl.String),
        _p_holder=pl.col("pid"),
        _p_payer=pl.col("_payer"),
    ).with_columns(_guardian_id=pl.when(pl.col("age") < 20).then(pl.col("payer_id")))


def employment_registration(c: Context) -> pl.DataFrame:
    """Certificates of people of working age; a cancelled certificate stays."""
    people = c.city.people.filter(
        pl.col("population").is_in([RESIDENT, EXTERNAL, MOVED_OUT])
        & pl.col("alive")
        & (pl.col("age") > 18)
        & (pl.col("age") < 61)
        & (pl.col("work") != STUDENT)
    )
    f = c.chosen(people, round(c.target / 1.02), pl.when(pl.col("work") == UNEMPLOYED).then(3.0).otherwise(1.0))
    f = c.at(c.numbered(f), "seat", "d_")
    f = f.with_columns(_since=c.days_before(f, -130, 4000))
    f = c.timed(f.filter(pl.col("_since") <= c.dates[-1]), begins=pl.col("_since"), churn=0.035)
    jobless = pl.col("work") == UNEMPLOYED
    kind = pl.when(c.chance(f, 0.05)).then(pl.lit("3")).when(jobless).then(pl.lit("2")).otherwise(pl.lit("1"))
    f = f.with_columns(registration_type=kind)
    employed, unemployed = pl.col("registration_type") == "1", pl.col("registration_type") == "2"
    benefit = c.chance(f, 0.3)
    code = (
        pl.when(unemployed)
        .then(pl.lit("70"))
        .when(pl.col("work") == PUBLIC)
        .then(c.among(f, ["11", "13", "17"]))
        .when(pl.col("work") == EMPLOYEE)
        .then(c.among(f, ["24", "21", "17"], [0.7, 0.1, 0.2]))
        .otherwise(c.among(f, ["27", "51", "54"], [0.5, 0.3, 0.2]))
    )
    return f.with_columns(
        cert_no=pl.col("d_county").fill_null("421002") + pl.col("_since").dt.year().cast(pl.String) + padded("_n", 6),
        id_number=pl.col("id"),
        sex=pl.col("sex").cast(pl.String),
        birth_date=pl.col("birth"),
        education_level=pl.col("education"),
        hukou_county=pl.col("hukou_county"),
        residence_county=pl.col("d_county"),
        employment_status=code,
        _s_employment_status=pl.lit("24"),
        employer_name=pl.when(employed).then(pl.col("d_county_zh") + pl.col("employer")),
        _s_employer_name=pl.col("d_county_zh") + "天诚商贸有限公司",
        employment_date=pl.when(employed).then(pl.col("_since")),
        unemployment_date=pl.when(unemployed).then(pl.col("_since")),
        benefit_start=pl.when(unemployed & benefit).then(pl.col("_since") + pl.duration(days=20)),
        benefit_end=pl.when(unemployed & benefit).then(pl.col("_since") + pl.duration(days=400)),
        hardship=pl.when(unemployed)
        .then(c.among(f, ["00", "01", "02", "03", "04", "05", "06"], [0.5, 0.2, 0.05, 0.08, 0.03, 0.04, 0.1]))
        .otherwise(pl.lit("00")),
        job_intent=pl.when(unemployed).then(c.among(f, ["A1", "A2", "A3", "A4", "A5", "A6", "A8"])).otherwise(pl.lit("A0")),
        skill_level=c.among(f, ["0", "5", "4", "3", "2"], [0.8, 0.1, 0.06, 0.03, 0.01]),
        address=pl.col("d_county_zh") + pl.col("d_address"),
        community_code=pl.col("d_community_code"),
        _s_registration_type=pl.lit("1"),
        _b_registration_type=pl.lit("1"),
        cancel_date=pl.when(pl.col("registration_type") == "3").then(pl.col("_on")),
        _b_cancel_date=pl.lit(None, dtype=pl.Date),
        _p_holder=pl.col("pid"),
    )
