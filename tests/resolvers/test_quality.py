"""Quality without labels: the intervals hold the truth, subgroups follow what mentions say, nothing small or personal is shown."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers import linkage, quality
from resolvers.evaluation import coverage
from resolvers.linkage import model
from resolvers.mentions import MENTION_COLUMNS
from resolvers.names import standardise_names
from resolvers.quality import cells, estimation, subgroups
from resolvers.quality.evidence import Foreign, TwoNumbers
from resolvers.quality.verdicts import Bounds, Severity
from sources.tables import SHARED_TABLES, create_table

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗"
CHARACTERS = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志新春海燕冬雪晶莹辉"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ROLES = (("household_registration", "holder"), ("health_records", "holder"), ("pension_insurance", "holder"), ("house_registry", "owner"))


def valid_number(serial: int, birth: str, sex: int) -> str:
    body = f"421002{birth.replace('-', '')}{serial % 100:02d}{(serial * 2 + sex) % 10}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def a_city(people: int, seed: int, missing: float) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Mentions and their true persons: four registers, a share of mentions without number; owners have no birth date and half of them
    no telephone."""
    chance = random.Random(seed)
    mentions, truth, used = [], [], set()
    for person in range(people):
        sex = chance.randrange(2)
        birth = f"{chance.randrange(1935, 2010)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
        number = next(found for serial in itertools.count(person) if (found := valid_number(serial, birth, sex)) not in used)
        used.add(number)
        name = chance.choice(SURNAMES) + "".join(chance.choice(CHARACTERS) for _ in range(chance.choice((1, 2, 2, 2))))
        phone, community = f"139{person:08d}", f"421002{chance.choice(('001', '102'))}{chance.choice(('005', '201'))}"
        for position, (category, role) in enumerate(ROLES):
            owner = category == "house_registry"
            numbered = chance.random() >= missing
            mentions.append({
                "mention_id": (person * 4 + position) * 8, "record_id": person * 4 + position, "category": category,
                "natural_key": f"{category}-{person}", "role": role, "subject": True, "name": name,
                "id_number": number if numbered else None, "id_state": "valid" if numbered else "missing",
                "sex": None if owner else str(2 - sex),
                "birth_date": None if owner else birth, "phone": phone if chance.random() < 0.6 else None, "community_code": community,
                "township_code": community[:9], "own_keys": [], "is_self": False})
            truth.append({"category": category, "natural_key": f"{category}-{person}", "role": role, "true_person": f"T{person}",
                          "id_state": "valid" if numbered else "missing"})
    return mentions, truth


def linked(tmp_path: Path, mentions: list[dict[str, Any]]) -> tuple[duckdb.DuckDBPyConnection, model.Model]:
    con = duckdb.connect()
    con.execute("SET threads = 2")
    for table in ("mention_person", "everybody"):
        con.execute(create_table(table, SHARED_TABLES[table]))
    con.execute(create_table("mention", MENTION_COLUMNS))
    con.register("rows", pa.Table.from_pylist(mentions or [{"own_keys": None, "birth_date": None, "mention_id": 0}]).slice(not mentions))
    con.execute("INSERT INTO mention BY NAME SELECT * REPLACE (birth_date::DATE AS birth_date, own_keys::VARCHAR[] AS own_keys) FROM rows")
    standardise_names(con)
    linkage.resolve(con, tmp_path / "models", 1)
    return con, model.load_or_train(con, tmp_path / "models")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[duckdb.DuckDBPyConnection, Path, quality.Estimate, model.Model]:
    folder = tmp_path_factory.mktemp("quality")
    mentions, truth = a_city(1500, 11, 0.12)
    con, used = linked(folder, mentions)
    con.register("truth", pa.Table.from_pylist(truth))
    con.execute(f"COPY (SELECT *, NULL::DATE AS removed_date FROM truth) TO '{folder / 'mentions.parquet'}' (FORMAT parquet)")
    return con, folder, quality.estimate(con, used, 1), used


def test_the_truth_lies_in_nine_of_ten_intervals(city: tuple[Any, Path, quality.Estimate, model.Model]) -> None:
    con, folder, _, _ = city
    rows = coverage(con, folder, 1)
    assert {row.subgroup for row in rows} >= {"all", "age_band", "sex", "area", "id_number"}
    for covered in ([row.recall_covered for row in rows], [row.precision_covered for row in rows]):
        judged = [one for one in covered if one is not None]
        assert len(judged) >= 10
        assert sum(judged) >= 0.9 * len(judged)


def test_intervals_say_something(city: tuple[Any, Path, quality.Estimate, model.Model]) -> None:
    _, _, found, _ = city
    assert found.hidden > 300
    assert found.recall[2] - found.recall[1] < 0.06
    assert found.precision[1] > 0.99
    assert found.recall[1] <= found.recall[0] <= found.recall[2] < 1


