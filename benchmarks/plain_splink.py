"""Plain Splink on the mentions of a city: the open baseline that the resolver is compared with.

Belongs here: Splink's own comparisons with their defaults, training by expectation maximisation as its documentation shows, connected
components at 0.95. Every mention is one row; no knowledge of registers, no cannot-links. Nothing of the product imports this.
"""

from __future__ import annotations

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

THRESHOLD = 0.95
BLOCKING = (("id_number",), ("name", "birth_date"), ("name", "phone"), ("birth_date", "phone"))


def link(con: duckdb.DuckDBPyConnection) -> None:
    """From `mention` write `plain_person` (category, natural_key, role, person_id)."""
    con.execute("""
        CREATE OR REPLACE TABLE plain_mention AS
        SELECT mention_id AS unique_id, name, id_number, birth_date::VARCHAR AS birth_date, sex, phone FROM mention ORDER BY mention_id""")
    linker = Linker(
        DuckDBAPI(connection=con).register("plain_mention"),
        SettingsCreator(
            link_type="dedupe_only",
            comparisons=[
                cl.NameComparison("name"),
                cl.ExactMatch("id_number"),
                cl.DateOfBirthComparison("birth_date", input_is_string=True),
                cl.ExactMatch("sex"),
                cl.ExactMatch("phone"),
            ],
            blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKING],
        ),
        log_level=None,
    )
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on("id_number"), block_on("name", "birth_date")], recall=0.8)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    training.estimate_parameters_using_expectation_maximisation(block_on("id_number"))
    training.estimate_parameters_using_expectation_maximisation(block_on("name", "birth_date"))
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=THRESHOLD)
    con.execute(f"""
        CREATE OR REPLACE TABLE plain_person AS
        SELECT category, natural_key, role, subject, cluster_id::VARCHAR AS person_id, mention.record_id
        FROM {clusters.physical_name} JOIN mention ON mention_id = unique_id""")
