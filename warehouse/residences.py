"""Residence claims and residence history: where each record says that a person lives, and where somebody lived when.

Belongs here: the tables below. Does not: which claim survives (warehouse/attributes/residence.py, whose rules these use), how a text
leads to a dwelling (resolvers/places), the commands (desk).

    residence_claim    one row per person, record, column and version of an address that may be a residence: dwelling_code, and by whom
                       it was placed (placed_by: claim, owned, family); level, method, score of the claim itself; valid_from, valid_to
                       (NULL: still), dated_by (record: its own dates; delivery: since it is known); standing (counts: eligible for
                       residence_address; old: not updated for years; ended: no longer in force; past: the record says otherwise today,
                       past_address is what it said)
    residence_history  one row per person, place and spell: township_code, community_code, dwelling_code (what is known of the place,
                       all NULL outside the city), valid_from, valid_to, claims, categories, registered_only (nothing but the
                       registration says so), present (the dwelling of the profile)
"""

from __future__ import annotations

from datetime import date

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import has_table, literal, quoted
from warehouse.attributes.kinship import create_links, drop_links
from warehouse.attributes.residence import LAST, create_kin, create_offers, inside_named, standings
from warehouse.build import ProfileBuild, roles_of
from warehouse.profile import HIDDEN

TABLES = ("residence_claim", "residence_history")
KEYS = ("person_id", "record_id", "column_name", "version")

DATES = {
    "residence_permits": ("r.residence_start", "coalesce(r.deregister_date, r.permit_expiry)"),
    LAST: ("r.move_in_date", "r.cancel_date"),
}
"""By category: since when the record says that the address holds, and until when if the record is no longer in force."""
ENDS = {"elderly_disability_benefits": "r.end_date", "social_assistance": "r.end_date", "care_followups": "r.end_date",
        "health_records": "r.death_date", "employment_registration": "r.cancel_date"}
"""The day on which a record that is no longer in force ended, where it says so."""
OPEN_END = "DATE '9999-12-31'"


def build(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """Make TABLES from `place`, `place_past`, the current and history tables, mention_person and the profile (after
    `profile.build`); returns the rows of each.

    residence_claim holds claims of all categories; readers outside public_health and legal_service must not see those of HIDDEN
    (clarification 47). residence_history reads nothing of HIDDEN. Links between persons come from the others, too.
    """
    links = ProfileBuild(as_of, without=HIDDEN)
    _stated(con, ProfileBuild(as_of))
    create_links(con, links)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE lived_in AS
        SELECT p.person_id, p.dwelling_id AS dwelling_code FROM profile_open p JOIN profile_record_open r USING (person_id)
        WHERE p.dwelling_id IS NOT NULL AND r.dwelling_id IS NOT NULL""")
    create_kin(con, "SELECT DISTINCT person_id FROM claim_stated WHERE vague AND NOT dead")
    create_offers(con, "SELECT DISTINCT person_id FROM claim_stated WHERE vague")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE claim_placed AS {inside_named("(FROM claim_stated WHERE vague AND NOT dead)", KEYS)}""")
    _claims(con)
    _history(con)
    drop_links(con)
    for table in ("claim_stated", "claim_placed", "lived_in", "kin", "offered_dwelling"):
        con.execute(f"DROP TABLE temp.{table}")
    return {table: (con.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,))[0] for table in TABLES}


_PLACE = ("outside_city", "county_code", "township_code", "community_code", "village_group", "road", "door_no", "building",
          "dwelling_code", "level", "method", "score")


def _stated(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Temporary `claim_stated`: every claim of every person with its place, dates and standing; `vague`: names a group or
    building and no dwelling."""
    sources = load_catalogue().attributes["residence_address"].source_columns
    parts = [_stated_by(con, category, column, build) for category, column in sources]
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE claim_stated AS
        WITH stated AS ({" UNION ALL BY NAME ".join(parts)})
        SELECT stated.*, p.vital_status IS NOT DISTINCT FROM '2' AS dead, p.death_date,
               dwelling_code IS NULL AND NOT coalesce(outside_city, false) AND township_code IS NOT NULL
                   AND coalesce(village_group, building) IS NOT NULL AS vague
        FROM stated LEFT JOIN profile p USING (person_id)""")


