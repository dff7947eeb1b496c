"""Whom a line of the form speaks of. A look-up by exact agreement, no linkage: nobody's identity changes by what is said at a door.

Belongs here: temp.visit_line, one row per line in force with its person. Does not: comparing what is said (comparing.py).

The first that holds: the person id of the prefilled form, when that person lives in the grid of the form and the name agrees; the valid
ID number of exactly one person with that name; name, birth date and dwelling of exactly one person. `nobody`: name and birth date are
stated, nobody in the city has this number, or this name with this birth date or in this dwelling, and nobody in this dwelling has this
birth date (a child registered before it had a name). Everything else is `unclear`: it is shown to the grid worker and proposed to nobody.
"""

from __future__ import annotations

import duckdb

PLAIN_NAME = "regexp_replace(upper({name}), '[\\s\u3000·•.．‧・･?？□]', '', 'g')"
OPEN = "open"


def find(con: duckdb.DuckDBPyConnection) -> int:
    """Make temp.visit_line from current_grid_visits and profile_open; returns the number of lines."""
    _persons(con)
    con.execute(f"""CREATE OR REPLACE TEMP TABLE visit_asked AS
        SELECT v.*, nullif({PLAIN_NAME.format(name='v.name')}, '') AS plain,
               CASE WHEN v.id_number_state IN ('valid', 'valid_15') THEN v.id_number END AS number
        FROM current_grid_visits AS v""")
    con.execute("""CREATE OR REPLACE TEMP TABLE visit_candidate AS
        SELECT v.natural_key, p.person_id, 1 AS rank FROM visit_asked AS v JOIN visit_person AS p ON p.person_id = v.person_id
        WHERE v.grid_code IN (p.residence_grid, p.dwelling_grid) AND list_contains(p.names, v.plain)
        UNION ALL
        SELECT v.natural_key, p.person_id, 2 FROM visit_asked AS v JOIN visit_person AS p ON p.id_number = v.number
        WHERE list_contains(p.names, v.plain)
        QUALIFY count(*) OVER (PARTITION BY v.natural_key) = 1
        UNION ALL
        SELECT v.natural_key, p.person_id, 3
        FROM visit_asked AS v JOIN visit_person AS p ON p.dwelling_id = v.dwelling_code AND p.birth_date = v.birth_date
        WHERE list_contains(p.names, v.plain)
        QUALIFY count(*) OVER (PARTITION BY v.natural_key) = 1""")
    con.execute(f"""CREATE OR REPLACE TEMP TABLE visit_line AS
        WITH found AS (SELECT natural_key, arg_min(person_id, rank) AS found, min(rank) AS rank FROM visit_candidate GROUP BY natural_key)
        SELECT v.* EXCLUDE (person_id), found.found AS person_id,
               coalesce(v.grid_code IN (known.residence_grid, known.dwelling_grid), false) AS of_grid,
               CASE found.rank WHEN 1 THEN 'person_id' WHEN 2 THEN 'id_number' WHEN 3 THEN 'name_birth_dwelling'
                    ELSE CASE WHEN {_NOBODY} THEN 'nobody' ELSE 'unclear' END END AS found_by
        FROM visit_asked AS v LEFT JOIN found USING (natural_key)
        LEFT JOIN visit_person AS known ON known.person_id = found.found""")
    for name in ("visit_asked", "visit_candidate"):
        con.execute(f"DROP TABLE temp.{name}")
    return int((con.execute("SELECT count(*) FROM temp.visit_line").fetchone() or (0,))[0])


def _persons(con: duckdb.DuckDBPyConnection) -> None:
    """temp.visit_person: who may be found, with every name known of them. Persons known only to a care programme are not found."""
    variants = f"list_transform(p.name_variants, lambda n: {PLAIN_NAME.format(name='n')})"
    con.execute(f"""CREATE OR REPLACE TEMP TABLE visit_person AS
        SELECT p.person_id, p.id_number, p.birth_date, p.dwelling_id, p.residence_grid, house.grid_code AS dwelling_grid,
               list_distinct(list_concat([{PLAIN_NAME.format(name='p.name')}], coalesce({variants}, []::VARCHAR[]))) AS names
        FROM profile_open AS p JOIN everybody USING (person_id)
        LEFT JOIN (SELECT dwelling_code, min(grid_code) AS grid_code FROM current_house_registry GROUP BY dwelling_code) AS house
            ON house.dwelling_code = p.dwelling_id
        WHERE everybody.known_from = '{OPEN}' AND EXISTS (SELECT 1 FROM current_grid_visits)""")


_NOBODY = """(v.person_id IS NULL AND v.plain IS NOT NULL AND v.birth_date IS NOT NULL AND v.lives_here = '1'
    AND coalesce(v.id_number_state IN ('valid', 'valid_15'), v.id_number IS NULL)
    AND (v.number IS NULL OR v.number NOT IN (SELECT id_number FROM visit_person WHERE id_number IS NOT NULL))
    AND NOT EXISTS (SELECT 1 FROM (SELECT unnest(names) AS name, birth_date FROM visit_person) AS p
                    WHERE p.name = v.plain AND p.birth_date = v.birth_date)
    AND NOT EXISTS (SELECT 1 FROM (SELECT unnest(names) AS name, dwelling_id FROM visit_person) AS p
                    WHERE p.name = v.plain AND p.dwelling_id = v.dwelling_code)
    AND NOT EXISTS (SELECT 1 FROM visit_person AS p WHERE p.birth_date = v.birth_date AND p.dwelling_id = v.dwelling_code))"""
