"""Family ties: couples, parents and children, siblings, grandparents, from every record that names them.

Belongs here: the table `family_tie`. Does not: the links that the attributes use; those are part of it (kinship.py).

`tie` says what the relative is to the person. Every statement is kept; `state` says which of them hold:

    holds          couples: the spouse_person of one of the two, or nobody has another one; parents: per child the most
                   trusted father and mother; other ties
    contradicted   another statement that is more trusted names somebody else in the same place
    ended          a couple whose last marriage event is a divorce or an annulment
"""

from __future__ import annotations

import duckdb

from sources.tables import literal
from warehouse.attributes.kinship import CHILD_RELATIONS, HEAD, named_spouses, parent_statements
from warehouse.attributes.records import records
from warehouse.build import ProfileBuild

OPPOSITE = {"spouse": "spouse", "parent": "child", "child": "parent", "sibling": "sibling", "grandparent": "grandchild",
            "grandchild": "grandparent"}
TIE_OF = {"1": "spouse", "2": "child", "4": "grandchild", "5": "parent", "6": "grandparent", "7": "sibling"} | {
    code: tie for tie, codes in {
        "spouse": (10, 11, 12), "child": (*range(20, 28), *range(29, 38), 39), "grandchild": (*range(40, 45), 49),
        "parent": (50, 51, 52, 57, 58), "grandparent": (*range(60, 65), 69), "sibling": (70, 71, 73, 75, 77, 79),
    }.items() for code in map(str, codes)
}
"""Codes of relation_group and of GB/T 4761 that are a tie by blood, adoption or marriage of the two themselves; relatives
by another's marriage (in-laws) are none."""

STATED_RELATIONS = (
    ("fund_loans", "co_borrower", "borrower", "co_relation"),
    ("social_assistance", "holder", "applicant", "relation"),
    ("medical_insurance", "holder", "payer", "payer_relation"),
    ("elderly_disability_benefits", "contact", "holder", "contact_relation"),
    ("legal_aid", "representative", "holder", "representative_relation"),
)
"""category, role whose relation is stated, role that it refers to, column; the roles' `relation_to` in the contracts, and
for the payer the description of the column: what the insured is to the payer. In the order of trust after the links of
clarifications 22 and 25."""

CATEGORIES = ("marriage_registration", "household_registration", "birth_family_support", "student_enrolment",
              *(category for category, *_ in STATED_RELATIONS))
"""The categories that state ties; statements carry the position, so that counting needs no text."""

NAMES_SPOUSES = ("household_registration", "household_registration", "fund_loans", "birth_family_support")
"""Category of each ordinal of kinship.named_spouses; the marriage register comes before them."""

FIRST_BESIDES = 10
"""Ordinal of the first of STATED_RELATIONS: after every link that the attributes use."""

DAYS = 4_000_000
"""More than the days since year 1."""