def test_the_same_run_gives_the_same_figures(city: tuple[Any, Path, quality.Estimate, model.Model]) -> None:
    con, _, _, used = city
    before = con.execute("FROM link_quality ORDER BY ALL").fetchall(), con.execute("FROM link_trial ORDER BY ALL").fetchall()
    quality.estimate(con, used, 1)
    assert (con.execute("FROM link_quality ORDER BY ALL").fetchall(), con.execute("FROM link_trial ORDER BY ALL").fetchall()) == before


def test_the_linkage_is_left_as_it_was(city: tuple[Any, Path, quality.Estimate, model.Model]) -> None:
    con, _, _, used = city
    names = "SELECT table_name FROM duckdb_tables() ORDER BY ALL"
    digest = "SELECT sum(hash(COLUMNS(* EXCLUDE (names, births)))) FROM unit"
    before = con.execute(names).fetchall(), con.execute(digest).fetchall()
    quality.estimate(con, used, 1)
    assert (con.execute(names).fetchall(), con.execute(digest).fetchall()) == before


def test_the_trial_accounts_for_every_hidden_mention(city: tuple[Any, Path, quality.Estimate, model.Model]) -> None:
    con, _, found, _ = city
    trial = dict(con.execute("SELECT figure, value FROM link_trial").fetchall())
    assert trial["hidden"] == found.hidden == trial["right"] + trial["wrong"] + trial["nobody"]


def test_mentions_of_a_dimension_are_at_most_all(city: tuple[Any, Path, quality.Estimate, model.Model]) -> None:
    con, _, _, _ = city
    sums = dict(con.execute("SELECT subgroup, sum(mentions) FROM link_quality GROUP BY ALL").fetchall())
    assert sums["all"] == sums["id_number"] == 6000
    assert all(count <= sums["all"] for count in sums.values())


def test_a_bad_threshold_is_seen(city: tuple[Any, Path, quality.Estimate, model.Model], tmp_path: Path) -> None:
    """The same city linked with a threshold that loses half of what has no number: the estimate follows the truth down."""
    con, folder, before, used = city
    assert used.trained_on["origin"] != "default"
    model.save(con, tmp_path / "models", dataclasses.replace(used, threshold_weight=16.0))
    con, strict = linked(tmp_path, a_city(1500, 11, 0.12)[0])
    assert strict.threshold_weight == 16
    found = quality.estimate(con, strict, 1)
    total = coverage(con, folder, 1)[0]
    assert found.recall[2] < before.recall[1]
    assert total.recall_covered
    assert total.precision_covered


@pytest.mark.parametrize(("change", "unlinkable"), [
    pytest.param({"phone": None, "community_code": None, "township_code": None, "birth_date": None, "sex": None}, True, id="a name alone"),
    pytest.param({}, False, id="name, birth date and place"),
    pytest.param({"name": None, "birth_date": None, "phone": None, "own_keys": ["archive|1"]}, False, id="a register's own key"),
])
def test_unlinkable(tmp_path: Path, change: dict[str, Any], unlinkable: bool) -> None:
    mentions, _ = a_city(60, 3, 0.0)
    common = mentions[0]["name"]
    for mention in mentions:
        mention["name"] = common
    mentions[1] |= {"id_number": None, "id_state": "missing"} | change
    con, used = linked(tmp_path, mentions)
    quality.estimate(con, used, 1)
    share = con.execute("SELECT unlinkable_share FROM link_quality WHERE value = 'without'").fetchone()
    assert share == ((1.0,) if unlinkable else (0.0,))


@pytest.mark.parametrize(("mention", "dimension", "value"), [
    pytest.param({"community_code": "421002001005"}, "area", "urban", id="residents' committee"),
    pytest.param({"community_code": "421002102201"}, "area", "rural", id="village"),
    pytest.param({"township_code": "421002001"}, "area", "urban", id="street"),
    pytest.param({"township_code": "421002102"}, "area", "rural", id="town"),
    pytest.param({"dwelling_code": "4210021022010000017"}, "area", "rural", id="dwelling in a village"),
    pytest.param({}, "area", None, id="no place"),
    pytest.param({"name": "阿依古丽·买买提"}, "minority_name", "long or dotted", id="dotted"),
    pytest.param({"name": "阿卜杜拉木"}, "minority_name", "long or dotted", id="five characters"),
    pytest.param({"name": "欧阳建国"}, "minority_name", "other", id="double surname"),
    pytest.param({"birth_date": "2021-05-01"}, "age_band", "00-06", id="a small child"),
    pytest.param({"birth_date": "1950-05-01"}, "age_band", "75+", id="an old person"),
    pytest.param({"id_number": "421002195005010017"}, "age_band", "75+", id="age by the number"),
    pytest.param({"category": "residence_permits"}, "migrant", "migrant", id="residence permit"),
    pytest.param({"category": "household_registration"}, "migrant", "resident", id="registered household"),
    pytest.param({}, "migrant", None, id="neither"),
])
def test_subgroups(mention: dict[str, str], dimension: str, value: str | None) -> None:
    con = duckdb.connect()
    con.execute(create_table("mention", MENTION_COLUMNS))
    row = {"mention_id": 1, "record_id": 1, "category": "health_records", "role": "holder", "natural_key": "k", "subject": True} | mention
    other = {"mention_id": 2, "category": "x", "role": "holder", "natural_key": "y", "subject": False, "birth_date": "2025-05-01"}
    for one in (row, other):
        con.execute(f"INSERT INTO mention ({', '.join(one)}) VALUES ({', '.join('?' * len(one))})", list(one.values()))
    standardise_names(con)
    con.execute("CREATE TABLE unit_mention AS SELECT mention_id, mention_id AS unit_id, id_number AS number FROM mention")
    con.execute("CREATE TABLE mention_cluster AS SELECT mention_id, mention_id AS cluster FROM mention")
    subgroups.describe(con)
    assert con.execute(f"SELECT {dimension} FROM quality_cluster").fetchone() == (value,)


