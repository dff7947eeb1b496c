"""Residence: the address that survives, the dwelling it leads to, the place around it.

Belongs here: residence_address to residence_grid and dwelling_id (clarifications 15 to 19, 52).
Does not: the type of resident and the stay (stay.py), the dwelling's own facts (dwelling.py).
"""

from __future__ import annotations

import duckdb

from resolvers.places.dwellings import create_communities, road_stem
from resolvers.places.parsing import create_word_tables, parse_texts
from sources.catalogue import load_catalogue
from sources.tables import literal
from warehouse.attributes.kinship import create_links
from warehouse.attributes.records import attribute, store
from warehouse.build import ProfileBuild, claims

ATTRIBUTES = ("residence_address", "dwelling_id", "residence_county", "residence_township", "residence_community",
              "residence_grid")

FRESH_MONTHS = 60
LAST = "household_registration"


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs vital_status, `place` and current_house_registry."""
    create_links(con, build)
    _candidates(con, build)
    _survivors(con)
    # Standard wording where the value leads to a dwelling; without one it stays as delivered (clarification 18).
    store(con, "residence_address", """
        SELECT person_id, coalesce(house.standard_address, address) AS value, residence.record_id
        FROM residence LEFT JOIN current_house_registry AS house USING (dwelling_code)""")
    _dwellings(con)
    store(con, "dwelling_id", """
        SELECT person_id, lived_in.dwelling_code AS value, CASE WHEN own THEN record_id END AS record_id
        FROM lived_in LEFT JOIN residence USING (person_id)""")
    _areas(con)
    for name, column in (("residence_county", "left(township_code, 6)"), ("residence_township", "township_code"),
                         ("residence_community", "community_code"), ("residence_grid", "grid_code")):
        store(con, name, f"SELECT person_id, {column} AS value, record_id FROM residence_area")
    for table in ("residence_candidate", "residence", "lived_in", "residence_area"):
        con.execute(f"DROP TABLE temp.{table}")


def contradicts(one: str, other: str) -> str:
    """SQL: two places (aliases) cannot be the same: outside and inside, or other areas, group, road, door, building."""
    def differ(column: str) -> str:
        return f"coalesce({one}.{column} <> {other}.{column}, false)"

    def inside(alias: str) -> str:
        return f"(NOT coalesce({alias}.outside_city, false) AND {alias}.county_code IS NOT NULL)"

    areas = ("county_code", "township_code", "community_code", "village_group", "door_no", "building")
    across = f"({one}.outside_city AND {inside(other)}) OR ({other}.outside_city AND {inside(one)})"
    road = f"coalesce({road_stem(f'{one}.road')} <> {road_stem(f'{other}.road')}, false)"
    return f"(coalesce({across}, false) OR {' OR '.join(differ(area) for area in areas)} OR {road})"


def standings(build: ProfileBuild) -> dict[str, tuple[str, str]]:
    """By category that states a residence_address: SQL conditions (alias r) that the record is in force, and that it is recent
    enough (clarification 16 and the remark of residence_address)."""
    fresh = f"r.updated_on >= ({build.day} - INTERVAL {FRESH_MONTHS} MONTH)::DATE"
    active = "r.status = '1'"
    covered = """r.status = '1' AND NOT (coalesce(r.left_out, false)
        AND EXISTS (FROM current_social_assistance AS c WHERE c.case_no = r.case_no AND c.delivery_date >
        r.delivery_date))"""
    sources = load_catalogue().attributes["residence_address"].source_columns
    return {category: ("true", fresh) for category, _ in sources} | {
        "residence_permits": ("r.permit_status IN ('1', '2')", "true"),
        LAST: (active, "true"),
        "elderly_disability_benefits": (active, fresh),
        "health_records": (active, fresh),
        "care_followups": (active, fresh),
        "social_assistance": (covered, fresh),
        "student_enrolment": ("r.status = '1' AND NOT coalesce(r.left_out, false)", fresh),
        "employment_registration": ("r.registration_type IS DISTINCT FROM '3'", fresh),
    }


def _candidates(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Temporary `residence_candidate`: the eligible addresses of everybody who is not dead, by `place_no`."""
    sources = load_catalogue().attributes["residence_address"].source_columns
    where = {category: f"{in_force} AND {fresh}" for category, (in_force, fresh) in standings(build).items()}
    columns = ", ".join(f"({ordinal}, {literal(column)})" for ordinal, (_, column) in enumerate(sources, start=1))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE residence_candidate AS
        WITH stated AS ({claims("residence_address", build=build, where=where)}),
        eligible AS (
            SELECT stated.*, columns.column_name, permit.permit_status
            FROM stated
            JOIN (VALUES {columns}) AS columns (ordinal, column_name) USING (ordinal)
            LEFT JOIN current_residence_permits AS permit ON permit.record_id = stated.record_id
            WHERE stated.value IS NOT NULL
            QUALIFY permit_status IS DISTINCT FROM '2'
                 OR NOT bool_or(coalesce(permit_status = '1', false)) OVER (PARTITION BY stated.person_id)
        )
        SELECT eligible.person_id, eligible.record_id, eligible.category, eligible.value AS address,
               eligible.category = '{LAST}' AS last_resort,
               row_number() OVER (PARTITION BY eligible.person_id ORDER BY ordinal,
                   coalesce(updated_on, DATE '0001-01-01') DESC, natural_key DESC, eligible.record_id) AS place_no,
               {", ".join("place." + column for column in _PLACE)}
        FROM eligible
        LEFT JOIN place ON place.record_id = eligible.record_id AND place.column_name = eligible.column_name
        ANTI JOIN (SELECT person_id FROM {attribute("vital_status")} WHERE value = '2') AS dead
            ON dead.person_id = eligible.person_id""")


_PLACE = ("outside_city", "county_code", "township_code", "community_code", "village_group", "road", "door_no",
          "building", "dwelling_code")


def _survivors(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `residence`: the surviving candidate: the first one, or the first later one that is located and does
    not contradict it."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE residence AS
        SELECT candidate.*
        FROM residence_candidate AS candidate
        JOIN (FROM residence_candidate WHERE place_no = 1) AS first ON first.person_id = candidate.person_id
        WHERE candidate.place_no = 1
           OR (first.dwelling_code IS NULL AND candidate.dwelling_code IS NOT NULL
               AND NOT {contradicts("first", "candidate")})
        QUALIFY row_number() OVER (PARTITION BY candidate.person_id
                                   ORDER BY candidate.dwelling_code IS NULL, candidate.place_no) = 1""")


