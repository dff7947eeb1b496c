"""Households of residence: who lives together as one family (household_id, clarification 24).

Belongs here: the rows of kind 'residence': head, relations to the head, how each member was joined.
Does not: which persons form one household; that is household_id (warehouse/attributes/household.py).
"""

from __future__ import annotations

import duckdb

from warehouse.attributes.household import ADULT

KIND = "residence"


def create_residence(con: duckdb.DuckDBPyConnection) -> None:
    """Insert into household and household_member. Needs `registered`, `parent_link` (kinship.py), `separation`,
    family_tie, profile_open and its records. Grain: one household per household_id."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE living AS
        SELECT profile.person_id, profile.household_id, profile.dwelling_id, profile.spouse_person, profile.age,
               profile.sex, profile.birth_date, profile.vital_status = '1' AS counted, record.dwelling_id AS record_id,
               CASE WHEN registered.family THEN registered.household_no END AS household_no, registered.relation_to_head
        FROM profile_open AS profile
        JOIN profile_record_open AS record USING (person_id)
        LEFT JOIN registered ON registered.person_id = profile.person_id
        WHERE profile.household_id IS NOT NULL""")
    con.execute(f"CREATE OR REPLACE TEMP TABLE household_head AS {_heads()}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE household_join AS {_joins()}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE head_relation AS {_relations()}")
    con.execute(f"""
        INSERT INTO household_member
        SELECT '{KIND}', living.household_id, living.person_id, relation.relation, coalesce(joins.joined_by, []),
               CASE WHEN living.record_id IS NOT NULL THEN 'own_address' ELSE 'family_or_ownership' END, separation.level,
               coalesce(living.counted, false), living.record_id
        FROM living
        LEFT JOIN household_join AS joins USING (person_id)
        LEFT JOIN head_relation AS relation ON relation.person_id = living.person_id
        LEFT JOIN separation ON separation.person_id = living.person_id
        ORDER BY living.household_id, living.person_id""")
    con.execute(f"""
        INSERT INTO household
        SELECT '{KIND}', household_id,
               CASE WHEN count(DISTINCT living.household_no) = 1 THEN split_part(min(living.household_no), '/', 1) END, NULL,
               min(dwelling_id), any_value(house.township_code), any_value(head.person_id), count(*) FILTER (counted)
        FROM living
        LEFT JOIN household_head AS head USING (household_id)
        LEFT JOIN current_house_registry AS house ON house.dwelling_code = living.dwelling_id
        GROUP BY household_id ORDER BY household_id""")
    for table in ("living", "household_head", "household_join", "head_relation"):
        con.execute(f"DROP TABLE temp.{table}")


def _heads() -> str:
    """The member with relation 02; of several (joined registers) the one whose register has most members here, then the
    oldest, then the smallest person_id."""
    return """
        WITH registers AS (
            SELECT household_id, household_no, count(*) AS present FROM living
            WHERE household_no IS NOT NULL GROUP BY ALL
        )
        SELECT living.household_id, living.person_id, living.household_no
        FROM living JOIN registers USING (household_id, household_no)
        WHERE living.relation_to_head = '02'
        QUALIFY row_number() OVER (PARTITION BY living.household_id
                                   ORDER BY present DESC, birth_date NULLS LAST, living.person_id) = 1"""


def _joins() -> str:
    """person_id, joined_by: what holds the member in the household (household_no, spouse, minor_child, parent_of_minor)."""
    return f"""
        WITH joined AS (
            SELECT person_id, 'household_no' AS joined_as FROM living WHERE household_no IS NOT NULL
            QUALIFY count(*) OVER (PARTITION BY household_id, household_no) > 1
            UNION
            SELECT unnest([one.person_id, other.person_id]), 'spouse' FROM living AS one
            JOIN living AS other ON other.person_id = one.spouse_person AND other.household_id = one.household_id
            UNION
            SELECT unnest([child.person_id, parent.person_id]), unnest(['minor_child', 'parent_of_minor'])
            FROM parent_link AS link
            JOIN living AS child ON child.person_id = link.child AND child.age < {ADULT}
            JOIN living AS parent ON parent.person_id = link.parent AND parent.household_id = child.household_id
        )
        SELECT person_id, list_sort(list(DISTINCT joined_as)) AS joined_by FROM joined GROUP BY person_id"""


def _relations() -> str:
    """person_id, relation to the head (GB/T 4761): as registered in the head's register, else by the ties to the head and
    to the head's children and parents; missing where no tie tells."""
    by_sex = "CASE {who}.sex WHEN '1' THEN '{male}' WHEN '2' THEN '{female}' ELSE '{other}' END"
    son = by_sex.format(who="member", male="20", female="30", other="99")
    in_law = by_sex.format(who="member", male="28", female="38", other="99")
    parent = by_sex.format(who="member", male="51", female="52", other="50")
    theirs = "CASE WHEN head.sex = '2' THEN " + by_sex.format(who="member", male="53", female="54", other="59") + " ELSE " + (
        by_sex.format(who="member", male="55", female="56", other="59") + " END")
    return f"""
        WITH pair AS (
            SELECT member.person_id, head.person_id AS head, member.household_id, member.sex AS member_sex,
                   CASE WHEN member.person_id = head.person_id THEN '02'
                        WHEN member.household_no = head.household_no THEN member.relation_to_head END AS registered
            FROM living AS member
            JOIN household_head AS chosen USING (household_id)
            JOIN living AS head ON head.person_id = chosen.person_id
        ),
        tie AS (FROM family_tie WHERE state = 'holds' AND tie IN ('spouse', 'parent', 'child')),
        direct AS (
            SELECT pair.person_id, 1 AS step,
                   CASE tie.tie WHEN 'spouse' THEN '10' WHEN 'child' THEN {son} ELSE {parent} END AS relation
            FROM pair JOIN tie ON tie.person_id = pair.head AND tie.relative = pair.person_id
            JOIN living AS member ON member.person_id = pair.person_id
            WHERE pair.registered IS NULL
        ),
        through AS (
            SELECT pair.person_id, 2 AS step,
                   CASE near.tie || '-' || far.tie
                        WHEN 'child-spouse' THEN {in_law} WHEN 'child-child' THEN '40' WHEN 'parent-parent' THEN '60'
                        WHEN 'spouse-parent' THEN {theirs} WHEN 'spouse-child' THEN {son} WHEN 'parent-child' THEN '70'
                        END AS relation
            FROM pair
            JOIN tie AS near ON near.person_id = pair.head
            JOIN tie AS far ON far.person_id = near.relative AND far.relative = pair.person_id
            JOIN living AS member ON member.person_id = pair.person_id
            JOIN living AS head ON head.person_id = pair.head
            WHERE pair.registered IS NULL
        )
        SELECT person_id, registered AS relation FROM pair WHERE registered IS NOT NULL
        UNION ALL
        SELECT person_id, relation FROM (FROM direct UNION ALL FROM through) AS found WHERE relation IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY step, relation) = 1"""