def create_ties(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Make `family_tie`: person_id, relative, tie, state, category and record_id of the most trusted statement,
    categories (all that state it), statements (how often). Needs the tables of create_links and profile_open.

    Trust is one number: the ordinal of the source, then the record updated last, then the smaller record_id.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE one_tie AS
        SELECT person_id, relative, tie, min(trust) AS trust, arg_min(record_id, trust) AS record_id,
               arg_min(category, trust) AS category, bit_or(1::USMALLINT << category) AS stated, count(*) AS statements,
               arg_min(role, trust) AS role
        FROM ({_statements(build)}) WHERE person_id <> relative GROUP BY person_id, relative, tie""")
    names = ", ".join(map(literal, CATEGORIES))
    con.execute(f"""
        CREATE OR REPLACE TABLE family_tie AS
        SELECT tie.person_id, tie.relative, tie.tie, coalesce(judged.state, 'holds') AS state,
               [{names}][tie.category] AS category, tie.record_id,
               list_filter([{names}], lambda _, place: (tie.stated >> place) & 1 = 1) AS categories, tie.statements
        FROM one_tie AS tie
        LEFT JOIN ({_couples()} UNION ALL ({_parents()})) AS judged USING (person_id, relative, tie)""")
    con.execute("DROP TABLE temp.one_tie")


def _statements(build: ProfileBuild) -> str:
    """SQL: person_id, relative, tie, role (father, mother), record_id, category (position in CATEGORIES, from 1), trust; both
    directions of every statement."""
    parts = [f"SELECT child AS person_id, parent AS relative, 'parent' AS tie, role, record_id, "
             f"{_position('category')} AS category, ordinal FROM ({parent_statements(build)})",
             f"""SELECT man.person_id, woman.person_id, 'spouse', NULL, man.record_id, 1, 1
                 FROM {records(build, "marriage_registration", ("spouse_a",))} AS man
                 JOIN mention_person AS woman ON woman.record_id = man.record_id AND woman.role = 'spouse_b'
                 WHERE man.validity = '1' AND man.event_type IS NOT NULL"""]
    for ordinal, (category, role, other, column) in enumerate(STATED_RELATIONS, start=FIRST_BESIDES):
        parts.append(f"""
            SELECT other.person_id, one.person_id, {_tie_of(f"one.{column}")}, NULL, one.record_id,
                   {CATEGORIES.index(category) + 1}, {ordinal}
            FROM {records(build, category, (role,))} AS one
            JOIN mention_person AS other ON other.record_id = one.record_id AND other.role = {literal(other)}
            WHERE NOT ({literal(category)} = 'fund_loans' AND one.{column} = '1')""")
    children = ", ".join(map(literal, CHILD_RELATIONS))
    parts.append(f"""
        SELECT head.person_id, member.person_id, {_tie_of("member.relation_to_head")}, NULL, member.record_id,
               {CATEGORIES.index("household_registration") + 1}, {FIRST_BESIDES - 1}
        FROM registered AS head JOIN registered AS member USING (household_no)
        WHERE head.relation_to_head = {literal(HEAD)} AND head.family AND member.family
          AND member.relation_to_head NOT IN ({children})""")
    opposite = " ".join(f"WHEN {literal(one)} THEN {literal(other)}" for one, other in OPPOSITE.items())
    spouses = _position(f"[{', '.join(map(literal, NAMES_SPOUSES))}][ordinal]")
    return f"""
        WITH stated AS ({" UNION ALL ".join(parts)}),
        mirrored AS (
            FROM stated WHERE tie IS NOT NULL
            UNION ALL
            SELECT relative, person_id, CASE tie {opposite} END, role, record_id, category, ordinal FROM stated
            WHERE tie IS NOT NULL
            UNION ALL
            SELECT person_id, spouse, 'spouse', NULL, record_id, {spouses}, ordinal + 1 FROM ({named_spouses(build)})
        )
        SELECT mirrored.* EXCLUDE (ordinal),
               (ordinal * {DAYS} + {DAYS} - 1 - date_diff('day', DATE '0001-01-01', coalesce(updates.updated_on, DATE '0001-01-01')))
               ::HUGEINT * 9223372036854775808 + mirrored.record_id AS trust
        FROM mirrored LEFT JOIN ({_updates()}) AS updates USING (record_id)"""


def _position(category: str) -> str:
    return f"list_position([{', '.join(map(literal, CATEGORIES))}], {category})"


def _tie_of(column: str) -> str:
    return f"CASE {column} " + " ".join(f"WHEN {literal(code)} THEN {literal(tie)}" for code, tie in TIE_OF.items()) + " END"


def _updates() -> str:
    return " UNION ALL ".join(f"SELECT record_id, updated_on FROM current_{category}" for category in CATEGORIES)


def _couples() -> str:
    """SQL: person_id, relative, tie, state of couples."""
    return """
        WITH chosen AS (
            SELECT person_id, value AS relative FROM spouse_link
            UNION ALL
            SELECT value, min(person_id) FROM spouse_link AS link
            ANTI JOIN spouse_link AS own ON own.person_id = link.value
            GROUP BY value HAVING count(*) = 1
        )
        SELECT tie.person_id, tie.relative, 'spouse' AS tie,
               CASE WHEN chosen.relative = tie.relative THEN 'holds'
                    WHEN event.event_type IN ('2', '4', '5') AND event.spouse = tie.relative THEN 'ended'
                    WHEN chosen.relative IS NULL AND theirs.relative IS NULL THEN 'holds'
                    ELSE 'contradicted' END AS state
        FROM one_tie AS tie
        LEFT JOIN chosen ON chosen.person_id = tie.person_id
        LEFT JOIN chosen AS theirs ON theirs.person_id = tie.relative
        LEFT JOIN last_event AS event ON event.person_id = tie.person_id
        WHERE tie.tie = 'spouse'"""


def _parents() -> str:
    """SQL: person_id, relative, tie (parent and child), state. A parent of whom no record says father or mother is told by
    sex."""
    return """
        WITH one AS (
            SELECT tie.*, coalesce(tie.role, CASE profile_open.sex WHEN '1' THEN 'father' WHEN '2' THEN 'mother' END) AS place
            FROM one_tie AS tie LEFT JOIN profile_open ON profile_open.person_id = tie.relative
            WHERE tie.tie = 'parent'
        ),
        judged AS (
            SELECT person_id, relative,
               CASE WHEN place IS NULL OR row_number() OVER (PARTITION BY person_id, place ORDER BY trust, relative) = 1
                    THEN 'holds' ELSE 'contradicted' END AS state
            FROM one
        )
        SELECT person_id, relative, 'parent' AS tie, state FROM judged
        UNION ALL SELECT relative, person_id, 'child', state FROM judged"""
