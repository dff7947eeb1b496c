"""Justice, family planning and education: legal aid, support after return, births and family support, pupils.

Belongs here: clean drafts of these four categories. Does not: damage, formats.
"""

from __future__ import annotations

import polars as pl

from sources.synthetic.people import AWAY, EXTERNAL, RESIDENT
from sources.synthetic.records import Context, padded

COUNTIES = {
    "421002": "01",
    "421003": "02",
    "421071": "09",
    "421022": "05",
    "421088": "07",
    "421024": "03",
    "421081": "06",
    "421083": "08",
    "421087": "04",
}
SEX = pl.when(pl.col("sex") == 1).then(pl.lit("男")).otherwise(pl.lit("女"))


def legal_aid(c: Context) -> pl.DataFrame:
    """Cases of three calendar years."""
    people = c.city.people.filter(pl.col("population").is_in([RESIDENT, EXTERNAL]) & pl.col("alive") & (pl.col("age") > 4))
    f = c.at(c.numbered(c.chosen(people)), "seat", "d_")
    first = c.dates[-1].replace(year=c.dates[0].year - 2, month=1, day=5)
    f = f.with_columns(_accept=pl.lit(first) + pl.duration(days=pl.lit(c.number(f, 0, (c.dates[-1] - first).days - 1))))
    f = c.timed(f, begins=pl.col("_accept"), churn=0.0, oldest=60)
    minor, old = pl.col("age") < 18, pl.col("age") > 64
    f = f.with_columns(_rep=pl.when(minor).then(pl.coalesce("mother", "father")))
    f = c.person(f, "_rep", "name", "id")
    done = c.chance(f, 0.6)
    office = pl.col("d_county_zh").replace({"荆州经济技术开发区": "开发区"}) + "法律援助中心"
    closed = pl.col("_accept") + pl.duration(days=pl.lit(c.number(f, 30, 240)))
    f = f.with_columns(_done=done & (closed < c.dates[0]), _closed=closed)
    return f.with_columns(
        case_no=pl.lit("荆法援字[") + pl.col("_accept").dt.year().cast(pl.String) + pl.lit("]第") + padded("_n", 5) + pl.lit("号"),
        applicant_name=pl.col("name"),
        applicant_id=pl.col("id"),
        sex=SEX,
        birth_date=pl.col("birth"),
        address=pl.col("d_county_zh") + pl.col("d_address"),
        person_type=pl.when(minor)
        .then(pl.lit("未成年人"))
        .when(old)
        .then(pl.lit("老年人"))
        .otherwise(c.among(f, ["农民工", "残疾人", "妇女", "低保对象", "其他"])),
        representative_name=pl.col("_rep_name"),
        representative_id=pl.col("_rep_id"),
        representative_relation=pl.when(pl.col("_rep").is_not_null()).then(pl.lit("父母")),
        matter=c.among(f, ["请求支付劳动报酬", "工伤赔偿", "社会保险待遇", "赡养扶养抚养", "婚姻家庭", "交通事故", "其他"]),
        aid_form=c.among(f, ["咨询", "代书", "诉讼代理", "非诉讼代理"]),
        accept_date=pl.col("_accept"),
        approve_date=pl.col("_accept") + pl.duration(days=2),
        close_date=pl.when(pl.col("_done")).then(pl.col("_closed")),
        status=pl.when(pl.col("_done")).then(pl.lit("已结案")).otherwise(c.among(f, ["办理中", "已受理", "不予援助"], [0.7, 0.2, 0.1])),
        office=office,
        _on=pl.when(pl.col("_done")).then(pl.col("_closed")).otherwise(pl.col("_accept") + pl.duration(days=2)),
        _guardian_id=pl.col("_rep_id"),
        _p_holder=pl.col("pid"),
        _p_representative=pl.col("_rep"),
    )


