"""Mentions that can never be linked: not even against themselves do they reach the threshold.

Belongs here: Splink's idea of unlinkable records (self-links below the threshold; Linacre et al., Splink documentation, "unlinkables"),
applied to mentions without number. Does not: mentions that could be linked but are not (estimation.py). A mention with a number or with a
register's own key is always linkable.
"""

from __future__ import annotations

import duckdb
from splink import DuckDBAPI, Linker

from resolvers.linkage.model import Model, settings
from resolvers.linkage.scoring import prior

MAX_TESTED = 20_000


def find(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Write `quality_unlinkable` (mention_id, unlinkable): a sample of the mentions without number, at most MAX_TESTED."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE quality_alone AS
        SELECT unit.* FROM unit JOIN quality_mention ON unit_id = unique_id WHERE loose
        ORDER BY md5('alone|' || unique_id), unique_id LIMIT {MAX_TESTED}""")
    con.execute("CREATE OR REPLACE TEMP TABLE self_link (unique_id BIGINT, weight DOUBLE)")
    row = con.execute("SELECT count(*) FROM quality_alone").fetchone()
    if row and row[0]:
        api = DuckDBAPI(connection=con)
        con.execute("""CREATE OR REPLACE TEMP TABLE quality_names AS
                       SELECT plain, count(*) / sum(count(*)) OVER () AS tf_plain FROM unit WHERE plain IS NOT NULL GROUP BY plain""")
        linker = Linker(api.register("quality_alone"), settings(model, prior(con, model)), log_level=None, validate_settings=False)
        linker.table_management.register_term_frequency_lookup(api.register("quality_names"), "plain")
        found = linker._self_link()
        con.execute(f"INSERT INTO self_link SELECT unique_id_l, match_weight FROM {found.physical_name}")
        linker._db_api.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call,unused-ignore]
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE quality_unlinkable AS
        SELECT mention_id, coalesce(weight, -1000) < {model.threshold_weight} AND len(own_keys) = 0 AS unlinkable
        FROM quality_alone JOIN quality_mention ON unit_id = unique_id JOIN mention USING (mention_id)
        LEFT JOIN self_link USING (unique_id)""")
