"""Texts with a slip: a second look at complete texts whose parts no dwelling answers exactly.

Belongs here: candidates inside the scope, comparison of parts, weights learned from the texts themselves, acceptance.
Does not: exact keys (`asking`). The model is that of Fellegi and Sunter with one dwelling, or none, behind each text
(docs/decisions/0008-person-house-matching.md).
"""

from __future__ import annotations

import duckdb

from resolvers.places.asking import SLIP
from resolvers.places.dwellings import in_scopes
from sources.tables import literal

ACCEPTED = 0.995
"""Least probability of the best dwelling: all others, and that the registry lacks it, have 0.005 together."""
TRAINED_ON, ROUNDS = 20_000, 12
"""Texts that the weights are learned from at most, and rounds of learning."""
LARGEST_SCOPE = 60_000
"""Dwellings in a scope beyond which a slip cannot be told from another address."""

LEVELS = {
    "road": ("same", "alike", "alike_known", "other"),
    "village_group": ("same", "slip", "other"),
    "door_no": ("same", "slip", "other"),
    "block": ("same", "swapped", "missing", "slip", "other"),
    "room": ("same", "slip", "other"),
}
"""What a comparison may say; nothing (NULL) where the text does not name the part. alike_known: alike, but the township has the
road that the text names. block: building and unit together."""
PRIOR = 10.0
"""Texts' worth of belief before the first text is seen: nineteen parts in twenty are as in the registry."""
PRIOR_SAME = 0.95

Weights = dict[str, dict[str, float]]