def resettlement_support(c: Context) -> pl.DataFrame:
    """Support periods of a few adults."""
    people = c.city.people.filter((pl.col("population") == RESIDENT) & pl.col("alive") & (pl.col("age") > 22) & (pl.col("age") < 68))
    f = c.at(c.numbered(c.chosen(people, c.target, pl.when(pl.col("sex") == 1).then(8.0).otherwise(1.0))), "seat", "d_")
    f = f.with_columns(
        _contact=pl.when(c.chance(f, 0.6)).then(pl.coalesce("spouse", "mother", "father")),
        _start=c.days_before(f, -140, 1800),
    )
    f = c.person(f, "_contact", "name", "phone").filter(pl.col("_start") <= c.dates[-1])
    f = c.timed(f, begins=pl.col("_start"), churn=0.04, removed=0.01, oldest=300)
    end = pl.col("_start") + pl.duration(days=1095)
    status = pl.when(end <= c.dates[-1]).then(pl.lit("期满")).otherwise(pl.lit("在帮"))
    help_words = ["已落实", "未落实", "不需要"]
    return f.with_columns(
        support_no=pl.lit("BJ")
        + pl.col("d_county").replace("421071", "421002")
        + "-"
        + pl.col("_start").dt.year().cast(pl.String)
        + "-"
        + padded("_n", 5),
        id_number=pl.col("id"),
        sex=SEX,
        birth_date=pl.col("birth"),
        address=pl.col("d_county_zh") + pl.col("d_address"),
        township=pl.col("d_township_zh"),
        support_start=pl.col("_start"),
        support_end=end,
        needs=c.among(f, ["就业", "住房", "就业、住房", "社会救助", "技能培训、就业", "医疗", "无"]),
        employment_help=c.among(f, help_words),
        housing_help=c.among(f, help_words),
        assistance_help=c.among(f, help_words),
        contact_name=pl.col("_contact_name"),
        contact_phone=pl.col("_contact_phone"),
        responsible_unit=pl.col("d_township_zh") + "司法所",
        status=status,
        _b_status=pl.lit("在帮"),
        _s_status=pl.lit("在帮"),
        _s_address=pl.col("d_local"),
        _p_holder=pl.col("pid"),
        _p_contact=pl.col("_contact"),
    )


