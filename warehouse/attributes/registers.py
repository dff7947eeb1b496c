"""Household registers that carry one number: two families with one household_no are two households.

Belongs here: telling them apart in the temporary table `registered` (kinship.py). Does not: who lives together.

A number counts as used twice when two of its active family members are heads (relation 02), neither names the other as
spouse or parent, and they are registered in places that differ (township, community or dwelling). Members of one register
whose addresses differ (somebody did not report a move) stay one household: it has one head.
"""

from __future__ import annotations

import duckdb


def tell_registers_apart(con: duckdb.DuckDBPyConnection) -> None:
    """Rewrite `registered.household_no` of numbers used twice to number/person_id of the head that the member belongs to.

    A member belongs to the head whom a registration names beside them (spouse, father, mother), else to the only head
    registered in the same dwelling, community or township; who belongs to none or to several equally stands alone.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE register_head AS
        WITH head AS (
            SELECT person_id, record_id, household_no FROM registered
            WHERE family AND relation_to_head = '02' AND household_no IS NOT NULL
            QUALIFY count(*) OVER (PARTITION BY household_no) > 1
        )
        SELECT head.*, place.township_code, place.community_code, place.dwelling_code
        FROM head LEFT JOIN place ON place.record_id = head.record_id AND place.column_name = 'address'""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE register_stranger AS
        SELECT DISTINCT one.household_no
        FROM register_head AS one JOIN register_head AS other USING (household_no)
        WHERE one.person_id < other.person_id
          AND (one.township_code <> other.township_code OR one.community_code <> other.community_code
               OR one.dwelling_code <> other.dwelling_code)
          AND NOT EXISTS (FROM mention_person AS named
                          WHERE (named.record_id = one.record_id AND named.person_id = other.person_id)
                             OR (named.record_id = other.record_id AND named.person_id = one.person_id))""")
    found = con.execute("SELECT count(*) FROM register_stranger").fetchone()
    if found and found[0]:
        con.execute(f"""
            UPDATE registered SET household_no = told.household_no || '/' || told.head
            FROM ({_belonging()}) AS told WHERE told.person_id = registered.person_id""")
    for table in ("register_head", "register_stranger"):
        con.execute(f"DROP TABLE temp.{table}")


def _belonging() -> str:
    """SQL: person_id, household_no, head (person_id; the own one where nobody fits)."""
    return """
        WITH member AS (
            SELECT registered.person_id, registered.household_no, registered.record_id, registered.relation_to_head,
                   place.township_code, place.community_code, place.dwelling_code
            FROM registered SEMI JOIN register_stranger USING (household_no)
            LEFT JOIN place ON place.record_id = registered.record_id AND place.column_name = 'address'
            WHERE registered.family
        ),
        named AS (SELECT record_id, person_id FROM mention_person WHERE record_id IN (SELECT record_id FROM member)),
        fitting AS (
            SELECT member.person_id, member.household_no, head.person_id AS head,
                   CASE WHEN member.relation_to_head = '02' THEN CASE WHEN head.person_id = member.person_id THEN 0 END
                        WHEN (member.record_id, head.person_id) IN (SELECT (record_id, person_id) FROM named)
                          OR (head.record_id, member.person_id) IN (SELECT (record_id, person_id) FROM named) THEN 1
                        WHEN member.dwelling_code = head.dwelling_code THEN 2
                        WHEN member.community_code = head.community_code THEN 3
                        WHEN member.township_code = head.township_code THEN 4 END AS step
            FROM member JOIN register_head AS head USING (household_no)
        ),
        nearest AS (
            SELECT person_id, min(head) AS head FROM fitting
            WHERE (person_id, step) IN (SELECT (person_id, min(step)) FROM fitting GROUP BY person_id)
            GROUP BY person_id HAVING count(*) = 1
        )
        SELECT member.person_id, member.household_no, coalesce(nearest.head, member.person_id) AS head
        FROM member LEFT JOIN nearest USING (person_id)"""
