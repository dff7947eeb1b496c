"""Civil affairs: marriages, social assistance, benefits of elders and disabled people.

Belongs here: clean drafts of these three categories. Does not: damage, formats.
"""

from __future__ import annotations

import polars as pl

from sources.synthetic.lives import STUDENT
from sources.synthetic.people import OUTSIDE, RESIDENT
from sources.synthetic.records import Context, month_paid, padded

COUNTY_WORDS = {
    "421002": "沙市区",
    "421003": "荆州区",
    "421071": "开发区",
    "421022": "公安县",
    "421088": "监利市",
    "421024": "江陵县",
    "421081": "石首市",
    "421083": "洪湖市",
    "421087": "松滋市",
}
PRIOR = {0: "未婚", 3: "离婚"}
"""Status before an event by its kind; 已婚 before all others."""
SEX = pl.when(pl.col("sex") == 1).then(pl.lit("男")).otherwise(pl.lit("女"))


def marriage_registration(c: Context) -> pl.DataFrame:
    """Marriages, divorces, annulments and reissued certificates of couples."""
    people = c.city.people.with_columns(_partner=pl.coalesce("spouse", "former_spouse")).filter(
        pl.col("_partner").is_not_null()
        & (pl.col("pid") < pl.col("_partner"))
        & (pl.col("married_on") < c.dates[-1])
        & (pl.col("married_on").dt.year() > 1953)
    )
    people = people.with_columns(
        man=pl.when(pl.col("sex") == 1).then(pl.col("pid")).otherwise(pl.col("_partner")),
        woman=pl.when(pl.col("sex") == 1).then(pl.col("_partner")).otherwise(pl.col("pid")),
    )
    people = c.numbered(people.sort("pid"))
    gone = people.filter(pl.col("ended_on").is_not_null() & (pl.col("ended_on") < c.dates[-1]))
    ended, annulled = gone.filter(pl.col("marital") != 10), gone.filter(pl.col("marital") == 10)
    f = c.chosen(people, round(c.target * 0.93) - gone.height).sort("pid")
    lost = ended.filter(c.chance(ended, 0.04))
    again = f.filter(pl.Series(c.rng.random(f.height) < 0.03))
    kinds = [
        (f, "结婚登记", "J", pl.col("married_on"), 0),
        (
            ended,
            "离婚登记",
            "L",
            pl.col("ended_on"),
            1,
        ),
        (lost, "补领离婚证", "BL", pl.max_horizontal("ended_on", c.days_before(lost, -140, 3000)), 3),
        (annulled, "撤销婚姻", "C", pl.col("ended_on"), 4),
        (again, "补领结婚证", "B", pl.max_horizontal("married_on", c.days_before(again, -140, 6000)), 2),
    ]
    number = pl.col("married_on").dt.year().cast(pl.String) + "-" + padded("_n", 7)
    parts = []
    for part, word, letter, day, kind in kinds:
        g = c.at(part, "hukou", "d_", ("county", "county_zh", "address"))
        county = pl.col("d_county").replace("421071", "421002").fill_null("421002")
        parts.append(
            g.with_columns(
                _day=day,
                event_type=pl.lit(word),
                cert_no=pl.lit(letter) + county + "-" + day.dt.year().cast(pl.String) + "-" + padded("_n", 7),
                original_cert_no=pl.when(pl.lit(kind > 0)).then(pl.lit("J") + county + "-" + number),
                office=pl.when(county.is_in(["421002", "421003"]))
                .then(pl.lit("荆州市") + pl.col("d_county_zh").fill_null("沙市区"))
                .otherwise(pl.col("d_county_zh").fill_null("荆州市"))
                + "民政局婚姻登记处",
                man_prior=pl.lit(PRIOR.get(kind, "已婚")),
                woman_prior=pl.lit(PRIOR.get(kind, "已婚")),
            )
        )
    f = pl.concat(parts).filter(pl.col("_day") <= c.dates[-1])
    f = c.timed(f, begins=pl.col("_day"), churn=0.002)
    for side in ("man", "woman"):
        f = c.person(f, side, "name", "id", "birth", "phone")
    old = pl.col("_day").dt.year() < 1994
    home = pl.lit("湖北省荆州市") + pl.col("d_county_zh") + pl.col("d_address")
    return f.with_columns(
        register_date=pl.col("_day"),
        entry_date=pl.max_horizontal("_day", pl.col("_on")),
        man_hukou=pl.when(c.chance(f, 0.7)).then(home),
        woman_hukou=pl.when(c.chance(f, 0.55)).then(home),
        man_id=pl.when(~old | c.chance(f, 0.5)).then(pl.col("man_id")),
        woman_id=pl.when(~old | c.chance(f, 0.5)).then(pl.col("woman_id")),
        man_birth=pl.col("man_birth"),
        woman_birth=pl.col("woman_birth"),
        man_phone=pl.when(c.chance(f, 0.35)).then(pl.col("man_phone")),
        woman_phone=pl.when(c.chance(f, 0.35)).then(pl.col("woman_phone")),
        validity=c.among(f, ["有效", "作废"], [0.997, 0.003]),
        _p_spouse_a=pl.col("man"),
        _p_spouse_b=pl.col("woman"),
    ).with_columns(_b_office=pl.lit("荆州市民政局婚姻登记处"), _b_man_birth=pl.col("man_birth") - pl.duration(days=1))


