"""Finding offers: records that state something else than the value that survives from another department's record.

Belongs here: `change_offer`, in SQL over all persons at once. Does not: how much may be said (rules.py), answers (lifecycle.py).

A value is better when the rule of its attribute prefers it and it is not older: the most trusted source, or the newest statement. Only the
record of a person updated last in each category is compared, spelling apart. Values come from `profile_open`, never from a restricted
category; people whom only restricted categories know get no offer. A request to verify is left out where an alert on the same record asks
for it already.
"""

from __future__ import annotations

from datetime import date

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, create_table, has_table, literal, quoted
from warehouse.attributes.employment import SPEAKS_OF_WORK
from warehouse.build import ProfileBuild, claims
from warehouse.changes.rules import OFFERED, Mode, gives, mode, takes
from warehouse.office.sealing import keyed_digest_sql
from warehouse.profile import HIDDEN

TABLE = "change_offer"
USE = "change"
DEAD = "2"
TOLD = {
    Mode.VALUE: ("另有部门登记的{title}与本记录不同且更新或更可信，供核对更正",
                 "another register states another {name}, newer or more trusted; please compare and correct"),
    Mode.VERIFY: ("本记录的{title}与其他登记不一致，请核实", "the {name} of this record differs from other registers; please verify"),
}
TOLD_DEATH = {
    Mode.VALUE: ("另有部门登记此人已死亡", "another register states that this person died"),
    Mode.VERIFY: ("另有部门登记此人已死亡，请核实", "another register states the death of this person; please verify"),
}
NOT_THE_FACT: dict[str, dict[str, str]] = {
    "marital_status": {"birth_family_support.marital_status": "m.role <> 'child'"},
    "residence_address": {"household_registration.address": "false"},
    "employer_name": SPEAKS_OF_WORK,
    "id_number": {"residence_permits": "r.id_type = '111'"},
    "contact_phone": {"marriage_registration": "false"},
    "name": {f"marriage_registration.{column}": f"(m.person_id, r.{column}) NOT IN (FROM former_name)"
             for column in ("man_name", "woman_name")},
}
"""Claims that state another fact: the parents' marital status of a child (clarification 21), where somebody is registered, the village of
a resident's pension or a former employer, the number of a passport. A marriage is an event of its day: the telephone and the name that
somebody had then are no mistakes of its record."""
NEWEST_RULES = ("most_recent",)
"""Rules by which a value is better because it is newer; by the others the more trusted source wins, if it is not older by years."""


def create_table_of_offers(con: duckdb.DuckDBPyConnection) -> None:
    """An empty change_offer where there is none."""
    con.execute(create_table(TABLE, SHARED_TABLES[TABLE]))


def build(con: duckdb.DuckDBPyConnection, as_of: date, key: bytes) -> int:
    """Replace the rows of origin `register`; returns their number. `key`: 32 bytes of the installation, for ids.

    Needs `profile_open`, `profile_record_open`, `mention_person`, `place` and the current tables.
    """
    create_table_of_offers(con)
    con.execute(f"CREATE OR REPLACE TEMP MACRO keyed_change(stated) AS {keyed_digest_sql('stated', key)}")
    con.execute("""CREATE OR REPLACE TEMP TABLE offer_found (department VARCHAR, category VARCHAR, natural_key VARCHAR, person_id VARCHAR,
                   attribute VARCHAR, column_name VARCHAR, held VARCHAR, offered VARCHAR, since DATE)""")
    build_for = ProfileBuild(as_of, HIDDEN)
    _directory(con)
    for attribute in OFFERED:
        if attribute in ("vital_status", "death_date"):
            continue
        _differing(con, attribute, build_for)
    _deaths(con)
    _replace(con)
    (found,) = con.execute(f"SELECT count(*) FROM {TABLE} WHERE origin = 'register'").fetchone() or (0,)
    return int(found)


def _directory(con: duckdb.DuckDBPyConnection) -> None:
    """offer_record: category, department and day of every record whose values may be offered to others. former_name: person_id, value."""
    con.execute("""CREATE OR REPLACE TEMP TABLE former_name AS
                   SELECT DISTINCT m.person_id, r.former_name AS value FROM current_household_registration AS r
                   JOIN mention_person AS m ON m.record_id = r.record_id AND m.role = 'holder' WHERE r.former_name IS NOT NULL""")
    parts = [f"SELECT record_id, {literal(contract.category)} AS category, {literal(contract.department)} AS department, updated_on "
             f"FROM {quoted('current_' + contract.category)}" for contract in load_catalogue().contracts.values() if gives(contract)]
    con.execute(f"CREATE OR REPLACE TEMP VIEW offer_record AS {' UNION ALL '.join(parts)}")