def birth_family_support(c: Context) -> pl.DataFrame:
    """Birth registrations of the last years; support of elder couples and only children."""
    people = c.city.people.filter(pl.col("population").is_in([RESIDENT, AWAY]))
    children = people.filter((pl.col("age") < 12) & pl.col("mother").is_not_null()).with_columns(
        woman=pl.col("mother"), man=pl.col("father"), child=pl.col("pid"), _kind=pl.lit("S1")
    )
    births = c.chosen(children, round(c.target * 0.7 / 1.02))
    couples = people.filter(
        (pl.col("sex") == 2) & (pl.col("age") > 45) & (pl.col("age") < 85) & pl.col("spouse").is_not_null()
    ).with_columns(woman=pl.col("pid"), man=pl.col("spouse"), child=pl.lit(None, dtype=pl.Int64))
    support = c.chosen(couples, round(c.target / 1.02) - births.height)
    only = people.select(child="pid", woman="mother").drop_nulls().sort("woman", "child")
    only = (
        only.group_by("woman", maintain_order=True)
        .agg(pl.col("child").first(), n=pl.len())
        .filter(pl.col("n") == 1)
        .select("woman", "child")
    )
    support = (
        support.drop("child")
        .join(only, on="woman", how="left", maintain_order="left")
        .with_columns(
            _kind=pl.when(pl.col("child").is_not_null())
            .then(c.among(support, ["B4", "J2"], [0.4, 0.6]))
            .otherwise(c.among(support, ["J2", "T3"], [0.95, 0.05]))
        )
    )
    support = support.with_columns(child=pl.when(pl.col("_kind") == "B4").then(pl.col("child")))
    f = c.at(c.numbered(pl.concat([births, support], how="diagonal_relaxed")), "seat", "d_")
    for role, fields in (
        ("woman", ("name", "id", "birth", "phone", "marital")),
        ("man", ("name", "id", "birth")),
        ("child", ("name", "id", "birth", "sex")),
    ):
        f = c.person(f, role, *fields)
    birth = pl.col("_kind") == "S1"
    day = pl.when(birth).then(pl.col("child_birth") + pl.duration(days=pl.lit(c.number(f, 3, 60)))).otherwise(c.days_before(f, -100, 3000))
    f = f.with_columns(_day=day).filter(pl.col("_day") <= c.dates[-1])
    f = c.timed(f, begins=pl.col("_day"), churn=0.02, removed=0.0004)
    money = {"J2": "960", "T3": "5400", "B4": "120"}
    year = pl.col("_day").dt.year().cast(pl.String)
    active = c.chance(f, 0.94)
    count = (
        pl.when(birth)
        .then(c.among(f, ["1", "2", "3"], [0.5, 0.42, 0.08]))
        .when(pl.col("_kind") == "B4")
        .then(pl.lit("1"))
        .otherwise(c.among(f, ["1", "2"]))
    )
    marital = (
        pl.when(pl.col("woman_marital") == 40)
        .then(pl.lit("3"))
        .when(pl.col("woman_marital") == 30)
        .then(pl.lit("4"))
        .otherwise(c.among(f, ["1", "2"], [0.94, 0.06]))
    )
    return f.with_columns(
        record_no=pl.lit("FP") + pl.col("d_county").replace_strict(COUNTIES, default="01") + year + padded("_n", 7),
        record_type=pl.col("_kind"),
        marital_status=marital,
        _s_marital_status=pl.lit("1"),
        children_count=count,
        _s_children_count=pl.lit("1"),
        birth_status=pl.when(birth).then(pl.lit("2")),
        child_sex=pl.when(pl.col("child_sex") == 1).then(pl.lit("1")).when(pl.col("child_sex") == 2).then(pl.lit("0")),
        child_birth=pl.col("child_birth"),
        woman_birth=pl.col("woman_birth"),
        man_birth=pl.col("man_birth"),
        birth_cert_no=pl.when(birth).then(c.among(f, ["S", "T", "U"]) + pl.lit("42") + padded("_n", 7)),
        beneficiary=pl.when(~birth).then(c.among(f, ["W", "M", "B"], [0.3, 0.2, 0.5])),
        support_status=pl.when(~birth).then(pl.when(active).then(pl.lit("1")).otherwise(pl.lit("3"))),
        annual_amount=pl.col("_kind").replace_strict(money, default=None),
        start_year=pl.when(~birth).then(year),
        last_paid_year=pl.when(~birth).then(pl.lit(str(c.full.year - 1))),
        county=pl.col("d_county").replace_strict(COUNTIES, default=None),
        township=pl.col("d_township_zh"),
        address=pl.col("d_address"),
        _s_address=pl.col("d_community") + pl.col("d_local"),
        phone=pl.col("woman_phone"),
        register_date=pl.col("_day"),
        _guardian_id=pl.when(birth).then(pl.col("woman_id")),
        _p_mother=pl.col("woman"),
        _p_father=pl.col("man"),
        _p_child=pl.col("child"),
    )


