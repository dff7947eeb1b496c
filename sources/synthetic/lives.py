"""What happens to the people: births and deaths, marriages, moves away, schooling, work; and what they are called.

Belongs here: one frame with everything true about a person. Does not: where they live (housing.py),
what registers say (categories).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sources.synthetic import names, numbers, people, tables
from sources.synthetic.people import AWAY, EXTERNAL, KINDS, MOVED_OUT, NOBODY, OUTSIDE, RESIDENT, Families

Array = NDArray[Any]
DAY = "datetime64[D]"
NAT = np.datetime64("NaT", "D")
CHILD, STUDENT, EMPLOYEE, PUBLIC, FARMER, UNEMPLOYED, RETIRED, HOME = range(8)


def people_frame(rng: np.random.Generator, families: Families, as_of: date) -> pl.DataFrame:
    """One row per person: `pid` from 0, truths and names."""
    people.add_outside(families, rng)
    _leave(rng, families)
    birth = _births(families, as_of)
    death = _deaths(rng, families, as_of)
    marital, married_on, ended_on = _marriages(rng, families, birth, death, as_of)
    surname, given, ethnic, minority = _names(rng, families, birth)
    name = np.where(minority, names.minority_names(rng, families.count), surname + given)
    frame = pl.DataFrame(
        {
            "pid": np.arange(families.count),
            "household": families.household,
            "slot": families.slot,
            "kind": families.kind,
            "sex": families.sex,
            "population": families.population,
            "twin": families.twin,
            "marital": marital,
            "name": name.astype(str),
            "ethnic": ethnic,
            "minority": minority,
        }
    ).with_columns(
        *(
            pl.Series(key, values).cast(pl.Date)
            for key, values in (("birth", birth), ("death", death), ("married_on", married_on), ("ended_on", ended_on))
        ),
        *(
            pl.Series(key, values).replace(NOBODY, None).alias(key)
            for key, values in (
                ("father", families.father),
                ("mother", families.mother),
                ("spouse", families.spouse),
                ("former_spouse", families.former_spouse),
            )
        ),
    )
    frame = _numbered(rng, frame, birth, families)
    former = names.former_names(rng, surname, given)
    changed = (rng.random(families.count) < 0.015) & ~minority
    frame = frame.with_columns(
        pl.Series("former_name", [text if use else None for text, use in zip(former, changed, strict=True)], dtype=pl.String),
        alive=pl.col("death").is_null(),
        age=((pl.lit(as_of) - pl.col("birth")).dt.total_days() / 365.25),
    )
    return _coincidences(rng, _occupied(rng, frame))


def _leave(rng: np.random.Generator, families: Families) -> None:
    draw = rng.random(families.count)
    working = (families.population == RESIDENT) & (families.age > 18) & (families.age < 50)
    skipped = (families.kind == KINDS.index("skipped_generation")) & (families.slot <= 1)
    families.population[working & ((draw < 0.14) | skipped)] = AWAY
    families.population[working & (draw > 0.965) & ~skipped] = MOVED_OUT


def _births(families: Families, as_of: date) -> Array:
    days = np.maximum(np.round(families.age * 365.25).astype(np.int64), 3)
    birth = np.datetime64(as_of, "D") - days
    earliest = np.datetime64("1920-01-01", "D") + np.arange(families.count) * 7 % 1500
    return np.where(birth < np.datetime64("1920-01-01", "D"), earliest, birth)


def _deaths(rng: np.random.Generator, families: Families, as_of: date) -> Array:
    """Deaths of the last three years by age; most former spouses of elders are dead, and old parents outside."""
    rate = np.clip(np.exp((families.age - 108) / 10.5), 0.0004, 0.5) * 2.9
    recent = (rng.random(families.count) < rate) & (families.population == RESIDENT) & (families.age > 25)
    days = rng.integers(3, 1050, families.count)
    outside = (families.population == OUTSIDE) & (rng.random(families.count) < np.where(families.age > 62, 0.72, 0.02))
    long_ago = np.minimum(rng.integers(200, 7300, families.count), (families.age * 365.25 * 0.35).astype(int))
    death = np.full(families.count, NAT, dtype=DAY)
    death[recent] = (np.datetime64(as_of, "D") - days)[recent]
    death[outside] = (np.datetime64(as_of, "D") - long_ago)[outside]
    return death


def _marriages(rng: np.random.Generator, families: Families, birth: Array, death: Array, as_of: date) -> tuple[Array, Array, Array]:
    """Status (10, 20, 30, 40), day of the last marriage, day of its end by divorce, or by annulment (then the status is 10)."""
    count = families.count
    status = np.full(count, 10)
    married = np.full(count, NAT, dtype=DAY)
    ended = np.full(count, NAT, dtype=DAY)
    day = np.datetime64(as_of, "D")
    for partner in (families.spouse, families.former_spouse):
        ids = np.flatnonzero((partner >= 0) & (np.arange(count) < partner))
        other = partner[ids]
        start = np.maximum(birth[ids], birth[other]) + (rng.uniform(20.6, 29, len(ids)) * 365.25).astype(int)
        start = np.minimum(start, day - rng.integers(4, 900, len(ids)))
        married[ids] = married[other] = start
    couple = families.spouse >= 0
    status[couple] = 20
    dead_spouse = couple & ~np.isnat(np.where(couple, death[families.spouse], NAT))
    status[dead_spouse] = 30
    former = np.flatnonzero(families.former_spouse >= 0)
    dead_former = ~np.isnat(death[families.former_spouse[former]])
    status[former] = np.where(dead_former, 30, 40)
    divorced = former[~dead_former]
    first = divorced[divorced < families.former_spouse[divorced]]
    length = ((day - married[first]).astype(int) * rng.uniform(0.05, 0.98, len(first))).astype(int)
    ended[first] = ended[families.former_spouse[first]] = married[first] + length
    annulled = first[rng.random(len(first)) < 0.03]
    latest = np.minimum(married[annulled] + rng.integers(30, 330, len(annulled)), day - 1)
    for side in (annulled, families.former_spouse[annulled]):
        ended[side], status[side] = latest, 10
    alone = (families.population == OUTSIDE) & (families.former_spouse < 0)
    status[alone] = 20
    return status, married, ended


def _names(rng: np.random.Generator, families: Families, birth: Array) -> tuple[Array, Array, Array, Array]:
    surname = names.surnames(rng, families.count)
    for generation in range(3):
        for ids in (
            np.flatnonzero(families.father >= 0),
            np.flatnonzero((families.father < 0) & (families.mother >= 0)),
        ):
            parent = np.where(families.father[ids] >= 0, families.father[ids], families.mother[ids])
            elder = families.slot[ids] <= 1
            take = elder if generation < 1 else ~elder
            surname[ids[take]] = surname[parent[take]]
    given = names.given_names(rng, families.sex, birth.astype("datetime64[Y]").astype(int) + 1970)
    minority = rng.random(families.count) < np.where(families.population == EXTERNAL, 0.012, 0.0022)
    ethnic = np.full(families.count, "01", dtype=object)
    other = np.flatnonzero(rng.random(families.count) < 0.03)
    ethnic[other] = np.array(["15", "03", "06", "11", "08", "02"], dtype=object)[rng.integers(0, 6, len(other))]
    ethnic[minority] = "05"
    return surname, given, ethnic.astype(str), minority


def _numbered(rng: np.random.Generator, frame: pl.DataFrame, birth: Array, families: Families) -> pl.DataFrame:
    """ID numbers; numbers that were corrected later; a few issued twice before 1999; telephones."""
    corrected = np.flatnonzero(rng.random(families.count) < 0.001)
    wrong = birth[corrected] - rng.integers(10, 700, len(corrected))
    issued = numbers.allocate(np.r_[birth, wrong], np.r_[families.sex, families.sex[corrected]])
    own = issued.head(families.count).to_numpy().astype(object)
    old = np.full(families.count, None, dtype=object)
    old[corrected] = issued.tail(len(corrected)).to_numpy() if len(corrected) else []
    order = np.lexsort((rng.random(families.count), families.sex, birth))
    left, right = order[:-1], order[1:]
    known = (families.population[left] != OUTSIDE) & (families.population[right] != OUTSIDE)
    pairs = np.flatnonzero(
        (birth[left] == birth[right])
        & (families.sex[left] == families.sex[right])
        & known
        & (birth[left] < np.datetime64("1999-01-01"))
        & (rng.random(len(left)) < 0.0004)
    )
    pairs = pairs[np.r_[True, np.diff(pairs) > 1]] if len(pairs) else pairs
    own[right[pairs]] = own[left[pairs]]
    double = np.zeros(families.count, dtype=bool)
    double[right[pairs]] = double[left[pairs]] = True
    phone = numbers.phones(rng, families.count)
    has = (families.age > 13) & (rng.random(families.count) < np.where(families.age > 75, 0.7, 0.96))
    return frame.with_columns(
        pl.Series("id", own.astype(str)),
        pl.Series("old_id", old.tolist(), dtype=pl.String),
        pl.Series("double_issued", double),
        pl.when(pl.Series(has)).then(pl.Series(phone).cast(pl.String)).alias("phone"),
    )


def _occupied(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    """Work and schooling by age; both chosen once and used by every department."""
    age = frame["age"].to_numpy()
    draw = rng.random(len(age))
    work = np.where(
        draw < 0.36,
        EMPLOYEE,
        np.where(draw < 0.47, PUBLIC, np.where(draw < 0.8, FARMER, np.where(draw < 0.88, UNEMPLOYED, HOME))),
    )
    work = np.where(age < 3, CHILD, np.where(age < 18, STUDENT, np.where((age < 22) & (draw < 0.5), STUDENT, work)))
    work = np.where(age >= 60, np.where(np.isin(work, (EMPLOYEE, PUBLIC)), RETIRED, np.where(work == STUDENT, FARMER, FARMER)), work)
    school = rng.random(len(age))
    old = np.select([school < 0.22, school < 0.68, school < 0.9, school < 0.97], ["90", "81", "71", "61"], "31")
    middle = np.select(
        [school < 0.12, school < 0.62, school < 0.78, school < 0.86, school < 0.95],
        ["81", "71", "61", "41", "31"],
        "21",
    )
    young = np.select(
        [school < 0.03, school < 0.35, school < 0.5, school < 0.62, school < 0.82, school < 0.98],
        ["81", "71", "61", "44", "31", "21"],
        "14",
    )
    level = np.where(
        age >= 62,
        old,
        np.where(age >= 38, middle, np.where(age >= 22, young, np.where(age >= 16, "71", np.where(age >= 12, "81", "")))),
    )
    first, kind, public = (np.array(tables.words(key), dtype=object) for key in ("employer_first", "employer_kind", "employer_public"))
    firm = first[rng.integers(0, len(first), len(age))] + kind[rng.integers(0, len(kind), len(age))]
    office = public[rng.integers(0, len(public), len(age))]
    employer = np.where(work == EMPLOYEE, firm, np.where(work == PUBLIC, office, ""))
    rng.integers(1, 400, len(age))  # was a number of the employer; drawn still, so that the people of a seed stay who they are
    return frame.with_columns(
        pl.Series("work", work),
        pl.Series("education", level.astype(str)).replace("", None),
        pl.Series("employer", employer.astype(str)).replace("", None),
    )


def _coincidences(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    """Two persons of one name and one birth date: a few people are called like somebody born on the same day."""
    count = max(1, frame.height // 4000)
    ordered = (
        frame.filter(pl.col("population") < OUTSIDE, ~pl.col("minority")).sort("birth", "sex", "pid").select("pid", "birth", "sex", "name")
    )
    pairs = ordered.with_columns(
        other=pl.col("pid").shift(-1),
        same=(pl.col("birth") == pl.col("birth").shift(-1)) & (pl.col("sex") == pl.col("sex").shift(-1)),
    )
    pairs = pairs.filter("same")
    if not pairs.height:
        return frame
    chosen = (
        pairs[rng.permutation(pairs.height)[:count].tolist()]
        .select("other", twin_name="name")
        .unique("other", keep="first", maintain_order=True)
    )
    return (
        frame.join(chosen, left_on="pid", right_on="other", how="left", maintain_order="left")
        .with_columns(name=pl.coalesce("twin_name", "name"))
        .drop("twin_name")
    )