def _stated_by(con: duckdb.DuckDBPyConnection, category: str, column: str, build: ProfileBuild) -> str:
    """SQL: the claims of one address column, of the current records and of their earlier versions."""
    contract = load_catalogue().contracts[category]
    roles = ", ".join(literal(role) for role in roles_of(contract, column))
    in_force, fresh = standings(build)[category]
    start, end = DATES.get(category, ("NULL::DATE", ENDS.get(category, "NULL::DATE")))
    history = _known_since(con, category)
    place = ", ".join(f"p.{name}" for name in _PLACE)
    known = "least(h.known_from, r.updated_on)"
    current = f"""
        SELECT m.person_id, r.record_id, {literal(category)} AS category, {literal(column)} AS column_name, 0 AS version, {place},
               NULL::VARCHAR AS past_address, least(coalesce({start}, {known}), {build.day}) AS valid_from,
               CASE WHEN {in_force} THEN NULL ELSE least(coalesce({end}, r.updated_on), {build.day}) END AS valid_to,
               CASE WHEN {start} IS NULL THEN 'delivery' ELSE 'record' END AS dated_by,
               CASE WHEN NOT ({in_force}) THEN 'ended' WHEN NOT ({fresh}) THEN 'old' ELSE 'counts' END AS standing
        FROM {quoted(f"current_{category}")} r
        JOIN place p ON p.record_id = r.record_id AND p.column_name = {literal(column)}
        JOIN mention_person m ON m.record_id = r.record_id AND m.role IN ({roles})
        {history}"""
    if not has_table(con, "place_past"):
        return current
    missing = ", ".join(f"NULL AS {name}" for name in ("county_code", "village_group", "road", "door_no", "building"))
    kept = ", ".join(f"p.{name}" for name in _PLACE if name not in {"county_code", "village_group", "road", "door_no", "building"})
    return f"""{current}
        UNION ALL BY NAME
        SELECT m.person_id, r.record_id, {literal(category)} AS category, {literal(column)} AS column_name,
               row_number() OVER (PARTITION BY m.person_id, r.record_id ORDER BY p.valid_from, p.valid_to, p.address)::INTEGER AS version,
               {missing}, {kept}, p.address AS past_address, p.valid_from, p.valid_to, 'delivery' AS dated_by, 'past' AS standing
        FROM place_past p
        JOIN {quoted(f"current_{category}")} r USING (natural_key)
        JOIN mention_person m ON m.record_id = r.record_id AND m.role IN ({roles})
        WHERE p.category = {literal(category)} AND p.column_name = {literal(column)}"""


def _known_since(con: duckdb.DuckDBPyConnection, category: str) -> str:
    """SQL: a join (alias h) that gives the day from which the present address has been known: the record's first version after
    the last one that said something else."""
    if not has_table(con, f"history_{category}"):
        return "LEFT JOIN (SELECT NULL AS natural_key, NULL::DATE AS known_from) h ON h.natural_key = r.natural_key"
    changed = (f"(SELECT natural_key, max(valid_to) AS changed FROM place_past WHERE category = {literal(category)} GROUP BY natural_key)"
               if has_table(con, "place_past") else "(SELECT NULL AS natural_key, NULL::DATE AS changed)")
    return f"""LEFT JOIN (
            SELECT v.natural_key, min(v.valid_from) AS known_from
            FROM {quoted(f"history_{category}")} v LEFT JOIN {changed} c USING (natural_key)
            WHERE c.changed IS NULL OR v.valid_from >= c.changed
            GROUP BY v.natural_key) h ON h.natural_key = r.natural_key"""