KNOWN = cells.Labels((("all", "all"), ("age_band", "a"), ("age_band", "b"), ("id_number", "with"), ("id_number", "without")))


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.sampled_from(["a", "b", None]), st.sampled_from(["a", "b", None]))
def test_pairs_of_one_mention_are_those_that_listing_finds(loose: list[bool], own: str | None, their: str | None) -> None:
    """The first mention and each other, in both orders; the others share one age band."""
    ages = [own] + [their] * (len(loose) - 1)
    listed = dict.fromkeys(KNOWN.names, 0)
    for other in range(1, len(loose)):
        for one in (0, other):
            listed["all", "all"] += 1
            if ages[one] is not None:
                listed["age_band", str(ages[one])] += 1
            listed["id_number", "without" if loose[one] else "with"] += 1
    empty = {f"{side}_{name}": np.array([None], dtype=object) for side in ("own", "their") for name in subgroups.DIMENSIONS[:-1]}
    rows = empty | {"others": np.array([len(loose) - 1]), "others_loose": np.array([sum(loose[1:])]), "loose": np.array([int(loose[0])]),
                    "own_age_band": np.array([own], dtype=object), "their_age_band": np.array([their], dtype=object)}
    assert cells.pairs_of(rows, KNOWN)[0].tolist() == list(listed.values())


def simulated(chance: np.random.Generator, rate: float) -> tuple[estimation.Ingredients, float]:
    """A city of which 4,000 mentions lack a number and are missed at `rate`, and a trial of 1,500 at the same rate; each of 4 others."""
    none = np.zeros((0, 1))
    outcome = np.where(chance.random(1500) < rate, "nobody", "right").astype(object)
    missed = int(chance.binomial(4000, rate))
    hidden = cells.Events(np.array(["c|r|0|0|0|0|0|0"] * 1500, dtype=object), np.ones(1500), outcome, np.full((1500, 1), 8.0))
    placed = cells.Events(np.array([""], dtype=object), np.ones(1), np.array(["placed"], dtype=object), np.full((1, 1), 8.0))
    found = 400_000.0 - 8 * missed
    given_ = estimation.Ingredients(hidden, placed, np.array(["c|r|0|0|0|0|0|0"], dtype=object), np.array([4000.0 - missed]),
                                    np.array([float(missed)]), Foreign(none, 0, 0, 1.0), TwoNumbers(none, np.zeros(0)), none, none, none, 0,
                                    np.array([found]))
    return given_, found / 400_000.0


@pytest.mark.parametrize("rate", [0.003, 0.02, 0.2, 0.97, 1.0],
                         ids=["rare misses", "some misses", "many misses", "most missed", "all missed"])
def test_intervals_hold_the_truth_of_simulated_cities(rate: float) -> None:
    chance = np.random.default_rng(5)
    held = 0
    for _ in range(40):
        given_, recall = simulated(chance, rate)
        _, low, high = estimation.estimate(given_, draws=100).recall[0]
        held += low <= recall <= high
    assert held >= 36


def test_people_of_one_record_only_hardly_count_as_missed() -> None:
    """Twice as many stay alone as the trial explains: the estimate moves by about a tenth of the surplus, the truth stays in reach."""
    given_, recall = simulated(np.random.default_rng(5), 0.02)
    more = estimation.Ingredients(**{name: getattr(given_, name) for name in given_.__dataclass_fields__} | {"alone": given_.alone + 80})
    few, many = estimation.estimate(given_).recall[0], estimation.estimate(more).recall[0]
    assert many[0] <= few[0]
    assert many[1] <= recall <= many[2]


