"""The proposals: what differs, in words, as rows of `change_offer` with origin `visit`, and the statements that the grid worker may follow.

Belongs here: the tables `visit_statement` and `visit_proposal`, and the hand-over. Does not: the table `change_offer` and the
life of an offer (warehouse/changes), what differs (comparing.py).

A proposal shows the department its own record (`held`) and what was stated at the door; nothing of another register.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import has_table, literal
from warehouse.office.sealing import derived_key
from warehouse.visits.comparing import OFFERED
from warehouse.visits.routing import Fact, load_routing

USE = "change visit"
IDENTITY = "concat_ws('|', f.category, coalesce(f.own_key, '-'), coalesce(f.person_id, '-'), f.fact, f.offered)"
COLUMNS = ("change_id", "origin", "department", "category", "natural_key", "person_id", "attribute", "column_name", "held", "offered",
           "since", "told_zh", "told_en")
"""Columns of change_offer that a proposal fills."""


def propose(con: duckdb.DuckDBPyConnection, home: Path) -> int:
    """Make `visit_proposal` (one row per person, fact and register) and `visit_statement` from temp.visit_fact; returns the proposals.

    The id of a proposal is a keyed digest of register, record, person, fact and what is offered: found again it is the same.
    """
    con.execute(f"""CREATE OR REPLACE TEMP TABLE visit_named AS
        SELECT f.*, r.department, r.attribute, r.told_zh, r.told_en, r.is_open,
               {_id(IDENTITY)} AS change_id
        FROM temp.visit_fact AS f JOIN ({_routing()}) AS r USING (fact, category)""", {"key": derived_key(home, USE).hex()})
    con.execute(f"""CREATE OR REPLACE TABLE visit_proposal AS
        SELECT change_id, 'visit' AS origin, department, category, own_key AS natural_key, person_id, attribute, column_name,
               {_held_words()} AS held, offered, visited_on AS since,
               replace(told_zh, '{{day}}', visited_on::VARCHAR) AS told_zh, replace(told_en, '{{day}}', visited_on::VARCHAR) AS told_en
        FROM temp.visit_named WHERE outcome IN ({', '.join(map(literal, OFFERED))})
        QUALIFY row_number() OVER (PARTITION BY change_id ORDER BY visit_no) = 1
        ORDER BY department, category, change_id""")
    con.execute(f"""CREATE OR REPLACE TABLE visit_statement AS
        SELECT visit_no, person_id, grid, of_grid, dwelling_code, visited_on, fact, outcome, department,
               CASE WHEN outcome IN ({', '.join(map(literal, OFFERED))}) THEN change_id END AS change_id
        FROM temp.visit_named
        UNION ALL
        SELECT natural_key, NULL, grid_code, false, dwelling_code, visit_date, NULL, found_by, NULL, NULL
        FROM temp.visit_line WHERE found_by = 'unclear'
        ORDER BY visit_no, fact""")
    con.execute("DROP TABLE temp.visit_named")
    return int((con.execute("SELECT count(*) FROM visit_proposal").fetchone() or (0,))[0])


def append(con: duckdb.DuckDBPyConnection) -> None:
    """Replace the rows of origin `visit` in `change_offer` by the proposals. Doing it twice gives the same; nothing without a form."""
    if not has_table(con, "visit_proposal"):
        return
    if not has_table(con, "change_offer"):
        con.execute("CREATE TABLE change_offer AS FROM visit_proposal WITH NO DATA")
    columns = ", ".join(COLUMNS)
    con.execute("DELETE FROM change_offer WHERE origin = 'visit'")
    con.execute(f"INSERT INTO change_offer ({columns}) SELECT {columns} FROM visit_proposal ORDER BY change_id")


def _id(text: str) -> str:
    """SQL: a keyed digest, with the key hashed in twice so that no longer text can be given an id from it."""
    return f"left(sha256($key || sha256($key || {text})), 32)"


def _routing() -> str:
    """SQL: one row per fact and register with department, attribute and the sentence."""
    rows = []
    for fact in load_routing().values():
        for register in fact.to:
            zh, en = _told(fact)
            values = (fact.fact, register.category, register.department, fact.attribute, zh, en)
            rows.append(f"({', '.join(map(literal, values))}, {str(fact.is_open).lower()})")
    return f"SELECT * FROM (VALUES {', '.join(rows)}) AS t(fact, category, department, attribute, told_zh, told_en, is_open)"


def _told(fact: Fact) -> tuple[str, str]:
    """Who said it, when, and what is asked for; never a value."""
    if fact.request:
        return (f"居民于{{day}}在入户走访时提出:{fact.title_zh}。请核实并联系居民。",
                f"Asked for at the door on {{day}}: {fact.title_en}. Please verify and get in touch.")
    return (f"居民于{{day}}在入户走访时反映:{fact.title_zh}。未经核实,请核实后更正登记。",
            f"Stated at the door on {{day}}, not verified: {fact.title_en}. Please verify before the record is corrected.")


def _held_words() -> str:
    """SQL: the owner's value, codes as Chinese words."""
    cases = {}
    for fact in load_routing().values():
        for register in fact.to:
            column = load_catalogue().contracts[register.category].column(register.column)
            if column.type == "code" and column.codes is not None:
                codes = load_catalogue().lists[column.codes].maps_to or column.codes
                values = load_catalogue().lists[codes].values
                words = f"map([{', '.join(literal(v.code) for v in values)}], [{', '.join(literal(v.zh) for v in values)}])[held]"
                cases[register.category, register.column] = f"coalesce({words}, held)"
    whens = " ".join(f"WHEN category = {literal(category)} AND column_name = {literal(column)} THEN {words}"
                     for (category, column), words in cases.items())
    return f"CASE {whens} ELSE held END"