def find_slips(con: duckdb.DuckDBPyConnection) -> None:
    """In: place_reach, place_gone, place_parsed, dwelling, place_claim. Adds to `place_chosen`; out: temporary
    `place_slip` (text_id, scope, dwelling_code, probability) of what was accepted."""
    _questions(con)
    _pairs(con)
    chances = _chances(con)
    weights, found, twice = _learn(con, chances)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_slip AS
        SELECT text_id, scope, dwelling_code, probability FROM ({_probabilities("slip_pair", weights, chances, found, twice)})
        WHERE probability >= {ACCEPTED}""")
    con.execute(f"INSERT INTO place_chosen SELECT text_id, scope, dwelling_code, {literal(SLIP)} FROM place_slip")
    con.execute("DELETE FROM place_reach USING place_slip s WHERE place_reach.text_id = s.text_id AND place_reach.scope = s.scope")
    for table in ("slip_question", "slip_dwelling", "slip_road", "slip_pair", "slip_taught"):
        con.execute(f"DROP TABLE temp.{table}")


def _questions(con: duckdb.DuckDBPyConnection) -> None:
    """`slip_question`: complete texts with a door that name something the registry lacks, in a community or township;
    `slip_dwelling`: the dwellings of their scopes."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE slip_question AS
        WITH sizes AS (SELECT scope, count(*) AS size FROM ({in_scopes("(SELECT dwelling_code FROM dwelling WHERE complete)",
                                                                       "dwelling_code")}) GROUP BY scope)
        SELECT r.text_id, r.scope, sizes.size, p.village_group, p.road, p.door_no, p.building, p.unit, p.room, p.unit_or_building,
               EXISTS (FROM dwelling o WHERE o.township_code = a.township_code AND o.road = p.road) AS road_known,
               row_number() OVER (ORDER BY hash(p.norm), p.norm, r.scope) AS turn
        FROM place_reach r
        JOIN place_parsed p USING (text_id)
        JOIN (SELECT DISTINCT scope, township_code FROM place_aim) a ON a.scope = r.scope
        JOIN sizes ON sizes.scope = r.scope AND size <= {LARGEST_SCOPE}
        ANTI JOIN place_gone g ON g.text_id = r.text_id AND g.scope = r.scope
        WHERE r.method = 'absent' AND left(r.scope, 2) IN ('c:', 't:') AND p.complete AND p.door_no IS NOT NULL AND p.estate IS NULL
          AND (p.village_group IS NOT NULL OR p.road IS NOT NULL)""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE slip_dwelling AS
        SELECT * FROM ({in_scopes("(SELECT dwelling_code FROM dwelling WHERE complete AND door_no IS NOT NULL)",
                                  "dwelling_code, village_group, road, door_no, building, unit, room")})
        SEMI JOIN slip_question USING (scope)""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE slip_road AS
        SELECT q.scope, q.road AS named, d.road AS known, {_alike("q.road", "d.road")} AS alike
        FROM (SELECT DISTINCT scope, road FROM slip_question WHERE road IS NOT NULL) q
        JOIN (SELECT DISTINCT scope, road FROM slip_dwelling WHERE road IS NOT NULL) d USING (scope)
        WHERE q.road <> d.road""")


def _alike(one: str, other: str) -> str:
    """SQL: the names differ in one character, or one has a character more; never names of less than three characters."""
    differing = f"len(list_filter(range(1, length({one}) + 1), lambda i: ({one})[i] <> ({other})[i]))"

    def longer(long: str, short: str) -> str:
        return (f"(length({long}) = length({short}) + 1 AND len(list_filter(range(1, length({long}) + 1), "
                f"lambda i: left({long}, i - 1) || substr({long}, i + 1) = {short})) > 0)")

    return f"""(least(length({one}), length({other})) >= 3 AND (length({one}) = length({other}) AND {differing} = 1
                OR {longer(one, other)} OR {longer(other, one)}))"""


def _compared() -> str:
    """SQL: the columns of LEVELS for text q and dwelling d (with slip_road s)."""
    def number(part: str) -> str:
        return (f"CASE WHEN q.{part} IS NULL THEN NULL WHEN q.{part} = d.{part} THEN 'same' "
                f"WHEN damerau_levenshtein(q.{part}, coalesce(d.{part}, '')) = 1 THEN 'slip' ELSE 'other' END AS {part}")

    block = """CASE WHEN q.building IS NULL AND q.unit IS NULL THEN NULL
        WHEN q.building IS NOT DISTINCT FROM d.building AND q.unit IS NOT DISTINCT FROM d.unit THEN 'same'
        WHEN q.building = d.unit AND q.unit = d.building THEN 'swapped'
        WHEN q.unit IS NULL AND (q.building = d.building OR (q.unit_or_building AND q.building = d.unit)) THEN 'missing'
        WHEN q.building IS NULL AND q.unit = d.unit THEN 'missing'
        WHEN damerau_levenshtein(coalesce(q.building, ''), coalesce(d.building, ''))
           + damerau_levenshtein(coalesce(q.unit, ''), coalesce(d.unit, '')) = 1 THEN 'slip' ELSE 'other' END AS block"""
    road = """CASE WHEN q.road IS NULL THEN NULL WHEN q.road = d.road THEN 'same' WHEN s.alike AND NOT q.road_known THEN 'alike'
        WHEN s.alike THEN 'alike_known' ELSE 'other' END AS road"""
    return ", ".join([road, number("village_group"), number("door_no"), block, number("room")])


def _pairs(con: duckdb.DuckDBPyConnection) -> None:
    """`slip_pair`: texts and dwellings of their scope that share the room and one more part, or all but a part of the house;
    `slip_taught`: pairs that a delivered code declares right."""
    roads = "LEFT JOIN slip_road s ON s.scope = q.scope AND s.named = q.road AND s.known = d.road"
    columns = f"q.text_id, q.scope, q.size, q.turn, d.dwelling_code, {_compared()}"
    shared = ("q.room = d.room AND q.building = d.building", "q.room = d.room AND q.door_no = d.door_no",
              "q.room = d.room AND q.building = d.unit", "q.road = d.road AND q.door_no = d.door_no",
              "q.village_group = d.village_group AND q.door_no = d.door_no", "q.room IS NULL AND q.door_no = d.door_no")
    blocks = " UNION ".join(
        f"SELECT {columns} FROM slip_question q JOIN slip_dwelling d ON d.scope = q.scope AND {condition} {roads}" for condition in shared)
    con.execute(f"CREATE OR REPLACE TEMP TABLE slip_pair AS {blocks}")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE slip_taught AS
        SELECT DISTINCT {columns}
        FROM slip_question q
        JOIN (SELECT DISTINCT text_id, scope, own_dwelling FROM place_claim JOIN place_scope USING (spot_id, beside_id)) c
          ON c.text_id = q.text_id AND c.scope = q.scope
        JOIN slip_dwelling d ON d.scope = q.scope AND d.dwelling_code = c.own_dwelling {roads}""")


def _counted(con: duckdb.DuckDBPyConnection, relation: str, weight: str = "1.0") -> Weights:
    """How often (by `weight`) each comparison said each thing."""
    names = ", ".join(LEVELS)
    rows = con.execute(f"""
        SELECT part, said, sum(weight) FROM (
            UNPIVOT (SELECT {weight} AS weight, {names} FROM {relation}) ON {names} INTO NAME part VALUE said)
        GROUP BY part, said""").fetchall()
    counts: Weights = {part: dict.fromkeys(said, 0.0) for part, said in LEVELS.items()}
    for part, said, weight_sum in rows:
        counts[part][said] = round(float(weight_sum), 6)
    return counts


