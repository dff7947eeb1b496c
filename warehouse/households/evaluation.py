"""Dwellings, living alone and whole households compared with the truth of a synthetic city, each difference by its cause.

Belongs here: the comparison and its causes. Does not: the tables themselves; the truth is read here and in the other
evaluation modules only.

The causes, of which the first that applies counts (clarification 55):

    link       the rightly linked records give the true answer
    matcher    a record of the person means the true dwelling and says enough, and was not brought to it
    rule       a record of the person leads to the true dwelling and the rules of the dictionary choose another (order of
               trust, age of the record, contradicting places), or everybody is placed rightly and the rules do not join them
    family     only the family's records lead there; the rules let the person's own address decide
    register   no record of the person or of the family leads there, or nobody reported a death or a life elsewhere
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sources.tables import quoted
from warehouse import evaluation, profile
from warehouse.attributes.kinship import create_links, drop_links
from warehouse.build import ProfileBuild

CAUSES = ("link", "matcher", "rule", "family", "register")


@dataclass(frozen=True, slots=True)
class Difference:
    """Persons whose answer differs from the truth: which measure, in which way (wrong, none, extra, missing, broken), why."""

    measure: str
    kind: str
    cause: str
    persons: int


@dataclass(frozen=True, slots=True)
class LivingQuality:
    """Living people of whom a register knows and who live in the city. Counts of persons.

    right, wrong, none: dwelling_id of each; alone_*: living_alone (extra: not alone in truth); whole: people whose household
    of residence has exactly the members of the true one. `rightly_linked` counts the same with perfect links.
    """

    persons: int
    right: int
    wrong: int
    none: int
    alone_right: int
    alone_extra: int
    alone_missing: int
    whole: int
    differences: tuple[Difference, ...] = ()
    rightly_linked: LivingQuality | None = None

    @property
    def alone_precision(self) -> float | None:
        """Of those said to live alone; None when nobody is."""
        said = self.alone_right + self.alone_extra
        return self.alone_right / said if said else None

    @property
    def alone_recall(self) -> float | None:
        """Of those who live alone; None when nobody does."""
        true = self.alone_right + self.alone_missing
        return self.alone_right / true if true else None

    @property
    def whole_share(self) -> float | None:
        """Share of people in whole households without a stranger."""
        return self.whole / self.persons if self.persons else None


def evaluate(con: duckdb.DuckDBPyConnection, truth: Path) -> LivingQuality:
    """Compare the published profile, and one of the rightly linked records, with truth/persons.parquet.

    `con` reads a snapshot; the second profile is built in its in-memory database. Where the truth holds addresses.parquet
    it says what each address means; without it an address counts as enough when it has all parts of the true dwelling.
    """
    (as_of,) = con.execute("SELECT as_of FROM published").fetchone() or (None,)
    (published,) = con.execute("SELECT current_database()").fetchone() or ("",)
    _truth(con, truth)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE true_of AS
        SELECT person_id, true_person FROM (
            SELECT found.person_id, stated.true_person, count(*) AS mentions
            FROM mention_person AS found JOIN read_parquet($1) AS stated USING (category, natural_key, role)
            GROUP BY ALL)
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY mentions DESC, true_person) = 1
            AND row_number() OVER (PARTITION BY true_person ORDER BY mentions DESC, person_id) = 1""",
                [str(truth / "mentions.parquet")])
    _answers(con, "own")
    con.execute("USE memory")
    try:
        reference = date.fromisoformat(str(as_of))
        evaluation.rightly_linked(con, published, truth)
        profile.build(con, reference)
        con.execute("CREATE OR REPLACE TEMP TABLE true_of AS SELECT person_id, person_id AS true_person FROM everybody")
        _answers(con, "linked")
        _causes(con, truth, reference)
    finally:
        con.execute(f"USE {quoted(published)}")
    return _quality(con, "own", _quality(con, "linked"))


