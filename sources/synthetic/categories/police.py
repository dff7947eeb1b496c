"""Public security: the registered population, residence registrations, the register of houses.

Belongs here: clean drafts of these three categories (see records.py). Does not: damage, formats.
"""

from __future__ import annotations

import polars as pl

from sources.catalogue import load_catalogue
from sources.synthetic.organisation_names import owners
from sources.synthetic.people import AWAY, EXTERNAL, MOVED_OUT, RESIDENT
from sources.synthetic.records import Context, padded

RELATIONS = {0: "02", 4: "51", 5: "52"}


def household_registration(c: Context) -> pl.DataFrame:
    """Everybody registered here, the dead and those who moved out of the city included."""
    people = c.city.people.filter(pl.col("population").is_in([RESIDENT, AWAY, MOVED_OUT]))
    people = people.filter(pl.col("alive") | (pl.col("death") < c.dates[-1]))
    f = c.numbered(c.at(people, "hukou", "d_"))
    f = c.person(f, "spouse", "name", "id")
    f = c.person(c.person(f, "father", "name", "id"), "mother", "name", "id")
    reported = ~pl.col("alive") & ~c.chance(f, 0.06)
    moved_out = pl.col("population") == MOVED_OUT
    left_on = c.days_before(f, -140, 3000)
    cancelled = pl.when(reported).then(pl.col("death")).when(moved_out).then(left_on)
    f = f.with_columns(_cancel=cancelled, _reported=reported, _gone=moved_out)
    f = f.filter(pl.col("_cancel").is_null() | (pl.col("_cancel") <= c.dates[-1]))
    f = c.timed(f, begins=pl.col("birth"), changes=pl.col("_cancel"), churn=0.012, removed=0.0002)
    county = pl.col("d_county").replace("421071", "421002")
    child = (
        pl.when(pl.col("slot") == 2)
        .then(pl.when(pl.col("sex") == 1).then(pl.lit("20")).otherwise(pl.lit("30")))
        .otherwise(pl.when(pl.col("sex") == 1).then(pl.lit("23")).otherwise(pl.lit("33")))
    )
    adult = pl.col("age") >= 20
    spouse, parents = pl.col("marital").eq(20) & adult & c.chance(f, 0.75), c.chance(f, 0.72)
    status = pl.when(pl.col("_reported")).then(pl.lit("1")).when(pl.col("_gone")).then(pl.lit("2")).otherwise(pl.lit("0"))
    marital = pl.col("marital").cast(pl.String)
    return f.with_columns(
        record_no=county + "01" + padded("_n", 10),
        household_no=county + "01" + padded("household", 7),
        household_type=pl.lit("1"),
        relation_to_head=pl.when(pl.col("slot") == 1)
        .then(pl.lit("12"))
        .otherwise(pl.col("slot").cast(pl.Int64).replace_strict(RELATIONS, default=child)),
        id_number=pl.col("id"),
        ethnic_group=pl.col("ethnic"),
        birth_date=pl.col("birth"),
        marital_status=pl.when(adult).then(marital),
        _s_marital_status=pl.when(adult).then(pl.lit("10")),
        education_level=pl.col("education"),
        hukou_nature=pl.when(c.chance(f, 0.6)).then(pl.lit("30")).when(pl.col("d_village")).then(pl.lit("10")).otherwise(pl.lit("20")),
        county_code=county,
        township_code=pl.col("d_township"),
        address=pl.col("d_address"),
        dwelling_code=pl.when(c.chance(f, 0.72)).then(pl.col("d_dwelling_code")),
        phone=pl.when(c.chance(f, 0.75)).then(pl.col("phone")),
        spouse_name=pl.when(spouse).then(pl.col("spouse_name")),
        spouse_id=pl.when(spouse & c.chance(f, 0.85)).then(pl.col("spouse_id")),
        father_name=pl.when(parents).then(pl.col("father_name")),
        father_id=pl.when(parents & c.chance(f, 0.7)).then(pl.col("father_id")),
        mother_name=pl.when(parents).then(pl.col("mother_name")),
        mother_id=pl.when(parents & c.chance(f, 0.7)).then(pl.col("mother_id")),
        move_in_date=pl.when(pl.col("owns") & c.chance(f, 0.2)).then(pl.max_horizontal("birth", c.days_before(f, 200, 9000))),
        status=status,
        _b_status=pl.lit("0"),
        cancel_date=pl.col("_cancel"),
        _b_cancel_date=pl.lit(None, dtype=pl.Date),
        sex=pl.col("sex").cast(pl.String),
        _p_holder=pl.col("pid"),
        _p_spouse=pl.col("spouse"),
        _p_father=pl.col("father"),
        _p_mother=pl.col("mother"),
    ).with_columns(
        move_in_from=pl.when(pl.col("move_in_date").is_not_null()).then(c.among(f, ["420500", "420100", "430600", "421023", "422421"])),
        _b_marital_status=pl.col("marital_status"),
    )


