"""What a run of the linkage has to do: everything, or what is new, changed or gone since the last run.

Belongs here: the memory of the last run (`linked_mention`, `linked_decision`, `linkage_state`) and the scopes of an increment, each a
temporary table that the next step reads. Does not: the steps themselves; each is written once, in its own module, and takes a scope, or
None for everything, so that a full run is the increment in which everything is dirty.

    gone, fresh       mentions of the last run that are no more or state something else; mentions that are new or state something else
    touched_number    numbers that those mentions carry or carried: their nuclei are built anew
    touched_mention   those mentions, and all that carry such a number: they are assigned to units anew
    touched_unit      units of those, of mentions named beside one of them, and with a value that became or ceased to be widely shared

A mention whose decision came or went counts as fresh. Values that many units share are no local matter and stand in `shared_value`; prior
and frequencies of names are part of the model; the one date that `minor` depends on is kept in the state. Another model, another program,
another date or a state that does not fit make everything dirty, and the run says which.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb

from resolvers.linkage import units
from resolvers.linkage.assignment import within
from resolvers.linkage.cannot_link import stated_deaths
from resolvers.linkage.model import MODEL_FILE
from resolvers.mentions import MENTION_COLUMNS, ROLES_PER_RECORD
from sources.tables import quoted

_LINKED = "record_id, id_number, id_typed, phone, dwelling_code, household, own_keys, is_registered"
"""What is remembered of a mention: what its neighbours depended on."""

_COMPARED = tuple(name for name in MENTION_COLUMNS if name != "address")
"""Columns by which a mention differs from what it was; of an address only what was read from it is compared."""

REMEMBERED = {
    "linked_mention": {"mention_id", "signature", *_LINKED.split(", ")},
    "linked_decision": {"mention_l", "mention_r", "verdict"},
    "linkage_state": {"model", "code", "reference", "scale", "mentions"},
    "nucleus": {"mention_id", "number"},
    "claim_form": {"number", "owner"},
    "unit_mention": {"mention_id", "unit_id", "number"},
    "unit": {"unique_id"},
    "shared_value": {"field", "value"},
    "pair": {"unit_l", "unit_r", "weight", "probability", "reason"},
    "blocking_load": {"rule", "pairs", "bound"},
    "dropped_key": {"rule", "key"},
    "unit_cluster": {"unit_id", "cluster"},
    "mention_cluster": {"mention_id", "cluster"},
    "relative_cluster": {"mention_id", "cluster"},
    "sighting": {"mention_id", "cluster", "record_id", "household", "dwelling", "partner"},
    "person_about": {"cluster", "sex", "birth_date", "names", "phones"},
    "clustered": {"mention_id", "record_id", "category", "natural_key", "role", "subject", "cluster"},
    "person_of_cluster": {"cluster", "person_id"},
    "cut": {"unit_l", "unit_r"},
    "cluster_confidence": {"cluster", "probability"},
    "link_edge": {"mention_l", "mention_r", "weight", "probability", "reason"},
    "mention_person": {"record_id", "role", "person_id"},
    "everybody": {"person_id"},
}
"""Tables, with columns, that a run leaves for the next."""

DERIVED = tuple(name for name in REMEMBERED if name not in ("mention_person", "everybody"))
"""Tables that a run for everything starts without."""


MENTIONS_PER_PERSON = 8
"""More than registers have, because the scale is rounded up."""


@dataclass(frozen=True, slots=True)
class State:
    """What the result of a run depends on beside mentions and decisions."""

    model: str
    code: str
    reference: date
    scale: int
    """size of the city, in steps (`city_scale`)"""

    @property
    def persons(self) -> int:
        """About how many persons; rather too few."""
        return max(self.scale // MENTIONS_PER_PERSON, 2)


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since the last run; `everything` says why the whole city is linked anew, None for an increment."""

    everything: str | None
    new: int
    gone: int
    model: str

    def scope(self, table: str) -> str | None:
        return None if self.everything else table