def _truth(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Temporary `true_living`: true_person, dwelling, household, living_alone of people who live in the city."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE true_living AS
        SELECT true_person, dwelling_key AS dwelling, dwelling_key || '/' || household_key AS household, living_alone
        FROM read_parquet($1) WHERE in_registers AND alive AND population IN ('resident', 'external')""",
                [str(truth / "persons.parquet")])


def _answers(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Temporary `answer_<name>`: every counted person with a dwelling, and every one of the truth: person, true_person,
    dwelling_id, household_id, living_alone, whole (in a household with exactly the true members)."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE answer_{name} AS
        WITH known AS (
            SELECT coalesce(true_person, 'X' || person_id) AS true_person, dwelling_id, household_id, living_alone,
                   profile.vital_status = '1' AS counted
            FROM profile LEFT JOIN true_of USING (person_id)
        ),
        sizes AS (SELECT household_id, count(*) FILTER (counted) AS size FROM known WHERE household_id IS NOT NULL GROUP BY ALL),
        true_sizes AS (SELECT household, count(*) AS true_size FROM true_living GROUP BY household),
        shared AS (
            SELECT household_id, household, count(*) AS both_have FROM known JOIN true_living USING (true_person)
            WHERE household_id IS NOT NULL AND counted GROUP BY ALL
        ),
        wholes AS (
            SELECT household_id, household FROM shared JOIN sizes USING (household_id) JOIN true_sizes USING (household)
            WHERE both_have = size AND both_have = true_size
        )
        SELECT coalesce(known.true_person, truth.true_person) AS true_person, known.dwelling_id, known.household_id,
               coalesce(known.living_alone, false) AS living_alone, coalesce(known.counted, false) AS counted,
               truth.true_person IS NOT NULL AS lives, truth.dwelling, truth.household, truth.living_alone AS truly_alone,
               wholes.household IS NOT NULL AND coalesce(known.counted, false) AS whole
        FROM known FULL JOIN true_living AS truth USING (true_person)
        LEFT JOIN wholes ON wholes.household_id = known.household_id AND wholes.household = truth.household""")