def _differing(con: duckdb.DuckDBPyConnection, name: str, build_for: ProfileBuild) -> None:
    """Claims that differ from the surviving value, of other departments than the one that gave it."""
    attribute, contracts = load_catalogue().attributes[name], load_catalogue().contracts
    sources = attribute.source_columns
    columns = " ".join(f"WHEN {place} THEN {literal(column)}" for place, (_, column) in enumerate(sources, start=1))
    ordinals = ", ".join(f"({literal(category)}, {place})" for place, (category, _) in enumerate(sources, start=1))
    modes = {category: mode(name, contract.department) for category, contract in contracts.items() if takes(contract)}
    takers = ", ".join(f"({literal(category)}, {literal(contracts[category].department)}, {literal(how)})"
                       for category, how in modes.items() if how is not Mode.NOTHING)
    if not takers or not _has_winner(con, name):
        return
    better = "winner.updated_on > mine.updated_on" if attribute.rule in NEWEST_RULES else \
        "rank.place < mine.ordinal AND coalesce(winner.updated_on >= mine.updated_on - INTERVAL 5 YEAR, false)"
    con.execute(f"""
        INSERT INTO offer_found
        WITH stated AS (SELECT * FROM ({claims(name, build=build_for, where=NOT_THE_FACT.get(name))}) WHERE value IS NOT NULL),
        mine AS (
            SELECT *, CASE ordinal {columns} END AS column_name FROM stated
            QUALIFY row_number() OVER (PARTITION BY person_id, category, ordinal ORDER BY updated_on DESC NULLS LAST, natural_key DESC) = 1)
        SELECT taker.department, mine.category, mine.natural_key, mine.person_id, {literal(name)}, mine.column_name,
               mine.value::VARCHAR, CASE WHEN taker.mode = '{Mode.VALUE}' THEN p.{quoted(name)}::VARCHAR END, winner.updated_on
        FROM mine
        JOIN (VALUES {takers}) AS taker(category, department, mode) ON taker.category = mine.category
        JOIN profile_open AS p ON p.person_id = mine.person_id
        JOIN everybody AS known ON known.person_id = mine.person_id AND known.known_from = 'open'
        JOIN profile_record_open AS won ON won.person_id = mine.person_id
        JOIN offer_record AS winner ON winner.record_id = won.{quoted(name)}
        JOIN (VALUES {ordinals}) AS rank(category, place) ON rank.category = winner.category
        WHERE winner.department <> taker.department AND p.vital_status = '1' AND {_differs(name)} AND ({better})
        QUALIFY row_number() OVER (PARTITION BY mine.person_id, mine.category, mine.natural_key, mine.column_name
                                   ORDER BY rank.place) = 1""")


