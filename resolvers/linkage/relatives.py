"""Relatives without a usable number: placed by the family of the person beside whom they are named, or left unlinked.

Belongs here: relatives whom no number places, the rule that a relative is the one member of the family with that name, sex and generation,
what reviewers decided of relatives, and clusters of relatives without any record of their own. Does not: relatives whose number says who
they are (nuclei.py), who is seen with whom (kin.py), the later rounds (family.py).
Better unlinked than wrong: two candidates, or none, leave the mention alone.
"""

from __future__ import annotations

import duckdb

from resolvers.linkage import family, kin
from resolvers.linkage.assignment import content_id, mention_key

GENERATION_YEARS = 14
"""A parent is at least so much older."""


def place(con: duckdb.DuckDBPyConnection, persons: int, *, everything: bool = True) -> None:
    """Bring `relative_cluster` (mention_id, cluster) up to date: the cluster of a placed relative, or an id below zero that those share
    who are one relative by the names in their records.

    persons: how many the city has, about; it must be the same in every run that is to give the same result.
    Reads `mention_cluster` of all other mentions; without `everything`, what the increment changed. Writes `replaced` (mention_id).
    """
    con.execute("CREATE TABLE IF NOT EXISTS relative_cluster (mention_id BIGINT, cluster BIGINT)")
    if everything:
        kin.remember_sightings(con, None)
        kin.describe_persons(con, None)
    else:
        kin.find_concerned_records(con)
    mentions = "mention" if everything else "concerned_mention"
    _collect_loose(con, mentions)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE person_name AS
        WITH wanted AS (SELECT plain FROM loose UNION SELECT own_form FROM loose)
        SELECT cluster, plain FROM (SELECT cluster, unnest(names) AS plain FROM person_about) SEMI JOIN wanted USING (plain);
        CREATE OR REPLACE TEMP TABLE beside AS SELECT DISTINCT beside AS cluster FROM loose""")
    kin.collect_kin(con, "beside", "kin")
    _choose_members(con)
    family.place_more(con, persons, mentions)
    _settle(con, mentions)


def _collect_loose(con: duckdb.DuckDBPyConnection, mentions: str) -> None:
    """`loose`: relatives that no number places, with the person beside whom they are named (the first role of the record that is a
    subject)."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE settled_mention AS
        SELECT mention_id, cluster FROM mention_cluster WHERE mention_id IN (SELECT mention_id FROM {mentions})""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE loose AS
        SELECT loose.mention_id, loose.record_id, loose.role, loose.is_self, form.plain, form.own_form, form.damaged,
               holders.cluster AS beside, holders.mention_id AS beside_mention
        FROM (SELECT * FROM {mentions} WHERE NOT subject AND mention_id NOT IN (SELECT mention_id FROM settled_mention)) AS loose
        LEFT JOIN name_form AS form ON form.raw = loose.name
        JOIN {mentions} AS holder ON holder.record_id = loose.record_id AND holder.subject
        JOIN settled_mention AS holders ON holders.mention_id = holder.mention_id
        QUALIFY row_number() OVER (PARTITION BY loose.mention_id ORDER BY holders.mention_id) = 1""")


def _choose_members(con: duckdb.DuckDBPyConnection) -> None:
    """`placed`: the one member of the family with the name, sex and generation of the relative.

    Two roles of a record are two people, but a contact may repeat another relative of the record.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE placed AS
        WITH candidate AS (
            SELECT loose.mention_id, loose.record_id, loose.role, kin.other AS cluster
            FROM loose JOIN kin ON kin.cluster = loose.beside
            JOIN person_name ON person_name.cluster = kin.other
                AND person_name.plain IN (loose.plain, loose.own_form)
            JOIN person_about AS other ON other.cluster = kin.other
            JOIN person_about AS own ON own.cluster = loose.beside
            WHERE NOT loose.damaged AND NOT loose.is_self
              AND (loose.role <> 'father' OR coalesce(other.sex, '1') = '1')
              AND (loose.role <> 'mother' OR coalesce(other.sex, '2') = '2')
              AND (loose.role NOT IN ('father', 'mother')
                   OR coalesce(date_diff('year', other.birth_date, own.birth_date) >= {GENERATION_YEARS}, false))
              AND (loose.role <> 'spouse' OR coalesce(other.sex <> own.sex, false))),
        named_there AS (SELECT DISTINCT record_id, cluster FROM sighting WHERE mention_id IN (SELECT mention_id FROM settled_mention)),
        possible AS (
            SELECT * FROM candidate WHERE role = 'contact'
            UNION ALL SELECT * FROM (SELECT * FROM candidate WHERE role <> 'contact')
                      ANTI JOIN named_there USING (record_id, cluster)
            UNION ALL
            SELECT loose.mention_id, NULL, loose.role, loose.beside
            FROM loose JOIN person_name ON person_name.cluster = loose.beside AND person_name.plain = loose.plain
            WHERE loose.is_self),
        single AS (SELECT mention_id, min(record_id) AS record_id, min(role) AS role,
                          min(cluster) AS cluster
                   FROM possible GROUP BY mention_id HAVING count(DISTINCT cluster) = 1)
        SELECT mention_id, cluster FROM single
        QUALIFY role = 'contact' OR record_id IS NULL
                OR count(*) FILTER (role <> 'contact') OVER (PARTITION BY record_id, cluster) = 1""")


def _settle(con: duckdb.DuckDBPyConnection, mentions: str) -> None:
    """Write `relative_cluster` of the scope: placed relatives; parents by both names in one household, others by the person beside them and
    the name; then what reviewers decided."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE settled_relative AS
        WITH rest AS (SELECT loose.* FROM loose ANTI JOIN placed USING (mention_id)
                      WHERE plain IS NOT NULL AND NOT damaged),
        parents AS (
            SELECT rest.mention_id, concat_ws('|', own.household, rest.role, rest.plain, other_form.plain) AS family
            FROM rest JOIN {mentions} AS own ON own.mention_id = rest.beside_mention
            JOIN {mentions} AS other ON other.record_id = rest.record_id AND other.role IN ('father', 'mother')
                AND other.role <> rest.role
            JOIN name_form AS other_form ON other_form.raw = other.name
            WHERE rest.role IN ('father', 'mother') AND own.household IS NOT NULL AND other_form.plain IS NOT NULL)
        SELECT mention_id, cluster FROM placed
        UNION ALL
        SELECT rest.mention_id, -{content_id("coalesce('parent|' || family, concat_ws('|', 'relative', rest.beside, rest.plain))")}
        FROM rest LEFT JOIN parents USING (mention_id)""")
    _apply_decisions(con)
    former = "true"
    if mentions != "mention":
        former = f"mention_id IN (SELECT mention_id FROM {mentions} UNION ALL SELECT mention_id FROM stirred_mention)"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE relative_before AS SELECT * FROM relative_cluster WHERE {former};
        DELETE FROM relative_cluster WHERE {former};
        INSERT INTO relative_cluster FROM settled_relative;
        CREATE OR REPLACE TEMP TABLE replaced AS
        SELECT mention_id FROM (FROM relative_before EXCEPT FROM settled_relative)
        UNION SELECT mention_id FROM (FROM settled_relative EXCEPT FROM relative_before)""")


