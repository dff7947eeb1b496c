"""The mess of the registers: every defect of the vocabulary as an expression over a column.

Belongs here: applying the defects in their order; rules for telephones, addresses, dates, codes.
Does not: numbers and names (person_defects.py), rows added or broken in the file (deliveries.py).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from sources.synthetic import address_defects, addresses, person_defects
from sources.synthetic.damage import Change, Damage, DefectRates, filled, wide

__all__ = ["DefectRates", "apply"]


def apply(damage: Damage, frame: pl.DataFrame, stage: str) -> pl.DataFrame:
    """All known defects of one stage: `dates` before dates become text, `cells` after, `stale` before both."""
    for known in damage.contract.known_defects:
        if STAGES.get(known.defect) != stage:
            continue
        share = damage.rates.share(damage.contract.category, known.defect, known.share)
        if known.defect == "division_retired":
            frame = _retired(damage, frame, known.columns, share)
            continue
        for column in known.columns:
            if column in frame.columns and share > 0:
                frame = _one(damage, frame, known.defect, column, share)
    return _with_junk(damage, frame) if stage == "cells" else frame


def damage_addresses(damage: Damage, frame: pl.DataFrame) -> pl.DataFrame:
    """The address cells alone (benchmarks): the frame holds them with the columns of addresses.py."""
    stated = {known.defect: known.columns for known in damage.contract.known_defects if known.defect.startswith(("address_", "full_width"))}
    shares = {known.defect: known.share for known in damage.contract.known_defects}
    spots = addresses.SPOTS.get(damage.contract.category, {})
    for defect, columns in stated.items():
        share = damage.rates.share(damage.contract.category, defect, shares[defect])
        for column in columns:
            frame = _one(damage, frame, defect, column, share) if column in frame.columns and column in spots else frame
    return _with_junk(damage, frame)


def _with_junk(damage: Damage, frame: pl.DataFrame) -> pl.DataFrame:
    share = damage.rates.share(damage.contract.category, "address_junk", address_defects.JUNK)
    for column in addresses.SPOTS.get(damage.contract.category, {}):
        frame = _one(damage, frame, "address_junk", column, share) if column in frame.columns else frame
    return frame


def _one(damage: Damage, frame: pl.DataFrame, defect: str, column: str, share: float) -> pl.DataFrame:
    if defect == "stale" and f"_s_{column}" not in frame.columns:
        return frame
    damage.lost, damage.away = pl.lit(0), pl.lit(False)
    eligible, value = RULES[defect](damage, frame, column)
    untouched = pl.col(f"_d_{column}").is_null() if f"_d_{column}" in frame.columns else pl.lit(True)
    hit = damage.hit(frame, eligible & untouched, share)
    if not hit.any():
        return frame
    earlier = pl.col(f"_d_{column}") if f"_d_{column}" in frame.columns else pl.lit(None, dtype=pl.String)
    note = pl.when(hit).then(pl.lit(defect)).otherwise(earlier)
    changes = {column: pl.when(hit).then(value).otherwise(pl.col(column)), f"_d_{column}": note}
    follow = [name for name in addresses.followers(column) if name in frame.columns]
    if defect == "stale":
        told = [name for name in follow if f"_s_{name}" in frame.columns]
        return frame.with_columns(**changes, **{name: pl.when(hit).then(pl.col(f"_s_{name}")).otherwise(pl.col(name)) for name in told})
    if follow:
        meant, lost = follow
        changes[lost] = pl.when(hit).then(damage.lost).otherwise(pl.col(lost)).cast(pl.Int64)
        changes[meant] = pl.when(hit & damage.away).then(None).otherwise(pl.col(meant))
    frame = frame.with_columns(**changes)
    before = [name for name in (column, *follow) if f"_b_{name}" in frame.columns]
    return frame.with_columns(**{f"_b_{name}": pl.when(hit).then(pl.col(name)).otherwise(pl.col(f"_b_{name}")) for name in before})


def _retired(damage: Damage, frame: pl.DataFrame, columns: tuple[str, ...], share: float) -> pl.DataFrame:
    hit = damage.hit(frame, pl.any_horizontal(pl.col(name).str.starts_with("421088") for name in columns), share)
    return frame.with_columns(pl.when(hit).then(pl.col(name).str.replace("^421088", "421023")).otherwise(pl.col(name)) for name in columns)


def _shared_phone(d: Damage, f: pl.DataFrame, c: str) -> Change:
    role = d.role_of(c) or d.contract.person_roles[0].role
    pid = f[f"_p_{role}"]
    relative = d.people.select(pl.coalesce("spouse", "father", "mother")).to_series().gather(pid.fill_null(0))
    family = d.people["phone"].gather(relative.fill_null(0))
    family = family.zip_with(relative.is_not_null(), pl.Series([None] * f.height, dtype=pl.String))
    clerk = (pid.fill_null(0) % 97 + 19999000000).cast(pl.String)
    use_clerk = pl.Series(d.rng.random(f.height) < 0.04)
    value = pl.when(use_clerk).then(pl.lit(clerk)).otherwise(pl.lit(family))
    return value.is_not_null() & (value != pl.col(c).fill_null("")), value


def _phone_word(d: Damage, f: pl.DataFrame, _: str) -> Change:
    return pl.lit(True), d.words(f, ["13000000000", "11111111111", "0", "无"])


def _phone_form(d: Damage, f: pl.DataFrame, c: str) -> Change:
    kind, phone = pl.lit(d.integers(f, 0, 8)), pl.col(c)
    hyphens = phone.str.slice(0, 3) + "-" + phone.str.slice(3, 4) + "-" + phone.str.slice(7)
    spaces = phone.str.slice(0, 3) + " " + phone.str.slice(3, 4) + " " + phone.str.slice(7)
    landline = pl.lit("8") + phone.str.slice(5, 6)
    value = (
        pl.when(kind == 0)
        .then("+86" + phone)
        .when(kind == 1)
        .then("86" + phone)
        .when(kind == 2)
        .then(hyphens)
        .when(kind == 3)
        .then(spaces)
        .when(kind == 4)
        .then(wide(c))
        .when(kind == 5)
        .then("0716" + landline)
        .when(kind == 6)
        .then("0716-" + landline)
        .otherwise(phone + "/0716" + landline)
    )
    return phone.str.contains(r"^199\d{8}$"), value


def _date_placeholder(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return filled(c), d.words(f, ["1900-01-01", "1949-10-01", "9999-12-31"]).str.to_date("%Y-%m-%d")


def _lunar(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return filled(c), pl.col(c) - pl.duration(days=pl.lit(d.integers(f, 15, 56)))


def _impossible(_: Damage, __: pl.DataFrame, c: str) -> Change:
    text = pl.col(c)
    value = (
        text.str.replace(r"^(\d{4})\d{4}$", "${1}0230")
        .str.replace(r"^(\d{4})-\d\d-\d\d$", "${1}-02-30")
        .str.replace(r"^(\d{4})/\d+/\d+$", "${1}/2/30")
    )
    return filled(c), value


def _other_style(d: Damage, f: pl.DataFrame, c: str) -> Change:
    day = pl.col(f"_t_{c}")
    kind = pl.lit(d.integers(f, 0, 3))
    plain = {"YYYY-MM-DD": "%Y/%-m/%-d", "YYYY/M/D": "%Y年%-m月%-d日", "YYYY年M月D日": "%Y-%m-%d"}.get(
        d.contract.delivery.date_format, "%Y-%m-%d"
    )
    return day.is_not_null(), pl.when(kind == 0).then(day.dt.strftime("%Y.%-m.%-d")).when(kind == 1).then(
        day.dt.strftime("%Y%m%d")
    ).otherwise(day.dt.strftime(plain))


def _word(d: Damage, f: pl.DataFrame, c: str) -> Change:
    codes = d.contract.column(c).codes
    values = d.catalogue.lists[codes].values if codes else ()
    table = {value.code: [word for word in (*value.aliases, value.zh) if word != value.code] for value in values}
    first = {code: options[0] for code, options in table.items() if options}
    last = {code: options[-1] for code, options in table.items() if options}
    chosen = pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(pl.col(c).replace(first)).otherwise(pl.col(c).replace(last))
    return pl.col(c).is_in(list(first)), chosen


def _null_word(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return pl.col(c).is_null(), d.words(f, ["NULL", "空", "-", "/", "无"])


def _unknown(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return filled(c), d.words(f, ["88", "X9"])


def _spaces(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return filled(c), d.words(f, ["", " ", "  "]) + pl.col(c) + " "


def _full_width(_: Damage, __: pl.DataFrame, c: str) -> Change:
    return filled(c), wide(c)


def _stale(_: Damage, __: pl.DataFrame, c: str) -> Change:
    old = pl.col(f"_s_{c}")
    return (old.is_null() & filled(c)) | (old != pl.col(c)), old


RULES: dict[str, Callable[[Damage, pl.DataFrame, str], Change]] = {
    "id_15_digit": person_defects.id_15,
    "id_lower_x": person_defects.lower_x,
    "id_placeholder": person_defects.placeholder,
    "id_missing": person_defects.missing,
    "id_newborn": person_defects.newborn,
    "id_guardian_used": person_defects.guardian,
    "id_typing": person_defects.typing,
    "id_two_people": person_defects.two_people,
    "id_precision_lost": person_defects.precision,
    "id_text_guard": person_defects.guard,
    "id_full_width": person_defects.wide_number,
    "name_rare_char": person_defects.rare,
    "name_traditional": person_defects.traditional,
    "name_middle_dot": person_defects.dot,
    "name_title": person_defects.title,
    "name_married": person_defects.married,
    "name_former": person_defects.former,
    "name_homophone": person_defects.homophone,
    "name_spaces": person_defects.spaced_name,
    "name_truncated": person_defects.truncated,
    "phone_shared": _shared_phone,
    "phone_placeholder": _phone_word,
    "phone_form": _phone_form,
    "address_short": address_defects.short,
    "address_wording": address_defects.wording,
    "address_old_name": address_defects.old_place,
    "address_rural": address_defects.rural,
    "address_junk": address_defects.junk,
    "date_placeholder": _date_placeholder,
    "date_lunar": _lunar,
    "date_impossible": _impossible,
    "date_other_style": _other_style,
    "code_as_word": _word,
    "null_word": _null_word,
    "code_unknown": _unknown,
    "spaces": _spaces,
    "full_width": _full_width,
    "stale": _stale,
}
STAGES = dict.fromkeys(RULES, "cells") | {
    "division_retired": "cells",
    "stale": "stale",
    "date_placeholder": "dates",
    "date_lunar": "dates",
}
"""When a defect acts. duplicate_key and duplicate_person add rows (deliveries.py)."""