def residence_permits(c: Context) -> pl.DataFrame:
    """People from elsewhere, and people of the city living in another county unit than they are registered in."""
    people = c.at(c.city.people.filter(pl.col("alive") & pl.col("dwelling").is_not_null()), "dwelling", "d_")
    external = pl.col("population") == EXTERNAL
    people = people.filter(external | ((pl.col("hukou_county") != pl.col("d_county")) & (pl.col("age") > 16)))
    f = c.chosen(people, round(c.target / 1.06 * 0.94), pl.when(external).then(12.0).otherwise(1.0))
    f = _with_earlier_stays(c, f)
    f = c.at(c.numbered(f), "hukou", "h_", ("county_zh", "address"))
    f = f.with_columns(guardian=pl.when(pl.col("age") < 16).then(pl.coalesce("father", "mother")))
    f = c.person(f, "guardian", "name", "id")
    f = c.timed(
        f.filter(pl.col("_start") <= c.dates[-1]),
        begins=pl.col("_start") + pl.duration(days=10),
        churn=0.05,
        oldest=700,
    )
    adult, child = pl.col("age") >= 22, pl.col("age") < 16
    expiry = pl.col("_on") + pl.duration(days=365)
    lapsed = pl.when(c.chance(f, 0.03)).then(pl.lit("到期")).otherwise(pl.lit("有效"))
    status = pl.when(pl.col("_ended").is_not_null()).then(c.among(f, ["到期", "注销"], [0.4, 0.6])).otherwise(lapsed)
    done = pl.coalesce("_ended", "_on")
    home = pl.lit("湖北省荆州市") + pl.col("h_county_zh") + pl.col("h_address")
    f = f.with_columns(permit_status=status)
    return f.with_columns(
        permit_no=pl.lit("JZLD") + pl.col("_start").dt.year().cast(pl.String) + padded("_n", 9),
        id_type=pl.lit("居民身份证"),
        id_number=pl.col("id"),
        sex=pl.when(pl.col("sex") == 1).then(pl.lit("男")).otherwise(pl.lit("女")),
        birth_date=pl.col("birth"),
        ethnic_group=pl.col("ethnic").replace_strict(_ethnic(), default="汉族"),
        marital_status=pl.when(adult).then(
            pl.col("marital").cast(pl.Int64).replace_strict({10: "未婚", 20: "已婚", 30: "丧偶", 40: "离婚"}, default="未说明")
        ),
        education_level=pl.col("education").replace_strict(
            {
                "90": "文盲",
                "81": "小学",
                "71": "初中",
                "61": "高中",
                "41": "中专",
                "44": "中专",
                "31": "大专",
                "21": "本科",
                "14": "研究生",
            },
            default=None,
        ),
        hukou_division=pl.col("hukou_county"),
        hukou_address=pl.coalesce("origin_address", home),
        current_address=pl.col("d_county_zh") + pl.col("d_address"),
        _s_current_address=pl.col("d_county_zh") + pl.col("d_township_zh") + pl.col("d_community"),
        township=pl.col("d_township_zh"),
        grid_code=pl.col("d_grid_code"),
        dwelling_code=pl.when(c.chance(f, 0.8)).then(pl.col("d_dwelling_code")),
        residence_start=pl.col("_start"),
        residence_reason=pl.when(child)
        .then(c.among(f, ["随迁", "就学"]))
        .when(pl.col("age") > 60)
        .then(pl.lit("养老"))
        .otherwise(c.among(f, ["务工", "经商", "随迁", "就医", "其他"], [0.66, 0.14, 0.15, 0.02, 0.03])),
        dwelling_tenure=pl.when(pl.col("owns") & ~external)
        .then(pl.lit("自购房屋"))
        .otherwise(c.among(f, ["租赁房屋", "居民家中", "单位内部", "公租房"], [0.7, 0.14, 0.12, 0.04])),
        employer_name=pl.when(pl.col("employer").is_not_null()).then(pl.col("d_county_zh") + pl.col("employer")),
        children_with=pl.when(c.chance(f, 0.8) & ~child).then(c.among(f, ["0", "1", "2"], [0.8, 0.15, 0.05])),
        permit_expiry=pl.when(pl.col("permit_status") == "有效")
        .then(pl.max_horizontal(expiry, c.days_before(f, -500, -100)))
        .otherwise(done),
        deregister_date=pl.when(pl.col("permit_status") == "注销").then(done),
        _p_holder=pl.col("pid"),
        _p_guardian=pl.col("guardian"),
    ).with_columns(
        _b_permit_status=pl.when(pl.col("_ended").is_null()).then(pl.lit("有效")).otherwise(pl.col("permit_status")),
        _b_deregister_date=pl.when(pl.col("_ended").is_not_null()).then(pl.col("deregister_date")),
        _s_permit_status=pl.when(pl.col("_ended").is_null()).then(pl.lit("有效")).otherwise(pl.col("permit_status")),
    )


