"""Households: who is registered together, who lives together, and the family ties between people.

Belongs here: the tables below and their evaluation. Does not: the attributes of a person (warehouse/attributes), which are
computed before and which these tables never contradict.

    household          one row per kind and household: registers ('registration') and families living together ('residence')
    household_member   one row per kind and member; everybody is in at most one household of each kind
    family_tie         one row per person, relative and tie, with the record and the categories that state it
"""

from __future__ import annotations

from datetime import date

import duckdb

from warehouse.attributes.kinship import create_links, drop_links
from warehouse.build import ProfileBuild
from warehouse.households.registration import create_registration
from warehouse.households.residence import create_residence
from warehouse.households.ties import create_ties
from warehouse.profile import HIDDEN

TABLES = ("household", "household_member", "family_tie")
REGISTRATION, RESIDENCE = "registration", "residence"


def build(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """Make TABLES from the current tables, `place`, profile_open and profile_record_open; returns the rows of each.

    Nothing of the categories that only two purposes may know of is read (clarification 47), so every reader may see them.
    """
    con.execute("""
        CREATE OR REPLACE TABLE household (
            kind VARCHAR, household_key VARCHAR, household_no VARCHAR, household_type VARCHAR, dwelling_code VARCHAR,
            township_code VARCHAR, head VARCHAR, size BIGINT)""")
    con.execute("""
        CREATE OR REPLACE TABLE household_member (
            kind VARCHAR, household_key VARCHAR, person_id VARCHAR, relation VARCHAR, joined_by VARCHAR[], dwelling_by VARCHAR,
            separated VARCHAR, counted BOOLEAN, record_id BIGINT)""")
    links = ProfileBuild(as_of, without=HIDDEN)
    create_links(con, links)
    create_ties(con, links)
    create_registration(con)
    create_residence(con)
    drop_links(con)
    con.execute("DROP TABLE temp.separation")
    return {table: (con.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,))[0] for table in TABLES}