@cache
def code_digest() -> str:
    """Digest of the program text that decides on persons, and of DuckDB's version (its hashes may change with it)."""
    room = Path(__file__).parents[1]
    digest = hashlib.sha256(duckdb.__version__.encode())
    for path in sorted([*room.glob("*.py"), *(room / "linkage").glob("*.py"), *(room / "clustering").glob("*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def find_delta(con: duckdb.DuckDBPyConnection, state: State, why_everything: str | None = None) -> Delta:
    """Compare the mentions and decisions of the store with those of the last run; writes `gone`, `fresh` and `differing`."""
    everything = why_everything or _why_everything(con, state)
    if everything:
        _forget(con)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE differing AS
        SELECT coalesce(now.mention_id, linked.mention_id) AS mention_id, now.signature AS signature, linked.mention_id IS NOT NULL AS known
        FROM (SELECT mention_id, hash({", ".join(_COMPARED)}, death_date) AS signature
              FROM mention LEFT JOIN ({stated_deaths(con)}) USING (record_id)) AS now
        FULL JOIN (SELECT mention_id, signature FROM linked_mention) AS linked USING (mention_id)
        WHERE now.signature IS DISTINCT FROM linked.signature;
        CREATE OR REPLACE TEMP TABLE gone AS
        SELECT * FROM linked_mention WHERE mention_id IN (SELECT mention_id FROM differing WHERE known);
        CREATE OR REPLACE TEMP TABLE fresh AS SELECT mention_id FROM differing WHERE signature IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE redecided AS
            (FROM decided EXCEPT FROM linked_decision) UNION ALL (FROM linked_decision EXCEPT FROM decided)""")
    new = _count(con, "SELECT count(*) FROM fresh")
    con.execute("""
        INSERT INTO fresh SELECT DISTINCT mention_id FROM (SELECT unnest([mention_l, mention_r]) AS mention_id FROM redecided)
        WHERE mention_id IN (SELECT mention_id FROM mention) AND mention_id NOT IN (SELECT mention_id FROM fresh)""")
    return Delta(everything, new, _count(con, "SELECT count(*) FROM gone"), state.model)


def _why_everything(con: duckdb.DuckDBPyConnection, state: State) -> str | None:
    """Why the memory of the last run cannot be used; None when it can."""
    found: dict[str, set[str]] = {}
    for table, column in con.execute("""
        SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database()
        AND schema_name = current_schema()""").fetchall():
        found.setdefault(table, set()).add(column)
    if "linkage_state" not in found:
        return "first run"
    missing = [name for name, columns in REMEMBERED.items() if not columns <= found.get(name, set())]
    if missing:
        return f"tables of the last run are missing or of another layout: {', '.join(missing)}"
    rows = con.execute("SELECT model, code, reference, scale, mentions FROM linkage_state").fetchall()
    if len(rows) != 1:
        return "the last run was not finished"
    *known, mentions = rows[0]
    counts = {_count(con, f"SELECT count(*) FROM {table}") for table in ("linked_mention", "clustered", "mention_person")}
    if counts != {mentions} or _count(con, "SELECT count(*) FROM mention_cluster") != _count(con, "SELECT count(*) FROM unit_mention"):
        return "tables of the last run do not fit each other"
    needed = {"model": state.model, "program": state.code, "reference date": state.reference, "size of the city": state.scale}
    names = [name for (name, value), former in zip(needed.items(), known, strict=True) if value != former]
    return f"changed: {', '.join(names)}" if names else None


def _forget(con: duckdb.DuckDBPyConnection) -> None:
    for table in DERIVED:
        con.execute(f"DROP TABLE IF EXISTS {table}")
    con.execute("""
        CREATE TABLE linked_mention (mention_id BIGINT, signature UBIGINT, record_id BIGINT, id_number VARCHAR, id_typed VARCHAR,
            phone VARCHAR, dwelling_code VARCHAR, household VARCHAR, own_keys VARCHAR[], is_registered BOOLEAN);
        CREATE TABLE linked_decision (mention_l BIGINT, mention_r BIGINT, verdict VARCHAR);
        CREATE TABLE linkage_state (model VARCHAR, code VARCHAR, reference DATE, scale BIGINT,
            mentions BIGINT)""")


def remember(con: duckdb.DuckDBPyConnection, state: State) -> None:
    """Keep what the next run compares with; the last statement of a run, so that a run that broke off is never built upon."""
    con.execute("""
        DELETE FROM linked_mention WHERE mention_id IN (SELECT mention_id FROM gone);
        INSERT INTO linked_mention
        SELECT mention_id, signature, record_id, id_number, id_typed, phone, dwelling_code, household, own_keys,
               category = 'household_registration' AND role = 'holder'
        FROM mention JOIN differing USING (mention_id) WHERE signature IS NOT NULL;
        DELETE FROM linked_decision;
        INSERT INTO linked_decision FROM decided""")
    con.execute("DELETE FROM linkage_state")
    con.execute(
        "INSERT INTO linkage_state SELECT $1, $2, $3, $4, count(*) FROM linked_mention",
        [state.model, state.code, state.reference, state.scale],
    )


def city_scale(con: duckdb.DuckDBPyConnection) -> int:
    """Size of the city in mentions, up to the next power of two; for parameters that must not move with every record."""
    return int(2 ** max(_count(con, "SELECT count(*) FROM mention") - 1, 1).bit_length())


def expected_state(con: duckdb.DuckDBPyConnection, models: Path) -> State:
    """What the result of this run will depend on."""
    path = models / MODEL_FILE
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else "default"
    return State(digest, code_digest(), units.reference_date(con), city_scale(con))


def begin(con: duckdb.DuckDBPyConnection) -> None:
    """From here on the tables of the last run are being changed."""
    con.execute("DELETE FROM linkage_state")


def builds_upon(state: State, delta: Delta) -> bool:
    """Whether an increment may go on: no model was trained meanwhile. A run for everything always may."""
    return bool(delta.everything) or state.model == delta.model


def touch_mentions(con: duckdb.DuckDBPyConnection) -> None:
    """`touched_number`: numbers that changed mentions carry or carried. `touched_mention`: those mentions and all that carry such a number.
    `near_mention`: rows of these and of the records with a change. `former_unit`: the units to which they belonged."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE changed_record AS
        SELECT record_id FROM gone UNION SELECT record_id FROM mention WHERE mention_id IN (SELECT mention_id FROM fresh);
        CREATE OR REPLACE TEMP TABLE touched_number AS
        SELECT DISTINCT number FROM (
            SELECT id_number AS number FROM gone
            UNION ALL SELECT id_number FROM mention WHERE mention_id IN (SELECT mention_id FROM fresh)) WHERE number IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE near_mention AS
        SELECT * EXCLUDE (address) FROM mention WHERE mention_id IN (
            SELECT mention_id FROM mention WHERE id_number IN (SELECT number FROM touched_number)
            UNION SELECT mention_id FROM mention WHERE record_id IN (SELECT record_id FROM changed_record));
        CREATE OR REPLACE TEMP TABLE touched_mention AS
        SELECT mention_id FROM gone UNION SELECT mention_id FROM fresh
        UNION SELECT mention_id FROM near_mention WHERE id_number IN (SELECT number FROM touched_number);
        CREATE OR REPLACE TEMP TABLE former_unit AS
        SELECT * FROM unit_mention WHERE mention_id IN (SELECT mention_id FROM touched_mention)""")


def touch_units(con: duckdb.DuckDBPyConnection) -> None:
    """`regrouped_unit`: units that gained, lost or changed a mention. `touched_unit`: those, and all whose row may differ: named in a
    record with a changed mention, or stating a value that crossed its bound."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE regrouped_unit AS
        WITH present AS (SELECT * FROM unit_mention WHERE mention_id IN (SELECT mention_id FROM touched_mention)),
        changed AS (SELECT mention_id FROM gone UNION ALL SELECT mention_id FROM fresh)
        SELECT unit_id FROM (FROM present EXCEPT FROM former_unit) UNION SELECT unit_id FROM (FROM former_unit EXCEPT FROM present)
        UNION SELECT unit_id FROM present SEMI JOIN changed USING (mention_id)
        UNION SELECT unit_id FROM former_unit SEMI JOIN changed USING (mention_id);
        CREATE OR REPLACE TEMP TABLE touched_unit AS
        SELECT unit_id FROM regrouped_unit UNION SELECT unit_id FROM crossed
        UNION SELECT unit_id FROM unit_mention
              WHERE mention_id IN (SELECT mention_id FROM near_mention WHERE record_id IN (SELECT record_id FROM changed_record))""")


def rebuild_units(con: duckdb.DuckDBPyConnection, touched: str | None, reference: date) -> None:
    """Bring `unit` up to date; `unit_before` keeps the rows of touched units as they were, `changed_unit` names those that
    came, went or differ."""
    if touched is None:
        units.build(con, "unit_mention", "unit", reference=reference)
        return
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE unit_before AS SELECT * FROM unit WHERE {within("unique_id", touched, "unit_id")};
        CREATE OR REPLACE TEMP TABLE touched_assignment AS SELECT * FROM unit_mention WHERE {within("unit_id", touched)};
        CREATE OR REPLACE TEMP TABLE beside_mention AS
        SELECT * EXCLUDE (address, natural_key, id_state, relation) FROM mention
        WHERE record_id IN (SELECT mention_id // {ROLES_PER_RECORD} FROM touched_assignment)""")
    units.build(con, "touched_assignment", "touched_row", reference=reference, mentions="beside_mention")
    columns = ", ".join(column for (column, *_) in con.execute("DESCRIBE unit").fetchall())
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE unit_after AS SELECT {columns} FROM touched_row;
        DROP TABLE touched_row;
        CREATE OR REPLACE TEMP TABLE changed_unit AS
        SELECT unique_id AS unit_id FROM (FROM unit_after EXCEPT FROM unit_before)
        UNION SELECT unique_id FROM (FROM unit_before EXCEPT FROM unit_after);
        DELETE FROM unit WHERE unique_id IN (SELECT unit_id FROM changed_unit);
        INSERT INTO unit SELECT * FROM unit_after WHERE unique_id IN (SELECT unit_id FROM changed_unit)""")


def temporary_tables(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Names of the temporary tables and views of the connection."""
    rows = con.execute("""
        SELECT table_name FROM duckdb_tables() WHERE temporary
        UNION ALL SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal""").fetchall()
    return frozenset(name for (name,) in rows)


def tidy(con: duckdb.DuckDBPyConnection, before: frozenset[str]) -> None:
    """Drop what a run left beside the temporary tables and views that stood before it."""
    for kind, listed in (
        ("VIEW", "SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal"),
        ("TABLE", "SELECT table_name FROM duckdb_tables() WHERE temporary"),
    ):
        for (name,) in con.execute(listed).fetchall():
            if name not in before:
                con.execute(f"DROP {kind} temp.{quoted(name)}")


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0] or 0) if row else 0