def _claims(con: duckdb.DuckDBPyConnection) -> None:
    """`residence_claim` from `claim_stated` and `claim_placed`; the claims of the dead end with their death."""
    con.execute("""
        CREATE OR REPLACE TABLE residence_claim AS
        SELECT s.person_id, s.record_id, s.category, s.column_name, s.valid_from,
               CASE WHEN dead OR s.valid_to IS NOT NULL
                    THEN greatest(s.valid_from, least(s.valid_to, CASE WHEN dead THEN s.death_date END)) END AS valid_to,
               s.dated_by, CASE WHEN dead AND s.standing IN ('counts', 'old') THEN 'ended' ELSE s.standing END AS standing,
               coalesce(s.outside_city, false) AS outside_city, s.township_code, s.community_code,
               coalesce(s.dwelling_code, placed.dwelling_code) AS dwelling_code, s.level, s.method, s.score,
               CASE WHEN s.dwelling_code IS NOT NULL THEN 'claim' WHEN placed.step = 1 THEN 'owned'
                    WHEN placed.step = 2 THEN 'family' END AS placed_by, s.past_address
        FROM claim_stated s
        LEFT JOIN claim_placed placed USING (person_id, record_id, column_name, version)
        ORDER BY s.person_id, s.valid_from, s.category, s.record_id, s.column_name, s.version""")


def _history(con: duckdb.DuckDBPyConnection) -> None:
    """`residence_history`: claims of one place that touch or overlap are one spell; the place is the dwelling, else the community,
    else the township, else outside the city. A claim that leads nowhere is no place."""
    hidden = ", ".join(literal(category) for category in sorted(HIDDEN))
    con.execute(f"""
        CREATE OR REPLACE TABLE residence_history AS
        WITH claims AS (
            SELECT c.person_id, c.record_id, c.category, c.valid_from, coalesce(c.valid_to, {OPEN_END}) AS valid_to, c.outside_city,
                   c.dwelling_code, coalesce(h.community_code, c.community_code) AS community_code,
                   coalesce(h.township_code, c.township_code) AS township_code
            FROM residence_claim c LEFT JOIN current_house_registry h USING (dwelling_code)
            WHERE c.category NOT IN ({hidden}) AND (c.outside_city OR c.township_code IS NOT NULL OR c.dwelling_code IS NOT NULL)
              AND c.valid_from IS NOT NULL),
        marked AS (
            SELECT *, CASE WHEN dwelling_code IS NULL THEN community_code END AS community, CASE WHEN coalesce(dwelling_code,
                       community_code) IS NULL THEN township_code END AS township,
                   valid_from > max(valid_to) OVER (PARTITION BY person_id, outside_city, dwelling_code, community, township
                       ORDER BY valid_from, valid_to, record_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS apart
            FROM claims),
        spells AS (
            SELECT *, count(*) FILTER (apart) OVER (PARTITION BY person_id, outside_city, dwelling_code, community, township
                       ORDER BY valid_from, valid_to, record_id ROWS UNBOUNDED PRECEDING) AS spell
            FROM marked)
        SELECT spells.person_id, outside_city, any_value(township_code) AS township_code, any_value(community_code) AS community_code,
               spells.dwelling_code, min(valid_from) AS valid_from, nullif(max(valid_to), {OPEN_END}) AS valid_to,
               count(*) AS claims, list_sort(list_distinct(list(category))) AS categories,
               bool_and(category = {literal(LAST)}) AS registered_only,
               coalesce(any_value(p.dwelling_id) = spells.dwelling_code AND max(valid_to) = {OPEN_END}, false) AS present
        FROM spells LEFT JOIN profile_open p ON p.person_id = spells.person_id
        GROUP BY spells.person_id, outside_city, spells.dwelling_code, community, township, spell
        ORDER BY spells.person_id, valid_from, spells.dwelling_code, community_code, township_code""")