def _chances(con: duckdb.DuckDBPyConnection) -> Weights:
    """How often a comparison says so of a dwelling taken at random from the scope."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE slip_random AS
        SELECT {_compared()}
        FROM (FROM slip_question WHERE turn <= 300) q
        JOIN (SELECT *, row_number() OVER (PARTITION BY scope ORDER BY hash(dwelling_code), dwelling_code) AS lot FROM slip_dwelling) d
          ON d.scope = q.scope AND d.lot <= 1000
        LEFT JOIN slip_road s ON s.scope = q.scope AND s.named = q.road AND s.known = d.road""")
    counts = _counted(con, "slip_random")
    con.execute("DROP TABLE slip_random")
    chances = {part: {said: (count + 0.5) / (sum(of.values()) + 0.5 * len(of)) for said, count in of.items()}
               for part, of in counts.items()}
    chances["road"]["alike"] = chances["road"]["alike_known"] = _chance_of_alike(con)
    return chances


def _chance_of_alike(con: duckdb.DuckDBPyConnection) -> float:
    """How often two different roads of one scope are alike. Random dwellings would not tell: among them are those of the road meant."""
    alike, pairs = con.execute(f"""
        WITH roads AS (SELECT DISTINCT scope, road FROM slip_dwelling WHERE road IS NOT NULL
                       QUALIFY dense_rank() OVER (ORDER BY hash(scope), scope) <= 200)
        SELECT count(*) FILTER ({_alike("a.road", "b.road")}), count(*) FROM roads a JOIN roads b ON a.scope = b.scope AND a.road < b.road
        """).fetchone() or (0, 0)
    return float((alike + 0.5) / (pairs + 1))


def _learn(con: duckdb.DuckDBPyConnection, chances: Weights) -> tuple[Weights, float, float]:
    """How often a comparison says so of the dwelling that is meant, how often the registry has it, and how often the text differs in
    a second part: expectation and maximisation over the texts, with the pairs that a code declares right counted as certain."""
    prior = {part: {said: PRIOR * (PRIOR_SAME if said == "same" else (1 - PRIOR_SAME) / (len(of) - 1)) for said in of}
             for part, of in LEVELS.items()}
    taught = _counted(con, "slip_taught")
    (texts,) = con.execute(f"SELECT count(*) FROM slip_question WHERE turn <= {TRAINED_ON}").fetchone() or (0,)
    weights = _shares(prior, taught)
    found, twice = 0.5, 0.1
    for _ in range(ROUNDS if texts else 0):
        con.execute(f"""CREATE OR REPLACE TEMP TABLE slip_expected AS
            {_probabilities(f"(FROM slip_pair WHERE turn <= {TRAINED_ON})", weights, chances, found, twice)}""")
        expected = _counted(con, "slip_expected", "probability")
        weights = _shares(prior, taught, expected)
        total, second = con.execute(f"""SELECT coalesce(sum(probability), 0), coalesce(sum(probability) FILTER ({_DIFFERING} > 1), 0)
                                        FROM slip_expected""").fetchone() or (0, 0)
        found = (round(float(total), 6) + PRIOR / 2) / (texts + PRIOR)
        twice = (round(float(second), 6) + 1) / (round(float(total), 6) + PRIOR)
    con.execute("DROP TABLE IF EXISTS slip_expected")
    return weights, found, twice


def _shares(*counts: Weights) -> Weights:
    sums = {part: {said: sum(count[part][said] for count in counts) for said in of} for part, of in LEVELS.items()}
    return {part: {said: value / sum(of.values()) for said, value in of.items()} for part, of in sums.items()}


_DIFFERING = "(" + " + ".join(f"({part} IS NOT NULL AND {part} <> 'same')::INTEGER" for part in LEVELS) + ")"


def _probabilities(pairs: str, weights: Weights, chances: Weights, found: float, twice: float) -> str:
    """SQL: pairs with their probability: of all dwellings of the scope and "not in the registry" together one is right. Parts do not
    slip independently: a second slip is as rare as `twice`."""
    factors = []
    for part, of in LEVELS.items():
        cases = " ".join(f"WHEN {literal(said)} THEN {weights[part][said] / chances[part][said]!r}::DOUBLE" for said in of)
        factors.append(f"CASE {part} {cases} ELSE 1.0 END")
    return f"""
        SELECT *, ratio / (sum(ratio) OVER (PARTITION BY text_id, scope) + {(1 - found) / found!r}::DOUBLE * size) AS probability
        FROM (SELECT *, {" * ".join(factors)} * pow({twice!r}::DOUBLE, greatest({_DIFFERING} - 1, 0)) AS ratio FROM {pairs})"""
