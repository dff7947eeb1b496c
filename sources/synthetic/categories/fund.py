"""Housing fund: accounts and loans.

Belongs here: clean drafts of these two categories. Does not: damage, formats.
"""

from __future__ import annotations

import polars as pl

from sources.synthetic.lives import EMPLOYEE, PUBLIC, RETIRED
from sources.synthetic.organisation_names import number_of
from sources.synthetic.people import AWAY, RESIDENT
from sources.synthetic.records import Context, padded

EDUCATION = {"14": "02", "21": "03", "31": "04", "41": "05", "44": "05", "61": "06", "71": "07", "81": "07", "90": "07"}


def _account_holders(c: Context) -> pl.DataFrame:
    people = c.city.people.filter(
        pl.col("population").is_in([RESIDENT, AWAY])
        & (pl.col("age") > 20.5)
        & (pl.col("age") < 66)
        & pl.col("work").is_in([EMPLOYEE, PUBLIC, RETIRED])
    )
    return people.with_columns(account_pid=pl.col("pid")).sort((pl.col("pid").cast(pl.UInt64) * 2654435761) % 4294967296)


def fund_accounts(c: Context) -> pl.DataFrame:
    """Accounts of employees; the number follows from the person, so that loans can name it."""
    f = _account_holders(c)
    f = c.at(f.head(round(c.target / 1.03)), "seat", "d_")
    f = f.with_columns(_open=pl.max_horizontal(pl.col("birth") + pl.duration(days=7700), c.days_before(f, -330, 6500)))
    f = c.timed(f.filter(pl.col("_open") <= c.dates[-1]), begins=pl.col("_open"), churn=0.03, removed=0.0004)
    f = f.with_columns(_base=c.number(f, 2600, 12000) * 100, _rate=c.among(f, [50, 80, 120], [0.4, 0.25, 0.35]))
    closed = (pl.col("age") > 61) & c.chance(f, 0.8)
    status = pl.when(closed).then(pl.lit("04")).otherwise(c.among(f, ["01", "02", "03"], [0.88, 0.1, 0.02]))
    last = pl.when(status == "01").then(pl.col("_on").dt.strftime("%Y%m")).otherwise(c.days_before(f, 40, 1500).dt.strftime("%Y%m"))
    marital = pl.col("marital").cast(pl.Int64).replace_strict({10: "1", 20: "2", 30: "4", 40: "3"}, default="9")
    firm = pl.col("d_county_zh").fill_null("荆州市") + pl.col("employer").fill_null("综合服务有限公司")
    return f.with_columns(
        account_no=pl.lit("4271") + padded("pid", 8),
        employer_no=pl.lit("4271") + number_of(firm),
        employer_name=firm,
        id_type=pl.lit("01"),
        id_number=pl.col("id"),
        sex=pl.when(pl.col("sex") == 1).then(pl.lit("0")).otherwise(pl.lit("1")),
        birth_date=pl.col("birth"),
        marital_status=marital,
        _s_marital_status=pl.lit("1"),
        education_level=pl.col("education").replace_strict(EDUCATION, default="99"),
        address=pl.col("d_county_zh") + pl.col("d_address"),
        _s_address=pl.col("d_community") + pl.col("d_local"),
        open_date=pl.col("_open"),
        status=status,
        _b_status=pl.lit("01"),
        deposit_base=pl.col("_base").cast(pl.String).str.zfill(12),
        rate_employer=pl.col("_rate").cast(pl.String).str.zfill(3),
        rate_person=pl.col("_rate").cast(pl.String).str.zfill(3),
        monthly_deposit=pl.when(status == "01")
        .then(pl.col("_base") * pl.col("_rate") * 2 // 1000)
        .otherwise(0)
        .cast(pl.String)
        .str.zfill(12),
        last_deposit_month=last,
        _s_phone=pl.lit(None, dtype=pl.String),
        _p_holder=pl.col("pid"),
    )


def fund_loans(c: Context) -> pl.DataFrame:
    """Loans of account holders; the co-borrower is the spouse, rarely a parent."""
    f = _account_holders(c).filter((pl.col("age") > 25) & (pl.col("age") < 60))
    f = c.at(c.numbered(c.chosen(f)), "seat", "d_")
    single = pl.col("spouse").is_null()
    f = f.with_columns(
        _co=pl.when(~single & c.chance(f, 0.6)).then(pl.col("spouse")).when(single & c.chance(f, 0.1)).then(pl.coalesce("father", "mother"))
    )
    f = c.person(f, "_co", "name", "id", "phone")
    f = f.with_columns(_issue=c.days_before(f, -320, 4200))
    f = c.timed(f.filter(pl.col("_issue") <= c.dates[-1]), begins=pl.col("_issue"), churn=0.06, removed=0.0004)
    amount, months = c.number(f, 12, 70), c.among(f, [120, 180, 240, 360], [0.1, 0.2, 0.4, 0.3])
    f = f.with_columns(_amount=amount, _months=months)
    settled = c.chance(f, 0.12)
    paid = (pl.lit(c.dates[-1]) - pl.col("_issue")).dt.total_days() / 30.4 / pl.col("_months")
    balance = (pl.col("_amount") * 10000 * (1 - paid).clip(0.02, 1)).round(2)
    marital = pl.col("marital").cast(pl.Int64).replace_strict({10: "未婚", 20: "已婚", 30: "丧偶", 40: "离婚"}, default="未婚")
    f = f.with_columns(_settled=settled)
    return f.with_columns(
        contract_no=pl.lit("JZGJJ") + pl.col("_issue").dt.year().cast(pl.String) + padded("_n", 6),
        borrower_name=pl.col("name"),
        borrower_id=pl.col("id"),
        borrower_sex=pl.when(pl.col("sex") == 1).then(pl.lit("男")).otherwise(pl.lit("女")),
        borrower_phone=pl.col("phone"),
        _s_borrower_phone=pl.lit(None, dtype=pl.String),
        borrower_account_no=pl.lit("4271") + padded("pid", 8),
        borrower_marital=marital,
        _s_borrower_marital=pl.lit("未婚"),
        co_borrower_name=pl.col("_co_name"),
        co_borrower_id=pl.col("_co_id"),
        co_borrower_phone=pl.when(c.chance(f, 0.8)).then(pl.col("_co_phone")),
        co_relation=pl.when(pl.col("_co").is_not_null()).then(pl.when(single).then(pl.lit("父母")).otherwise(pl.lit("配偶"))),
        property_address=pl.lit("荆州市") + pl.col("d_county_zh") + pl.col("d_address"),
        property_area=c.number(f, 62, 150, 2).cast(pl.String),
        purpose=c.among(f, ["购买新建商品房", "购买二手房", "自建翻建大修"], [0.7, 0.27, 0.03]),
        loan_amount=pl.col("_amount").cast(pl.String),
        balance=pl.when(pl.col("_settled")).then(pl.lit("0.00")).otherwise(balance.cast(pl.String)),
        _b_balance=(balance + 1834.5).round(2).cast(pl.String),
        term_months=pl.col("_months").cast(pl.String),
        issue_date=pl.col("_issue"),
        settle_date=pl.when(pl.col("_settled")).then(pl.col("_on")),
        _b_settle_date=pl.lit(None, dtype=pl.Date),
        status=pl.when(pl.col("_settled")).then(pl.lit("结清")).otherwise(c.among(f, ["正常还款", "逾期"], [0.97, 0.03])),
        _b_status=pl.lit("正常还款"),
        _p_borrower=pl.col("pid"),
        _p_co_borrower=pl.col("_co"),
    )