def _with_earlier_stays(c: Context, people: pl.DataFrame) -> pl.DataFrame:
    """`_start` of the present stay, as it is true; for some a registration of a stay that ended before (`_ended`)."""
    present = people.with_columns(_start=pl.col("stay_since"), _ended=pl.lit(None, dtype=pl.Date))
    ended = pl.col("stay_since") - pl.duration(days=pl.lit(pl.Series(c.rng.integers(10, 90, people.height))))
    start = ended - pl.duration(days=pl.lit(pl.Series(c.rng.integers(60, 900, people.height))))
    earlier = people.with_columns(_start=pl.max_horizontal("birth", start), _ended=ended)
    recent = (pl.col("_ended") > pl.lit(c.full) - pl.duration(days=730)) & (pl.col("_ended") <= c.full)
    earlier = earlier.filter(recent & (pl.col("_start") + pl.duration(days=30) < pl.col("_ended")) & c.chance(earlier, 0.25))
    return pl.concat([present, earlier])


def _ethnic() -> dict[str, str]:
    return {value.code: value.zh for value in load_catalogue().lists["gbt_3304_ethnic"].values}


def _as_registered(c: Context, dwellings: pl.DataFrame) -> pl.DataFrame:
    """The owner that the register still has: after an unreported sale the one before, with the own number (defect stale)."""
    share = next(known.share for known in c.contract.known_defects if known.defect == "stale") * c.rates.scale
    owners = dwellings["owner"].drop_nulls().to_numpy()
    if owners.size == 0:
        return dwellings
    before = pl.Series(owners[c.rng.integers(0, owners.size, dwellings.height)], dtype=dwellings["owner"].dtype)
    sold = c.chance(dwellings, share) & dwellings["owner"].is_not_null()
    return dwellings.with_columns(owner=pl.when(sold).then(before).otherwise(pl.col("owner")))


def house_registry(c: Context) -> pl.DataFrame:
    """Every dwelling."""
    office, code = owners(c.city.dwellings, c.city.seed)
    dwellings = c.city.dwellings.with_columns(_office=office, _office_code=code)
    f = c.person(_as_registered(c, dwellings), "owner", "name", "id", "phone", "birth", "former_name")
    f = f.with_columns(_built=pl.when(c.chance(f, 0.006)).then(c.days_before(f, -150, 1)).otherwise(c.days_before(f, 300, 9000)))
    f = c.timed(f.filter(pl.col("_built") <= c.dates[-1]), begins=pl.col("_built"), churn=0.03, removed=0.0004, oldest=900)
    person = ~pl.col("organisation")
    return f.with_columns(
        county_code=pl.col("county").replace("421071", "421002"),
        township_code=pl.col("township"),
        community_name=pl.col("community"),
        dwelling_type=pl.col("house_type"),
        usage=c.among(f, ["A", "B"], [0.96, 0.04]),
        floor_area=pl.when(c.chance(f, 0.95)).then(pl.col("area").cast(pl.String)),
        owner_name=pl.when(person).then(pl.col("owner_name")).otherwise(pl.col("_office")),
        owner_id_type=pl.when(person).then(pl.lit("1")).otherwise(pl.lit("8")),
        owner_id=pl.when(person).then(pl.col("owner_id")).otherwise(pl.col("_office_code")),
        owner_phone=pl.when(person & c.chance(f, 0.8)).then(pl.col("owner_phone")),
        ownership=pl.when(person).then(pl.lit("1")).otherwise(c.among(f, ["2", "4"])),
        _s_occupancy=pl.lit("3"),
        registered_occupants=pl.col("occupants").cast(pl.String),
        _s_registered_occupants=(pl.col("occupants") + 1).cast(pl.String),
        _b_registered_occupants=(pl.col("occupants") + 1).cast(pl.String),
        longitude=pl.col("longitude").cast(pl.String),
        latitude=pl.col("latitude").cast(pl.String),
        visit_date=pl.col("_on"),
        _b_visit_date=pl.col("_on_before"),
        _p_owner=pl.when(person).then(pl.col("owner")),
    )
