"""What each line says, against the profile and against the owner's own record.

Belongs here: temp.visit_fact, one row per line and fact with its outcome. Does not: who is meant (finding.py), words (offers.py).

Outcomes, the first that holds: `older_visit` (a newer line about this person says something on this fact), `unclear` (nobody can be
sure of the person, or the dwelling is not one of the form's grid), `not_asked` (not for this age), `no_consent`, `same` (profile or
owner's record says so already), `no_owner` (the owner holds no record of the person and may get corrections of its own records only),
`register_newer` (the owner's record was changed after the visit), then `differs` or `new`.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal, quoted
from warehouse.visits.routing import Fact, load_routing

OFFERED = ("differs", "new")
SOMEBODY, NOBODY = "v.person_id IS NOT NULL", "v.found_by = 'nobody'"
NEWBORN = "(v.birth_date > v.visit_date - INTERVAL 1 YEAR AND v.birth_date <= v.visit_date)"
DEAD = "(v.deceased_reported = '1')"
LIVES = f"(v.lives_here = '1' AND NOT coalesce({DEAD}, false))"


@dataclass(frozen=True, slots=True)
class Saying:
    """SQL over v (temp.visit_line), p (profile_open), house (the dwelling of the form) and own (the owner's record).

    `said`: what is stated, comparable, NULL when nothing is; `known`: the same of the profile; `own`: of the owner's record;
    `offered`: for people to read; `alike`: what of the three must agree.
    """

    said: str
    known: str
    offered: str
    own: str = "NULL"
    alike: str = "{}"
    about: str = SOMEBODY


def _wish(column: str, has: str = "false", own_has: str = "false") -> Saying:
    """A wish that the profile or the owner's record can show to be met already."""
    return Saying(f"CASE WHEN v.{column} = '1' THEN '1' END", f"CASE WHEN {has} THEN '1' END", "'需要'",
                  f"CASE WHEN {own_has} THEN '1' END")


def _words(column: str, codes: str) -> str:
    """SQL: the Chinese word of a canonical code."""
    values = load_catalogue().lists[codes].values
    return f"map([{', '.join(literal(v.code) for v in values)}], [{', '.join(literal(v.zh) for v in values)}])[{column}]"


PLACE = """coalesce(house.standard_address, v.address)"""
SINCE = """coalesce(' 自' || v.lives_here_since::VARCHAR || '起', '')"""


def sayings() -> dict[str, Saying]:
    """How each fact of routing.yaml is read from a line; a test compares the names."""
    died, left = _words("CASE WHEN v.deceased_reported = '1' THEN '2' ELSE '1' END", "vital_status"), _words("v.left_to", "left_to")
    return {
        "residence": Saying(
            f"""CASE WHEN p.vital_status = '2' OR {DEAD} THEN NULL WHEN v.lives_here = '1' THEN v.dwelling_code
                     WHEN v.lives_here = '0' THEN 'elsewhere' END""",
            "CASE WHEN v.lives_here = '1' OR p.dwelling_id = v.dwelling_code THEN p.dwelling_id ELSE 'elsewhere' END",
            f"CASE WHEN v.lives_here = '1' THEN {PLACE} || {SINCE} ELSE '不在此居住: ' || {PLACE} || coalesce(' 去向: ' || {left}, '') END",
            """CASE WHEN v.lives_here = '1' OR own.dwelling = v.dwelling_code THEN own.dwelling
                    WHEN own.dwelling IS NOT NULL THEN 'elsewhere' END"""),
        "newcomer": Saying("v.dwelling_code", "NULL", f"concat_ws(' ', v.name, {PLACE}) || {SINCE}",
                           about=f"{NOBODY} AND NOT coalesce({NEWBORN}, false)"),
        "newborn": Saying("v.dwelling_code", "NULL", f"concat_ws(' ', v.name, v.birth_date::VARCHAR, {PLACE})",
                          about=f"{NOBODY} AND coalesce({NEWBORN}, false)"),
        "vital_status": Saying(f"CASE WHEN {DEAD} THEN '2' WHEN {LIVES} THEN '1' END", "p.vital_status", f"{died} || '(请核实)'"),
        "household": Saying("v.household_no", "own.value", "v.household_no", "own.value"),
        "relation_to_head": Saying("v.relation_to_head", "p.relation_to_head", _words("v.relation_to_head", "gbt_4761_relation"),
                                   "own.value", "CASE WHEN {0} IN ('01', '02') THEN {0} ELSE left({0}, 1) END"),
        "phone": Saying("v.phone", "p.contact_phone", "v.phone", "own.value"),
        "living_alone": Saying("v.living_alone", "CASE p.living_alone WHEN true THEN '1' WHEN false THEN '0' END",
                               "CASE v.living_alone WHEN '1' THEN '独居' ELSE '非独居' END",
                               "CASE WHEN own.value IN ('1', '2') THEN '1' WHEN own.value IS NOT NULL THEN '0' END"),
        "elderly_living_type": Saying("v.elderly_living_type", "p.elderly_living_type",
                                      _words("v.elderly_living_type", "elderly_living_type"), "own.value"),
        "daily_help": _wish("daily_help_wanted"),
        "one_touch": _wish("one_touch_wanted", "p.one_touch_service", "own.value = '1'"),
        "disability_aid": _wish("disability_aid_wanted"),
        "school_place": _wish("school_place_wanted", "p.enrolment_status = '1'", "own.value = '1'"),
        "job": Saying("v.job_wanted", "coalesce(p.job_seeking_intent, '0')",
                      _words("v.job_wanted", "job_intent"), "own.value"),
        "family_doctor": _wish("family_doctor_wanted", "p.family_doctor_team IS NOT NULL", "own.value IS NOT NULL"),
    }


def compare(con: duckdb.DuckDBPyConnection) -> int:
    """Make temp.visit_fact from temp.visit_line; returns the number of rows. The owners' records are read by exact person."""
    _own_records(con)
    con.execute("""CREATE OR REPLACE TEMP TABLE visit_known AS
        SELECT p.* FROM profile_open AS p SEMI JOIN temp.visit_line AS v ON v.person_id = p.person_id""")
    con.execute("""CREATE OR REPLACE TEMP TABLE visit_house AS
        SELECT h.dwelling_code, h.grid_code, h.standard_address FROM current_house_registry AS h
        SEMI JOIN temp.visit_line AS v ON v.dwelling_code = h.dwelling_code""")
    said = sayings()
    parts = "\nUNION ALL\n".join(_of_fact(fact, said[name]) for name, fact in load_routing().items())
    con.execute(f"""CREATE OR REPLACE TEMP TABLE visit_fact AS
        SELECT * EXCLUDE (newest, unsure, asked, alike, consented, owner, newer, known),
               CASE WHEN NOT newest THEN 'older_visit' WHEN unsure THEN 'unclear' WHEN NOT asked THEN 'not_asked'
                    WHEN NOT consented THEN 'no_consent' WHEN alike THEN 'same'
                    WHEN NOT owner THEN 'no_owner' WHEN newer THEN 'register_newer'
                    WHEN known THEN 'differs' ELSE 'new' END AS outcome
        FROM ({parts})""")
    return int((con.execute("SELECT count(*) FROM temp.visit_fact").fetchone() or (0,))[0])


LIVE = {"residence_permits": "r.permit_status = '1'"}
"""Where only a record in a certain state can be corrected."""
FIRST = {"household_registration": "(r.status = '1') DESC,", "elderly_disability_benefits": "(r.status = '1') DESC,"}


def _own_records(con: duckdb.DuckDBPyConnection) -> None:
    """temp.visit_own: of each visited person the one record per register that a proposal speaks of, with the columns that are asked."""
    columns: dict[str, set[str]] = {}
    for fact in load_routing().values():
        for register in fact.to:
            columns.setdefault(register.category, set()).add(register.column)
    parts = []
    for category, names in columns.items():
        role = next(role.role for role in load_catalogue().contracts[category].person_roles if role.subject)
        values = ", ".join(f"{literal(name)}: r.{quoted(name)}::VARCHAR" for name in sorted(names))
        parts.append(f"""
            SELECT m.person_id, {literal(category)} AS category, r.record_id, r.natural_key, r.updated_on, MAP {{{values}}} AS cells
            FROM mention_person AS m JOIN {quoted('current_' + category)} AS r USING (record_id)
            WHERE m.category = {literal(category)} AND m.role = {literal(role)} AND {LIVE.get(category, 'true')}
              AND m.person_id IN (SELECT person_id FROM temp.visit_line)
            QUALIFY row_number() OVER (PARTITION BY m.person_id ORDER BY {FIRST.get(category, '')} r.updated_on DESC NULLS LAST,
                                                                         r.natural_key) = 1""")
    con.execute(f"""CREATE OR REPLACE TEMP TABLE visit_own AS
        SELECT o.*, place.dwelling_code AS dwelling FROM ({' UNION ALL '.join(parts)}) AS o
        LEFT JOIN (SELECT record_id, column_name, min(dwelling_code) AS dwelling_code FROM place GROUP BY ALL) AS place
            ON place.record_id = o.record_id AND (o.category, place.column_name) IN (('residence_permits', 'current_address'),
                                                                                      ('household_registration', 'address'))""")


def _of_fact(fact: Fact, saying: Saying) -> str:
    """SELECT of one fact over every line that says something on it."""
    order = " ".join(f"WHEN {literal(register.category)} THEN {number}" for number, register in enumerate(fact.to))
    last = fact.to[-1]
    column = " ".join(f"WHEN {literal(register.category)} THEN {literal(register.column)}" for register in fact.to)
    owns = ", ".join(literal(register.category) for register in fact.to)
    alike = [f"({saying.alike.format(saying.said)}) = ({saying.alike.format(known)})" for known in (saying.known, saying.own)]
    ages = f"coalesce(p.age BETWEEN {fact.age[0]} AND {fact.age[1]}, false)" if fact.age else "true"
    asked = "true" if fact.without_record else "own.person_id IS NOT NULL"
    # Somebody who lives where the last visit of one day found them, not where the other door said that they had left.
    return f"""
        SELECT v.natural_key AS visit_no, v.person_id, v.found_by, v.of_grid, v.grid_code AS grid, v.dwelling_code,
               v.visit_date AS visited_on,
               {literal(fact.fact)} AS fact, coalesce(own.category, {literal(last.category)}) AS category,
               CASE coalesce(own.category, {literal(last.category)}) {column} END AS column_name, own.natural_key AS own_key,
               own.cells[column_name] AS held, {saying.offered} AS offered,
               row_number() OVER (PARTITION BY coalesce(v.person_id, v.plain || '|' || v.birth_date::VARCHAR || '|' || v.dwelling_code)
                                  ORDER BY v.visit_date DESC, (v.lives_here = '1') DESC NULLS LAST, v.delivery_date DESC,
                                           v.natural_key DESC) = 1 AS newest,
               house.dwelling_code IS NULL OR house.grid_code IS DISTINCT FROM v.grid_code AS unsure,
               {ages} AS asked, coalesce({' OR '.join(alike)}, false) AS alike,
               {f"coalesce(v.{fact.consent} = '1', false)" if fact.consent else 'true'} AS consented, {asked} AS owner,
               coalesce(own.updated_on > v.visit_date, false) AS newer,
               {'false' if fact.request else f'({saying.known}) IS NOT NULL'} AS known
        FROM temp.visit_line AS v
        LEFT JOIN temp.visit_known AS p ON p.person_id = v.person_id
        LEFT JOIN temp.visit_house AS house ON house.dwelling_code = v.dwelling_code
        LEFT JOIN (SELECT *, {'CASE category ' + order + ' END'} AS rank, category AS owned,
                          cells[CASE category {column} END] AS value FROM temp.visit_own WHERE category IN ({owns})
                   QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY rank) = 1) AS own ON own.person_id = v.person_id
        WHERE {saying.about} AND ({saying.said}) IS NOT NULL"""
