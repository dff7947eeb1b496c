"""Household and children: who lives together as one family, guardians, numbers of children.

Belongs here: household_id, household_size, relation_to_head, guardian_person, the counts of children
(clarifications 24, 25, 48). Does not: the spouse (family.py), the dwelling (residence.py).
"""

from __future__ import annotations

import duckdb

from warehouse.attributes.kinship import drop_links, ensure_links
from warehouse.attributes.records import attribute, records, store
from warehouse.build import ProfileBuild

ATTRIBUTES = ("household_id", "household_size", "relation_to_head", "guardian_person", "children_count",
              "minor_children_count")

ADULT = 18


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs vital_status, age, dwelling_id, spouse_person."""
    ensure_links(con, build)
    _households(con)
    store(con, "household_id", "SELECT person_id, root AS value, NULL AS record_id FROM household_member")
    store(con, "household_size", f"""
        SELECT member.person_id, NULL AS record_id,
               count(*) FILTER (vital.value = '1') OVER (PARTITION BY member.value) AS value
        FROM {attribute("household_id")} AS member LEFT JOIN {attribute("vital_status")} AS vital USING (person_id)""")
    store(con, "relation_to_head", f"""
        SELECT person_id, relation_to_head AS value, record_id
        FROM {records(build, "household_registration", ("holder",))} AS registrations
        WHERE status = '1' AND relation_to_head IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY person_id
                                   ORDER BY last_update DESC NULLS LAST, natural_key DESC, record_id) = 1""")
    store(con, "guardian_person", _guardian(build))
    _children(con, build)
    con.execute("DROP TABLE temp.household_member")
    drop_links(con)


def _households(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `household_member` (person_id, root): joined groups become one; the root is the smallest person_id."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE household_edge AS
        WITH home AS (SELECT person_id, value AS dwelling FROM {attribute("dwelling_id")}),
        registered_home AS (
            SELECT person_id, min(person_id) OVER (PARTITION BY household_no, dwelling) AS head
            FROM registered JOIN home USING (person_id) WHERE family AND household_no IS NOT NULL
        ),
        minors AS (SELECT person_id FROM {attribute("age")} WHERE value < {ADULT}),
        joined AS (
            SELECT person_id, head AS other FROM registered_home WHERE person_id <> head
            UNION
            SELECT one.person_id, other.person_id
            FROM (SELECT person_id, value AS other FROM {attribute("spouse_person")}
                  UNION SELECT parent, child FROM parent_link JOIN minors ON minors.person_id = child) AS link
            JOIN home AS one ON one.person_id = link.person_id
            JOIN home AS other ON other.person_id = link.other AND other.dwelling = one.dwelling
        )
        SELECT person_id, other FROM joined WHERE person_id <> other
        UNION SELECT other, person_id FROM joined WHERE person_id <> other""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE household_member AS
        SELECT person_id, person_id AS root FROM {attribute("dwelling_id")}""")
    while True:
        con.execute("""
            CREATE OR REPLACE TEMP TABLE household_step AS
            SELECT edge.person_id, min(reached.root) AS root
            FROM household_edge AS edge
            JOIN household_member AS reached ON reached.person_id = edge.other
            JOIN household_member AS own ON own.person_id = edge.person_id
            GROUP BY edge.person_id HAVING min(reached.root) < any_value(own.root)""")
        moved = con.execute("SELECT count(*) FROM household_step").fetchone()
        if not moved or not moved[0]:
            break
        con.execute("""
            UPDATE household_member SET root = step.root FROM household_step AS step
            WHERE step.person_id = household_member.person_id""")
    con.execute("DROP TABLE temp.household_edge")
    con.execute("DROP TABLE temp.household_step")