def social_assistance(c: Context) -> pl.DataFrame:
    """Cases of households: every living member is a row; the first adult applies."""
    people = c.city.people.filter((pl.col("population") == RESIDENT) & pl.col("alive") & pl.col("dwelling").is_not_null())
    houses = (
        people.group_by("household")
        .agg(
            members=pl.len().cast(pl.Int64),
            applicant=pl.col("pid").sort_by(pl.col("age").lt(18), "slot").first(),
            eldest=pl.col("age").max(),
        )
        .sort("household")
    )
    houses = c.chosen(houses, max(2, round(c.target / 2.4)), pl.when(pl.col("eldest") > 60).then(3.0).otherwise(1.0))
    houses = c.numbered(houses, "_case")
    alone = (pl.col("members") == 1) & (pl.col("eldest") > 60)
    approved = c.days_before(houses, -200, 2500)
    houses = houses.with_columns(
        _income=c.number(houses, 90, 640, 1),
        _approved=approved,
        _kind=pl.when(alone & c.chance(houses, 0.4))
        .then(pl.lit("特困供养"))
        .otherwise(c.among(houses, ["农村低保", "城市低保", "临时救助", "低保边缘"], [0.62, 0.2, 0.1, 0.08])),
        _state=c.among(houses, ["在享", "暂停", "停止"], [0.93, 0.02, 0.05]),
        _shift=c.number(houses, 0, 3),
    )
    houses = houses.filter(pl.col("_approved") <= c.dates[-1])
    f = people.join(houses, on="household", how="inner", maintain_order="left").sort(
        "_case", pl.col("pid") != pl.col("applicant"), "slot", "pid"
    )
    f = f.with_columns(_member=pl.int_range(1, pl.len() + 1).over("_case"))
    f = c.person(c.at(f, "seat", "d_"), "applicant", "name", "id", "spouse", "father", "mother")
    f = c.timed(f, begins=pl.col("_approved"), churn=0.0, oldest=30)
    own = pl.col("pid") == pl.col("applicant")
    child = (pl.col("father") == pl.col("applicant")) | (pl.col("mother") == pl.col("applicant"))
    relation = (
        pl.when(own)
        .then(pl.lit("本人"))
        .when(pl.col("applicant_spouse") == pl.col("pid"))
        .then(pl.lit("配偶"))
        .when(child)
        .then(pl.when(pl.col("sex") == 1).then(pl.lit("儿子")).otherwise(pl.lit("女儿")))
        .when(pl.col("applicant_father") == pl.col("pid"))
        .then(pl.lit("父亲"))
        .when(pl.col("applicant_mother") == pl.col("pid"))
        .then(pl.lit("母亲"))
        .otherwise(pl.lit("其他"))
    )
    single = pl.col("_kind") == "特困供养"
    amount = pl.when(single).then(1000).otherwise(((680 - pl.col("_income")) * pl.col("members")).clip(200, 4000)).round(0).cast(pl.Int64)
    ended = pl.col("_state") == "停止"
    month = month_paid(c, "%Y年%-m月")
    return f.with_columns(
        case_no=pl.lit("DB")
        + pl.col("d_county").replace("421071", "421002")
        + "-"
        + pl.col("_approved").dt.year().cast(pl.String)
        + "-"
        + padded("_case", 5),
        member_no=pl.col("_member").cast(pl.String),
        id_number=pl.col("id"),
        sex=SEX,
        birth_date=pl.col("birth"),
        relation=relation,
        assistance_type=pl.col("_kind"),
        household_members=pl.col("members").cast(pl.String),
        covered_members=pl.col("members").cast(pl.String),
        income_per_head=pl.col("_income").cast(pl.String),
        monthly_amount=amount.cast(pl.String),
        support_mode=pl.when(single).then(pl.lit("分散供养")),
        labour_capacity=pl.when((pl.col("age") < 16) | (pl.col("work") == STUDENT))
        .then(pl.lit("未成年或在校"))
        .when(pl.col("age") > 64)
        .then(pl.lit("丧失劳动能力"))
        .otherwise(c.among(f, ["有劳动能力", "部分丧失", "丧失劳动能力"], [0.5, 0.35, 0.15])),
        _s_labour_capacity=pl.lit("部分丧失"),
        county=pl.col("d_county").replace_strict(COUNTY_WORDS, default=None),
        township=pl.col("d_township_zh"),
        community=pl.col("d_community"),
        address=pl.col("d_community") + pl.col("d_local"),
        approval_date=pl.col("_approved"),
        end_date=pl.when(ended).then(c.days_before(f, 5, 300)),
        last_paid_month=month,
        status=pl.col("_state"),
        _s_status=pl.lit("在享"),
        updated_on=pl.col("_on"),
        _guardian_id=pl.when((pl.col("age") < 18) & ~own).then(pl.col("applicant_id")),
        _p_holder=pl.col("pid"),
        _p_applicant=pl.col("applicant"),
    )