def _has_winner(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether the profile knows the record behind a value of this attribute."""
    return name in {column for column, *_ in con.execute("DESCRIBE profile_record_open").fetchall()}


def _differs(name: str) -> str:
    """SQL: more than spelling lies between the record's value and the surviving one."""
    mine, other = "mine.value::VARCHAR", f"p.{quoted(name)}::VARCHAR"
    if name.endswith("_address"):
        dwelling = "p.dwelling_id" if name == "residence_address" else "kept.dwelling_code"
        placed = "(SELECT any_value(place.dwelling_code) FROM place WHERE place.record_id = {record} AND place.column_name = {column})"
        own = placed.format(record="mine.record_id", column="mine.column_name")
        if name == "residence_address":
            return f"{own} <> {dwelling}"
        return f"{own} <> {placed.format(record='winner.record_id', column=literal('address'))}"
    if name in ("name", "employer_name"):
        folded = "regexp_replace({}, '[\\s·•．.（）()]', '', 'g')"
        longer = f"AND NOT starts_with({folded.format(mine)}, {folded.format(other)})" if name == "name" else ""
        return f"{folded.format(mine)} <> {folded.format(other)} {longer}"
    if name == "marital_status":
        return f"left({mine}, 1) <> left({other}, 1) AND left({other}, 1) <> '9' AND left({mine}, 1) <> '3'"  # clarification 40
    return f"{mine} <> {other}"


def _deaths(con: duckdb.DuckDBPyConnection) -> None:
    """A death that another department states: one offer per record of the person that is updated last in its category."""
    contracts = load_catalogue().contracts
    for category, contract in contracts.items():
        how = mode("vital_status", contract.department)
        role = next((one.role for one in contract.person_roles if one.subject), None)
        if how is Mode.NOTHING or not takes(contract) or role is None or category in ("house_registry", "marriage_registration"):
            continue
        dated = "p.death_date" if mode("death_date", contract.department) is Mode.VALUE else "NULL::DATE"
        value = "NULL" if how is Mode.VERIFY else f"coalesce({dated}::VARCHAR, '{DEAD}')"
        con.execute(f"""
            INSERT INTO offer_found
            SELECT {literal(contract.department)}, {literal(category)}, r.natural_key, m.person_id,
                   CASE WHEN {dated} IS NULL THEN 'vital_status' ELSE 'death_date' END, NULL, NULL, {value}, winner.updated_on
            FROM {quoted('current_' + category)} AS r
            JOIN mention_person AS m ON m.record_id = r.record_id AND m.role = {literal(role)}
            JOIN profile_open AS p ON p.person_id = m.person_id AND p.vital_status = '{DEAD}'
            JOIN everybody AS known ON known.person_id = m.person_id AND known.known_from = 'open'
            JOIN profile_record_open AS won ON won.person_id = m.person_id
            JOIN offer_record AS winner ON winner.record_id = coalesce(won.death_date, won.vital_status)
            WHERE winner.department <> {literal(contract.department)} AND NOT r.left_out AND {_in_force(category)}
            QUALIFY row_number() OVER (PARTITION BY m.person_id ORDER BY r.updated_on DESC NULLS LAST, r.natural_key DESC) = 1""")


def _in_force(category: str) -> str:
    """SQL: the record still treats the person as living (its status column says in force); unknown counts as in force."""
    columns = {"household_registration": "status", "residence_permits": "permit_status", "fund_accounts": "status",
               "pension_insurance": "status", "medical_insurance": "status", "social_assistance": "status",
               "elderly_disability_benefits": "status", "health_records": "status", "student_enrolment": "status"}  # fmt: skip
    return f"coalesce(r.{quoted(columns[category])}, '1') = '1'" if category in columns else "true"


def _replace(con: duckdb.DuckDBPyConnection) -> None:
    """Rows of origin register anew, with ids that are the same as long as record, person, fact and value are."""
    attributes = load_catalogue().attributes
    told = ", ".join(f"({literal(name)}, {literal(how.value)}, {literal(zh)}, {literal(en)})" for name in OFFERED for how in TOLD
                     for zh, en in (_words(name, how, attributes[name].title_zh),))
    con.execute(f"DELETE FROM {TABLE} WHERE origin = 'register'")
    con.execute(f"""
        INSERT INTO {TABLE} BY NAME
        SELECT 'C' || left(keyed_change(concat_ws('|', f.category, f.natural_key, f.person_id, f.attribute, coalesce(f.column_name, '-'),
                                                  coalesce(f.offered, '-'))), 20) AS change_id,
               'register' AS origin, f.department, f.category, f.natural_key, f.person_id, f.attribute, f.column_name, f.held, f.offered,
               f.since, t.zh AS told_zh, t.en AS told_en
        FROM offer_found AS f JOIN (VALUES {told}) AS t(attribute, how, zh, en)
            ON t.attribute = f.attribute AND t.how = CASE WHEN f.offered IS NULL THEN '{Mode.VERIFY}' ELSE '{Mode.VALUE}' END
        WHERE f.offered IS NOT NULL OR (f.category, f.natural_key, f.department) NOT IN (
            SELECT (r.category, r.natural_key, told.department) FROM alert_record AS r JOIN alert_addressee AS told USING (alert_id))
        ORDER BY 1""")


def _words(name: str, how: Mode, title: str) -> tuple[str, str]:
    zh, en = (TOLD_DEATH if name in ("vital_status", "death_date") else TOLD)[how]
    return zh.format(title=title), en.format(name=name.replace("_", " "))


def known(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the opened store has offers."""
    return has_table(con, TABLE)