def student_enrolment(c: Context) -> pl.DataFrame:
    """Children and pupils from kindergarten to the end of secondary school."""
    start = c.full.replace(month=9, day=1, year=c.full.year - (1 if c.full.month < 9 else 0))
    years = (pl.lit(start) - pl.col("birth")).dt.total_days() / 365.25
    people = c.city.people.filter(pl.col("population").is_in([RESIDENT, EXTERNAL]) & pl.col("alive")).with_columns(
        _years=years.floor().cast(pl.Int64)
    )
    people = people.filter((pl.col("_years") >= 3) & (pl.col("_years") < 18))
    people = people.filter((pl.col("_years") >= 6) | pl.Series(c.rng.random(people.height) < 0.8))
    f = c.at(c.at(c.chosen(people, round(c.target / 1.01)), "seat", "d_"), "former_seat", "o_", ("county_zh", "address"))
    f = c.at(f, "hukou", "h_", ("village",))
    f = f.with_columns(_guardian=pl.coalesce("father", "mother"))
    f = c.person(f, "_guardian", "name", "id", "phone", "population")
    vocational = (pl.col("_years") >= 15) & c.chance(f, 0.35)
    grade = (
        pl.when(vocational)
        .then(pl.lit(51) + pl.col("_years") - 15)
        .otherwise(
            pl.col("_years").replace_strict(
                {
                    3: 11,
                    4: 12,
                    5: 13,
                    6: 21,
                    7: 22,
                    8: 23,
                    9: 24,
                    10: 25,
                    11: 26,
                    12: 31,
                    13: 32,
                    14: 33,
                    15: 41,
                    16: 42,
                    17: 43,
                }
            )
        )
    )
    f = f.with_columns(_grade=grade)
    stage = pl.col("_grade") // 10
    f = c.timed(
        f,
        changes=pl.when(pl.col("moved")).then(pl.col("moved_on")),
        begins=pl.when(c.chance(f, 0.006)).then(c.days_before(f, -80, -5)),
        churn=0.012,
        removed=0.0006,
        oldest=200,
    )
    names = {1: "幼儿园", 2: "小学", 3: "初级中学", 4: "高级中学", 5: "职业技术学校"}
    entered = pl.lit(start.year) - (pl.col("_grade") % 10 - 1)
    away = pl.col("_guardian_population") == AWAY
    school = pl.col("pid") % 5
    words = (
        pl.col("d_township_zh")
        + pl.lit("第")
        + school.replace_strict({0: "一", 1: "二", 2: "三", 3: "四", 4: "五"})
        + stage.replace_strict(names)
    )
    out = c.chance(f, 0.3)
    relation = (
        pl.when(pl.col("_guardian") == pl.col("father")).then(pl.lit("51")).when(pl.col("_guardian").is_not_null()).then(pl.lit("52"))
    )
    external = pl.col("population") == EXTERNAL
    return f.with_columns(
        student_no=pl.lit("G") + pl.coalesce("old_id", "id"),
        id_type=pl.lit("1"),
        id_number=pl.col("id"),
        sex=pl.col("sex").cast(pl.String),
        birth_date=pl.col("birth"),
        ethnic_group=pl.col("ethnic"),
        school_code=pl.lit("21") + pl.col("d_township").str.slice(3, 6) + stage.cast(pl.String) + school.cast(pl.String),
        school_name=pl.col("d_county_zh") + words,
        school_county=pl.col("d_county"),
        stage=stage.cast(pl.String),
        grade=pl.col("_grade").cast(pl.String),
        enrol_month=entered.cast(pl.String) + "09",
        status=pl.when((pl.col("_upd") > 0) & ~pl.col("moved") & out).then(c.among(f, ["02", "03", "05"])).otherwise(pl.lit("01")),
        _b_status=pl.lit("01"),
        boarding=pl.when(stage >= 4).then(c.among(f, ["1", "2"])).otherwise(pl.lit("2")),
        left_behind=pl.when(away).then(c.among(f, ["1", "2"])).otherwise(pl.lit("0")),
        _s_left_behind=pl.lit("0"),
        migrant_child=pl.when(external).then(pl.lit("1")).otherwise(pl.lit("2")),
        aid_type=pl.when(c.chance(f, 0.08))
        .then(stage.replace_strict({1: "04", 2: "05", 3: "01", 4: "02", 5: "03"}))
        .otherwise(pl.lit("00")),
        hukou_division=pl.col("hukou_county"),
        hukou_nature=pl.when(pl.col("h_village").fill_null(False)).then(c.among(f, ["1", "3"])).otherwise(c.among(f, ["2", "3"])),
        address=pl.lit("湖北省荆州市") + pl.col("d_county_zh") + pl.col("d_address"),
        _s_address=pl.lit("湖北省荆州市") + pl.col("o_county_zh") + pl.col("o_address"),
        _b_address=pl.lit("湖北省荆州市") + pl.col("o_county_zh") + pl.col("o_address"),
        guardian_name=pl.col("_guardian_name"),
        guardian_id=pl.col("_guardian_id"),
        guardian_relation=relation,
        guardian_phone=pl.col("_guardian_phone"),
        _s_guardian_phone=pl.lit(None, dtype=pl.String),
        _p_holder=pl.col("pid"),
        _p_guardian=pl.col("_guardian"),
    )