def _guardian(build: ProfileBuild) -> str:
    """The first guardian of the trusted order who is not dead; of the registration the parent in the same dwelling."""
    def named(category: str, roles: str, wards: tuple[str, ...], rank: str, condition: str = "true") -> str:
        return f"""
            SELECT ward.person_id, guardian.person_id AS value, ward.record_id, {rank} AS step, ward.updated_on,
                   ward.natural_key
            FROM {records(build, category, wards)} AS ward
            JOIN mention_person AS guardian ON guardian.record_id = ward.record_id AND guardian.role IN ({roles})
                AND guardian.person_id <> ward.person_id
            LEFT JOIN {attribute("dwelling_id")} AS mine ON mine.person_id = ward.person_id
            LEFT JOIN {attribute("dwelling_id")} AS theirs ON theirs.person_id = guardian.person_id
            WHERE {condition}"""

    one_guardian = {"health_records": 4, "care_followups": 5, "residence_permits": 7}
    parts = [
        named("student_enrolment", "'guardian'", ("holder",), "1"),
        named("household_registration", "'father', 'mother'", ("holder",),
              "CASE guardian.role WHEN 'mother' THEN 2.1 ELSE 2.2 END", "mine.value = theirs.value"),
        named("medical_insurance", "'payer'", ("holder",), "3", "ward.payer_relation IN ('2', '4')"),
        named("legal_aid", "'representative'", ("holder",), "6"),
        named("birth_family_support", "'mother', 'father'", ("child",),
              "CASE guardian.role WHEN 'mother' THEN 8 ELSE 9 END"),
    ]
    parts += [named(category, "'guardian'", ("holder",), str(step)) for category, step in one_guardian.items()]
    return f"""
        SELECT stated.person_id, stated.value, stated.record_id
        FROM ({" UNION ALL ".join(parts)}) AS stated
        LEFT JOIN {attribute("age")} AS age USING (person_id)
        LEFT JOIN {attribute("vital_status")} AS vital ON vital.person_id = stated.value
        WHERE (age.value < {ADULT} OR stated.step = {one_guardian["care_followups"]})
          AND vital.value IS DISTINCT FROM '2'
        QUALIFY row_number() OVER (PARTITION BY stated.person_id ORDER BY step,
            coalesce(updated_on, DATE '0001-01-01') DESC, natural_key DESC, stated.record_id, stated.value) = 1"""


def _children(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Living children linked; at least the number that the latest family record states. Missing where nothing is known
    of the person's family."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE linked_children AS
        WITH children AS (
            SELECT parent AS person_id,
                   count(*) FILTER (vital.value IS DISTINCT FROM '2') AS living,
                   count(*) FILTER (vital.value IS DISTINCT FROM '2' AND age.value < {ADULT}) AS minor
            FROM parent_link
            LEFT JOIN {attribute("vital_status")} AS vital ON vital.person_id = child
            LEFT JOIN {attribute("age")} AS age ON age.person_id = child
            GROUP BY parent
        )
        SELECT person_id, coalesce(living, 0) AS living, coalesce(minor, 0) AS minor
        FROM children
        FULL JOIN (SELECT DISTINCT person_id FROM {records(build, "household_registration", ("holder",))}) AS known
            USING (person_id)""")
    store(con, "children_count", f"""
        WITH stated AS (
            SELECT person_id, children_count, record_id
            FROM {records(build, "birth_family_support", ("mother", "father"))} AS families
            WHERE children_count IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY
                coalesce(updated_on, DATE '0001-01-01') DESC, natural_key DESC, record_id) = 1
        )
        SELECT person_id,
               CASE WHEN stated.children_count > coalesce(linked.living, 0) THEN stated.children_count
                    ELSE linked.living END AS value,
               CASE WHEN stated.children_count > coalesce(linked.living, 0) THEN stated.record_id END AS record_id
        FROM linked_children AS linked FULL JOIN stated USING (person_id)""")
    store(con, "minor_children_count", "SELECT person_id, minor AS value, NULL AS record_id FROM linked_children")
    con.execute("DROP TABLE temp.linked_children")