def _dwellings(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `lived_in` (person_id, dwelling_code, own): by the address itself, by owner or family inside the
    building or group that it names, by the registered household."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE lived_in AS
        SELECT person_id, dwelling_code, true AS own FROM residence WHERE dwelling_code IS NOT NULL""")
    create_kin(con, f"""
        SELECT person_id FROM everybody ANTI JOIN lived_in USING (person_id)
        ANTI JOIN (SELECT person_id FROM {attribute("vital_status")} WHERE value = '2') AS dead USING (person_id)""")
    create_offers(con, "SELECT person_id FROM residence WHERE dwelling_code IS NULL")
    placed = -1
    while placed != (placed := _count(con, "lived_in")):  # who was placed in one round can lead the family in the next
        con.execute(f"""INSERT INTO lived_in
            SELECT person_id, dwelling_code, false FROM ({inside_named("residence", ("person_id",))})
            ANTI JOIN lived_in USING (person_id)""")
        con.execute(f"INSERT INTO lived_in {_by_household()}")
    for table in ("kin", "offered_dwelling"):
        con.execute(f"DROP TABLE temp.{table}")


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return row[0] if row else 0


def create_kin(con: duckdb.DuckDBPyConnection, people: str) -> None:
    """Temporary `kin` (person_id, relative) of `people` (SQL, person_id): spouse, parents, children, members of the
    registered household. Needs the tables of kinship."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE kin AS
        WITH people AS ({people}),
        linked AS (
            SELECT person_id, value AS relative FROM spouse_link
            UNION SELECT value, person_id FROM spouse_link
            UNION SELECT parent, child FROM parent_link
            UNION SELECT child, parent FROM parent_link
            UNION SELECT one.person_id, other.person_id FROM registered AS one JOIN registered AS other
                ON other.household_no = one.household_no AND one.family AND other.family
        )
        SELECT person_id, relative FROM linked SEMI JOIN people USING (person_id)""")


def create_offers(con: duckdb.DuckDBPyConnection, owners: str) -> None:
    """Temporary `offered_dwelling`: the dwellings that `owners` (SQL, person_id) own or in which relatives (`kin`) live by
    `lived_in`, with the parts of their address."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE offered_text AS
        SELECT row_number() OVER (ORDER BY dwelling_code) AS text_id, standard_address AS text, *
        FROM (
            SELECT dwelling_code, standard_address, township_code, community_code
            FROM current_house_registry
            WHERE dwelling_code IN (SELECT dwelling_code FROM lived_in JOIN kin ON kin.relative = lived_in.person_id)
               OR record_id IN (SELECT m.record_id FROM mention_person AS m JOIN ({owners}) USING (person_id)
                                WHERE m.role = 'owner'))""")
    create_word_tables(con)
    create_communities(con)
    parse_texts(con, "offered_text", "offered_parsed")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE offered_dwelling AS
        SELECT house.dwelling_code, false AS outside_city, left(house.township_code, 6) AS county_code,
               house.township_code, house.community_code, parts.village_group, parts.road, parts.door_no,
               parts.building
        FROM offered_text AS house JOIN offered_parsed AS parts USING (text_id)""")
    for table in ("offered_text", "offered_parsed", "community", "county_word", "township_word", "division_name", "outside_word",
                  "outside_start"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")


def inside_named(claims: str, keys: tuple[str, ...]) -> str:
    """SQL: `keys` (person_id among them), dwelling_code and step (1 owned, 2 family) of each row of `claims` (the columns of
    `place`) that names a group or a building but no dwelling: the one dwelling inside it that the person owns, else the
    one in which family lives (clarification 52); none where there is not exactly one."""
    key = ", ".join(keys)
    return f"""
        WITH vague AS (
            FROM {claims} WHERE dwelling_code IS NULL AND coalesce(village_group, building) IS NOT NULL
                AND NOT coalesce(outside_city, false) AND township_code IS NOT NULL
        ),
        offered AS (
            SELECT owner.person_id, house.dwelling_code, 1 AS step
            FROM current_house_registry AS house
            JOIN mention_person AS owner ON owner.record_id = house.record_id AND owner.role = 'owner'
            SEMI JOIN vague ON vague.person_id = owner.person_id
            UNION
            SELECT kin.person_id, lived_in.dwelling_code, 2 FROM kin
            JOIN lived_in ON lived_in.person_id = kin.relative
        ),
        inside AS (
            SELECT DISTINCT {", ".join(f"vague.{name}" for name in keys)}, offered.dwelling_code, offered.step
            FROM vague
            JOIN offered ON offered.person_id = vague.person_id
            JOIN offered_dwelling AS house ON house.dwelling_code = offered.dwelling_code
            WHERE NOT {contradicts("vague", "house")} AND house.township_code = vague.township_code
              AND (vague.village_group IS NULL OR house.village_group = vague.village_group)
              AND (vague.building IS NULL OR house.building = vague.building)
        ),
        first AS (SELECT * FROM inside QUALIFY step = min(step) OVER (PARTITION BY {key}))
        SELECT {key}, min(dwelling_code) AS dwelling_code, min(step) AS step
        FROM first GROUP BY {key} HAVING count(*) = 1"""


def _by_household() -> str:
    """Clarification 18: the dwelling that all other located members of the registered household have."""
    return f"""
        WITH homes AS (
            SELECT household_no, min(dwelling_code) AS dwelling_code
            FROM registered JOIN lived_in USING (person_id)
            WHERE family
            GROUP BY household_no HAVING min(dwelling_code) = max(dwelling_code)
        ),
        others AS (
            SELECT registered.person_id, homes.dwelling_code
            FROM registered JOIN homes USING (household_no)
            WHERE registered.family
        )
        SELECT others.person_id, others.dwelling_code, false
        FROM others
        JOIN offered_dwelling AS house ON house.dwelling_code = others.dwelling_code
        LEFT JOIN residence ON residence.person_id = others.person_id
        ANTI JOIN lived_in ON lived_in.person_id = others.person_id
        ANTI JOIN (SELECT person_id FROM {attribute("vital_status")} WHERE value = '2') AS dead
            ON dead.person_id = others.person_id
        WHERE NOT coalesce(residence.outside_city, false)
          AND (residence.person_id IS NULL OR NOT {contradicts("residence", "house")})"""


def _areas(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `residence_area`: of the dwelling, else of the survivor or the next value that gives a township
    (clarification 19)."""
    gridded = ", ".join(
        literal(value.code) for value in load_catalogue().lists["jz_township"].values if value.gridded
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE residence_area AS
        WITH named AS (
            SELECT candidate.person_id, candidate.record_id, candidate.township_code, candidate.community_code,
                   permit.grid_code
            FROM residence JOIN residence_candidate AS candidate USING (person_id)
            LEFT JOIN current_residence_permits AS permit ON permit.record_id = candidate.record_id
            WHERE NOT coalesce(residence.outside_city, false) AND NOT coalesce(candidate.outside_city, false)
              AND candidate.township_code IS NOT NULL AND NOT {contradicts("residence", "candidate")}
            QUALIFY row_number() OVER (PARTITION BY person_id
                ORDER BY candidate.record_id <> residence.record_id, candidate.place_no) = 1
        ),
        gridded AS (
            SELECT DISTINCT community_code FROM current_house_registry
            WHERE grid_code IS NOT NULL AND township_code IN ({gridded})
        ),
        areas AS (
            SELECT lived_in.person_id, house.record_id, house.township_code, house.community_code, house.grid_code
            FROM lived_in JOIN current_house_registry AS house USING (dwelling_code)
            UNION ALL
            SELECT named.* FROM named ANTI JOIN lived_in USING (person_id)
        )
        SELECT person_id, record_id, township_code, community_code,
               CASE WHEN left(grid_code, 12) = coalesce(community_code, left(grid_code, 12))
                     AND starts_with(grid_code, township_code)
                     AND left(grid_code, 12) IN (SELECT community_code FROM gridded) THEN grid_code END AS grid_code
        FROM areas""")