@pytest.mark.parametrize(("figures", "name", "passed", "severity"), [
    pytest.param({}, "link_precision", True, Severity.WARN, id="good"),
    pytest.param({"precision_estimate": 0.98}, "link_precision", False, Severity.WARN, id="perhaps imprecise"),
    pytest.param({"precision_estimate": 0.98, "precision_high": 0.99}, "link_precision", False, Severity.ERROR, id="certainly imprecise"),
    pytest.param({"recall_estimate": 0.5, "recall_high": 0.6}, "link_recall", False, Severity.ERROR, id="links certainly missing"),
    pytest.param({"unlinkable_share": 0.3}, "unlinkable_mentions", False, Severity.WARN, id="too many unlinkable"),
])
def test_verdicts(figures: dict[str, float], name: str, passed: bool, severity: Severity) -> None:
    found = next(one for one in quality.verdicts(an_estimate(figures), 1, Bounds()) if one.name == name)
    assert (found.passed, found.severity) == (passed, severity)


def test_a_subgroup_far_behind_is_named() -> None:
    con = an_estimate({})
    con.execute("""INSERT INTO link_quality
                   SELECT * REPLACE ('sex' AS subgroup, 'male' AS value, 0.5 AS recall_estimate, 0.6 AS recall_high) FROM link_quality""")
    found = next(one for one in quality.verdicts(con, 1) if one.name == "subgroups_alike")
    assert not found.passed
    assert found.facts["sex: male"] == 0.6


def test_a_run_without_estimate_is_told(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no estimate"):
        quality.verdicts(an_estimate({}), 2)
    with pytest.raises(LookupError, match="no estimate"):
        quality.write_report(an_estimate({}), tmp_path, 2)


def an_estimate(figures: dict[str, float]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(quality._TABLES)
    row = {"precision_estimate": 0.9999, "precision_low": 0.9998, "precision_high": 1.0, "recall_estimate": 0.99, "recall_low": 0.98,
           "recall_high": 0.995, "unlinkable_share": 0.01} | figures
    con.execute(f"INSERT INTO link_quality BY NAME SELECT 1 AS run, 'all' AS subgroup, 'all' AS value, 1000 AS mentions, 990 AS linkable, "
                f"{', '.join(f'{value} AS {name}' for name, value in row.items())}, 'm' AS method")
    con.execute("""INSERT INTO link_trial SELECT 1, unnest(['hidden', 'right', 'wrong', 'nobody', 'mentions without number',
                   'expected wrong edges']), unnest([100, 90, 0, 10, 200, 0.1])""")
    return con


def test_the_page_shows_no_small_subgroup_and_needs_no_network(tmp_path: Path) -> None:
    con = an_estimate({})
    con.execute("INSERT INTO link_quality SELECT * REPLACE ('age_band' AS subgroup, '75+' AS value, 9 AS mentions) FROM link_quality")
    con.execute("""INSERT INTO link_quality SELECT * REPLACE ('sex' AS subgroup, 'male' AS value, 500 AS mentions, 497 AS linkable)
                   FROM link_quality WHERE subgroup = 'all'""")
    page = quality.write_report(con, tmp_path / "reports" / "links", 1, quality.verdicts(con, 1)).read_text("utf-8")
    assert "75+" not in page
    assert "497" not in page
    assert "&lt; 10" in page
    assert not re.search(r"https?:|<script|src=|@import|url\(", page)
    assert "查全率" in page
    assert "Recall by subgroup" in page


def test_the_page_holds_nothing_personal(city: tuple[Any, Path, quality.Estimate, model.Model], tmp_path: Path) -> None:
    con, _, _, _ = city
    page = quality.write_report(con, tmp_path, 1, quality.verdicts(con, 1)).read_text("utf-8")
    told = {value for row in con.execute("SELECT name, id_number, phone, natural_key FROM mention").fetchall() for value in row if value}
    assert not [value for value in told if len(value) > 2 and value in page]


@pytest.mark.parametrize(("people", "missing"), [
    pytest.param(0, 0.0, id="nobody"),
    pytest.param(1, 0.0, id="one person"),
    pytest.param(40, 1.0, id="nobody has a number"),
    pytest.param(40, 0.0, id="everybody has a number everywhere"),
])
def test_cities_that_teach_nothing(tmp_path: Path, people: int, missing: float) -> None:
    """No figure is refused, and without numbers nothing is claimed: the interval of recall is wide."""
    con, used = linked(tmp_path, a_city(people, 7, missing)[0])
    found = quality.estimate(con, used, 1)
    assert found.hidden == 0
    assert 0 <= found.recall[1] <= found.recall[0] <= found.recall[2] <= 1
    if missing:
        assert found.recall[2] - found.recall[1] > 0.1
    assert len(quality.verdicts(con, 1)) == 5
    assert quality.write_report(con, tmp_path, 1).exists()