def elderly_disability_benefits(c: Context) -> pl.DataFrame:
    """Old-age allowances from 80, subsidies for disabled people, elders living alone or without children."""
    people = c.city.people.filter(
        (pl.col("population") == RESIDENT) & (pl.col("alive") | (pl.col("death") > c.full)) & pl.col("seat").is_not_null()
    )
    old = people.filter((pl.col("age") > 80.2) & pl.Series(c.rng.random(people.height) < 0.93)).with_columns(_kind=pl.lit("高龄津贴"))
    alone = people.filter((pl.col("age") > 63) & (pl.col("occupants") <= 2)).filter(pl.col("slot") <= 1)
    alone = c.chosen(alone, round(c.target * 0.3)).with_columns(_kind=pl.lit("独居空巢登记"))
    chosen_old = c.chosen(old, max(2, round(c.target * 0.39)))
    disabled = c.chosen(people.filter(pl.col("age") > 5), max(2, c.target - alone.height - chosen_old.height))
    disabled = disabled.with_columns(_kind=c.among(disabled, ["困难残疾人生活补贴", "重度残疾人护理补贴"], [0.55, 0.45]))
    f = pl.concat([chosen_old, alone, disabled])
    f = c.person(c.numbered(c.at(f, "seat", "d_")), "spouse", "name", "phone", "alive")
    children = c.city.people.filter((pl.col("age") > 20) & (pl.col("population") < OUTSIDE)).select(
        "pid", "name", "phone", "father", "mother"
    )
    children = (
        pl.concat([children.select("pid", "name", "phone", parent=key) for key in ("father", "mother")])
        .drop_nulls("parent")
        .sort("parent", "pid")
        .unique("parent", keep="first", maintain_order=True)
        .rename({"pid": "_child", "name": "_child_name", "phone": "_child_phone"})
    )
    f = f.join(children, left_on="pid", right_on="parent", how="left", maintain_order="left")
    allowance = pl.col("_kind") == "高龄津贴"
    start = (
        pl.when(allowance)
        .then(pl.max_horizontal(pl.col("birth").dt.offset_by("80y"), pl.lit(c.full) - pl.duration(days=3500)))
        .otherwise(c.days_before(f, -120, 2800))
    )
    f = f.with_columns(_start=start).filter(pl.col("_start") <= c.dates[-1])
    dead = ~pl.col("alive") & ~c.chance(f, 0.1)
    f = c.timed(
        f,
        begins=pl.col("_start"),
        changes=pl.when(dead).then(pl.col("death") + pl.duration(days=12)),
        churn=0.03,
        removed=0.0008,
        oldest=500,
    )
    stopped = ~pl.col("alive") & (pl.col("_upd") > 0)
    f = f.with_columns(
        _stopped=stopped,
        _category=c.among(f, ["视力", "听力", "言语", "肢体", "智力", "精神", "多重"], [0.12, 0.14, 0.03, 0.45, 0.1, 0.1, 0.06]),
        _level=pl.when(pl.col("_kind") == "重度残疾人护理补贴")
        .then(c.among(f, ["一级", "二级"]))
        .otherwise(c.among(f, ["二级", "三级", "四级"])),
    )
    subsidy = pl.col("_kind").str.contains("补贴")
    spouse_alive = pl.col("spouse").is_not_null() & pl.col("spouse_alive").fill_null(False)
    living = (
        pl.when(pl.col("occupants") == 1)
        .then(pl.when(pl.col("_child").is_null() & ~spouse_alive).then(pl.lit("孤寡")).otherwise(pl.lit("独居")))
        .when(spouse_alive & (pl.col("occupants") == 2))
        .then(pl.lit("空巢"))
        .otherwise(pl.lit("与子女同住"))
    )
    letter = pl.col("_kind").replace_strict(
        {"高龄津贴": "GL", "独居空巢登记": "KC", "困难残疾人生活补贴": "SH", "重度残疾人护理补贴": "HL"}
    )
    digit = {"视力": "1", "听力": "2", "言语": "3", "肢体": "4", "智力": "5", "精神": "6", "多重": "7"}
    contact = c.chance(f, 0.75)
    with_child = contact & pl.col("_child").is_not_null()
    with_spouse = contact & pl.col("_child").is_null() & spouse_alive
    amount = pl.col("_kind").replace_strict({"高龄津贴": "100", "困难残疾人生活补贴": "88", "重度残疾人护理补贴": "120"}, default=None)
    return f.with_columns(
        benefit_no=letter + pl.col("d_county").replace("421071", "421002") + "-" + padded("_n", 8),
        benefit_type=pl.col("_kind"),
        id_number=pl.col("id"),
        sex=SEX,
        birth_date=pl.col("birth"),
        living_type=pl.when(~subsidy).then(living),
        _s_living_type=pl.lit("与子女同住"),
        disability_cert_no=pl.when(subsidy).then(
            pl.col("id")
            + pl.col("_category").replace_strict(digit)
            + pl.col("_level").replace_strict({"一级": "1", "二级": "2", "三级": "3", "四级": "4"})
        ),
        disability_category=pl.when(subsidy).then(pl.col("_category")),
        disability_level=pl.when(subsidy).then(pl.col("_level")),
        self_care=pl.when(pl.col("age") > 60).then(c.among(f, ["完全自理", "基本自理", "半自理", "不能自理"], [0.5, 0.3, 0.14, 0.06])),
        contact_name=pl.when(with_child).then(pl.col("_child_name")).when(with_spouse).then(pl.col("spouse_name")),
        contact_relation=pl.when(with_child).then(pl.lit("子女")).when(with_spouse).then(pl.lit("配偶")),
        contact_phone=pl.when(with_child).then(pl.col("_child_phone")).when(with_spouse).then(pl.col("spouse_phone")),
        monthly_amount=amount,
        start_date=pl.col("_start"),
        end_date=pl.when(pl.col("_stopped")).then(pl.col("_on")),
        _b_end_date=pl.lit(None, dtype=pl.Date),
        last_paid_month=pl.when(amount.is_not_null()).then(month_paid(c, "%Y/%-m")),
        status=pl.when(pl.col("_stopped")).then(pl.lit("停止发放")).otherwise(c.among(f, ["正常发放", "暂停发放"], [0.98, 0.02])),
        _b_status=pl.lit("正常发放"),
        _s_status=pl.lit("正常发放"),
        county=pl.col("d_county").replace_strict(COUNTY_WORDS, default=None),
        township=pl.col("d_township_zh"),
        community=pl.col("d_community"),
        address=pl.col("d_community") + pl.col("d_local"),
        visit_date=pl.when(c.chance(f, 0.6)).then(pl.col("_on")),
        one_touch=pl.when(c.chance(f, 0.7)).then(c.among(f, ["是", "否"], [0.3, 0.7])),
        _s_phone=pl.lit(None, dtype=pl.String),
        _p_holder=pl.col("pid"),
        _p_contact=pl.when(with_child).then(pl.col("_child")).when(with_spouse).then(pl.col("spouse")),
    )