def _causes(con: duckdb.DuckDBPyConnection, truth: Path, as_of: date) -> None:
    """Temporary `dwelling_cause` (true_person, rank): why the rightly linked records give another dwelling than the truth:
    1 matcher, 2 rule, 3 family, 4 register. In the database with the rightly linked records."""
    build = ProfileBuild(as_of)
    create_links(con, build)
    con.execute(f"CREATE OR REPLACE TEMP TABLE unread_claim AS {_unread(truth)}")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE dwelling_cause AS
        WITH away AS (
            SELECT true_person, dwelling FROM answer_linked
            WHERE dwelling_id IS DISTINCT FROM dwelling AND (lives OR (dwelling_id IS NOT NULL AND counted))
        ),
        kin AS (
            SELECT person_id, value AS relative FROM spouse_link
            UNION SELECT value, person_id FROM spouse_link
            UNION SELECT parent, child FROM parent_link
            UNION SELECT child, parent FROM parent_link
            UNION SELECT one.person_id, other.person_id FROM registered AS one JOIN registered AS other USING (household_no)
                  WHERE one.family AND other.family AND one.person_id <> other.person_id
        ),
        led AS (
            SELECT DISTINCT mentions.person_id AS true_person, place.dwelling_code AS dwelling
            FROM mention_person AS mentions JOIN place USING (record_id)
            WHERE place.dwelling_code IS NOT NULL AND mentions.subject
        ),
        family AS (
            SELECT DISTINCT kin.person_id AS true_person, relative.dwelling_id AS dwelling FROM kin JOIN answer_linked AS relative
                ON relative.true_person = kin.relative AND relative.dwelling_id = relative.dwelling
        )
        SELECT true_person, CASE WHEN unread.true_person IS NOT NULL THEN 1 WHEN led.true_person IS NOT NULL THEN 2
                                 WHEN family.true_person IS NOT NULL THEN 3 ELSE 4 END AS rank
        FROM away
        LEFT JOIN led USING (true_person, dwelling)
        LEFT JOIN family USING (true_person, dwelling)
        LEFT JOIN (SELECT DISTINCT true_person, dwelling FROM unread_claim) AS unread USING (true_person, dwelling)""")
    drop_links(con)


def _unread(truth: Path) -> str:
    """SQL: true_person, dwelling: addresses of a person that mean this dwelling, say enough, and were not brought to it."""
    stated = truth / "addresses.parquet"
    if stated.exists():
        return f"""
            SELECT DISTINCT mentions.person_id AS true_person, meant.dwelling_code AS dwelling
            FROM read_parquet('{str(stated).replace("'", "''")}') AS meant
            JOIN mention_person AS mentions USING (category, natural_key)
            JOIN place ON place.record_id = mentions.record_id AND place.column_name = meant."column"
            WHERE meant.decides AND mentions.subject AND place.dwelling_code IS DISTINCT FROM meant.dwelling_code"""
    return """
        SELECT DISTINCT mentions.person_id AS true_person, truth.dwelling
        FROM mention_person AS mentions
        JOIN true_living AS truth ON truth.true_person = mentions.person_id
        JOIN place USING (record_id)
        JOIN current_house_registry AS house ON house.dwelling_code = truth.dwelling
        WHERE mentions.subject AND place.dwelling_code IS DISTINCT FROM truth.dwelling
          AND (place.standard_address = house.standard_address
               OR (place.room IS NOT NULL AND place.community_code = house.community_code AND place.building IS NOT NULL
                   AND replace(house.door_no, '号', '') = place.door_no
                   AND house.room LIKE place.building || '栋%' || place.room || '室'
                   AND (place.unit IS NULL OR contains(house.room, place.unit || '单元'))))"""


def _quality(con: duckdb.DuckDBPyConnection, name: str, linked: LivingQuality | None = None) -> LivingQuality:
    counts = con.execute(f"""
        SELECT count(*), count(*) FILTER (dwelling_id = dwelling), count(*) FILTER (dwelling_id <> dwelling),
               count(*) FILTER (dwelling_id IS NULL), count(*) FILTER (living_alone AND truly_alone),
               count(*) FILTER (living_alone AND NOT truly_alone), count(*) FILTER (truly_alone AND NOT living_alone),
               count(*) FILTER (whole)
        FROM answer_{name} WHERE lives""").fetchone()
    assert counts is not None
    persons, right, wrong, none, alone_right, alone_extra, alone_missing, whole = counts
    differences = tuple(Difference(*row) for row in con.execute(_differences(name)).fetchall())
    return LivingQuality(persons, right, wrong, none, alone_right, alone_extra, alone_missing, whole, differences, linked)


def _differences(name: str) -> str:
    """SQL: measure, kind, cause, persons. A household and an answer about living alone are as good as the dwellings of
    the people truly or seemingly living there; where all of these are right the rule decides."""
    cause = "CASE WHEN {right} THEN 'link' ELSE ['matcher', 'rule', 'family', 'register'][coalesce({rank}, 2)] END"
    return f"""
        WITH person AS (
            SELECT mine.*, linked.dwelling_id AS linked_dwelling, linked.living_alone AS linked_alone,
                   linked.whole AS linked_whole,
                   cause.rank
            FROM answer_{name} AS mine JOIN answer_linked AS linked USING (true_person)
            LEFT JOIN dwelling_cause AS cause USING (true_person)
            WHERE mine.lives
        ),
        around AS (
            SELECT dwelling AS home, rank FROM answer_linked JOIN dwelling_cause USING (true_person) WHERE lives
            UNION ALL
            SELECT dwelling_id, rank FROM answer_linked JOIN dwelling_cause USING (true_person) WHERE dwelling_id IS NOT NULL
        ),
        nearby AS (SELECT home, min(rank) AS rank FROM around GROUP BY home),
        differing AS (
            SELECT 'dwelling' AS measure, CASE WHEN dwelling_id IS NULL THEN 'none' ELSE 'wrong' END AS kind,
                   {cause.format(right="linked_dwelling IS NOT DISTINCT FROM dwelling", rank="rank")} AS cause
            FROM person WHERE dwelling_id IS DISTINCT FROM dwelling
            UNION ALL
            SELECT 'living_alone', CASE WHEN living_alone THEN 'extra' ELSE 'missing' END,
                   {cause.format(right="linked_alone = truly_alone", rank="least(person.rank, home.rank, seeming.rank)")}
            FROM person
            LEFT JOIN nearby AS home ON home.home = person.dwelling
            LEFT JOIN nearby AS seeming ON seeming.home = person.linked_dwelling
            WHERE living_alone <> truly_alone
            UNION ALL
            SELECT 'whole_household', 'broken',
                   {cause.format(right="linked_whole", rank="least(person.rank, home.rank, seeming.rank)")}
            FROM person
            LEFT JOIN nearby AS home ON home.home = person.dwelling
            LEFT JOIN nearby AS seeming ON seeming.home = person.linked_dwelling
            WHERE NOT whole
        )
        SELECT measure, kind, cause, count(*) FROM differing GROUP BY ALL ORDER BY ALL"""


def rows(found: LivingQuality) -> list[list[object]]:
    """measure, kind, then persons by cause (CAUSES): a table for `onegrid evaluate`."""
    table: dict[tuple[str, str], dict[str, int]] = {}
    for one in found.differences:
        table.setdefault((one.measure, one.kind), {})[one.cause] = one.persons
    return [[measure, kind, sum(causes.values()), *(causes.get(cause, 0) for cause in CAUSES)]
            for (measure, kind), causes in sorted(table.items())]


HEADERS = ("measure", "difference", "persons#", *(f"{cause}#" for cause in CAUSES))