def _apply_decisions(con: duckdb.DuckDBPyConnection) -> None:
    """Bring what reviewers decided of loose relatives into `settled_relative`.

    Same: into the cluster of the other mention; of two loose ones, the placed one leads, then the larger id, along chains of decisions.
    Different: out of the cluster that both share, the relative rather than a mention with a person of its own, then the larger key.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE relative_decision AS
        SELECT mine, other, verdict FROM (SELECT mention_l AS mine, mention_r AS other, verdict FROM decided
                                          UNION SELECT mention_r, mention_l, verdict FROM decided)
        WHERE mine <> other AND mine IN (SELECT mention_id FROM loose)""")
    row = con.execute("SELECT count(*) FROM relative_decision").fetchone()
    if not row or not row[0]:
        return
    con.execute(f"""
        INSERT INTO settled_relative
        SELECT mention_id, -{content_id(mention_key())} FROM mention
        WHERE mention_id IN (SELECT mine FROM relative_decision) AND mention_id NOT IN (SELECT mention_id FROM settled_relative)""")
    led = """
        SELECT mine AS mention_id, max(coalesce(fixed.cluster, settled.cluster)) AS cluster
        FROM relative_decision LEFT JOIN mention_cluster AS fixed ON fixed.mention_id = other
        LEFT JOIN settled_relative AS settled ON settled.mention_id = other
        WHERE verdict = 'same' GROUP BY mine"""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE held_by_decision AS
        SELECT mine AS mention_id, max(cluster) AS cluster FROM relative_decision JOIN mention_cluster ON mention_id = other
        WHERE verdict = 'same' GROUP BY mine;
        UPDATE settled_relative SET cluster = held_by_decision.cluster FROM held_by_decision
        WHERE held_by_decision.mention_id = settled_relative.mention_id""")
    while True:
        changed = con.execute(f"""
            UPDATE settled_relative SET cluster = led.cluster FROM ({led}) AS led
            WHERE led.mention_id = settled_relative.mention_id AND led.cluster > settled_relative.cluster
              AND led.mention_id NOT IN (SELECT mention_id FROM held_by_decision)""").fetchone()
        if not changed or not changed[0]:
            break
    con.execute(f"""
        UPDATE settled_relative SET cluster = apart.cluster FROM (
            SELECT own.mention_id, -{content_id(mention_key("own"))} AS cluster
            FROM relative_decision JOIN mention AS own ON own.mention_id = mine JOIN mention AS another ON another.mention_id = other
            JOIN settled_relative AS mine_now ON mine_now.mention_id = mine
            LEFT JOIN settled_relative AS other_now ON other_now.mention_id = other
            LEFT JOIN mention_cluster AS fixed ON fixed.mention_id = other
            WHERE verdict = 'different' AND mine_now.cluster = coalesce(fixed.cluster, other_now.cluster)
              AND (fixed.cluster IS NOT NULL OR {mention_key("own")} > {mention_key("another")})) AS apart
        WHERE apart.mention_id = settled_relative.mention_id""")
