"""Explanations of small families: what decides, which path, which words, and nothing of restricted records."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from resolvers import clustering, linkage, mentions
from resolvers.clustering import partitioning, solving
from resolvers.explanation import Explanation, ExplanationProblem, charts, explain, facts, telling, words
from resolvers.explanation.evidence import Scales, conditions_of
from resolvers.explanation.paths import Link, shortest_path
from resolvers.linkage import cannot_link, comparisons, scoring
from sources.catalogue import load_catalogue
from tests.factories import a_record, an_empty_city, insert

FATHER, MOTHER, CHILD, OTHER = "421099196503127217", "421099196708034521", "421099201105069236", "421099193506114873"
FAMILY = {"household_type": "1", "household_no": "421002000000001"}


def person(
    category: str, key: str, name: str, number: str | None, birth_date: str | None, phone: str | None = None, **values: Any
) -> tuple[str, dict[str, Any]]:
    """A record of a category by the columns of its first role."""
    role = load_catalogue().contracts[category].person_roles[0]
    stated = {
        role.name: name,
        role.id_number: number,
        f"{role.id_number}_state": "valid" if number else None,
        role.birth_date: birth_date,
        role.phone: phone,
    }
    return category, {"natural_key": key, **values} | {column: value for column, value in stated.items() if column is not None and value}


PEOPLE = [
    person("household_registration", "h1", "王大海", FATHER, "1965-03-12", sex="1", phone="13900000001", **FAMILY),
    person("household_registration", "h2", "王小海", CHILD, "2011-05-06", sex="1", father_name="王大海", mother_name="陈金花", **FAMILY),
    person("household_registration", "h3", "李建国", OTHER, "1935-06-11", sex="1", phone="13900000003"),
    person("legal_aid", "l1", "王大海", FATHER, None, phone="13900000001"),
    person("legal_aid", "l2", "王大海", None, None, phone="13900000001"),
    person("legal_aid", "l3", "赵无名", None, None),
    person("employment_registration", "e1", "陈金花", FATHER, "1971-10-30"),
    person("resettlement_support", "secret-key", "王大海", FATHER, "1965-03-12"),
    ("marriage_registration", {"natural_key": "m1", "man_name": "孙一山", "woman_name": "周二水"}),
]


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """The people above after one run, with what the run leaves for explanations."""
    con = an_empty_city()
    for category, values in PEOPLE:
        a_record(con, category, **values)
    for contract in load_catalogue().contracts.values():
        mentions.build(con, contract)
    models = tmp_path_factory.mktemp("models")
    linkage.resolve(con, models, 1)
    return con, models


def explained(resolved: tuple[duckdb.DuckDBPyConnection, Path], a: str, b: str) -> Explanation:
    return explain(resolved[0], resolved[1], a, b)


GROUNDS = [
    pytest.param("household_registration:h1:holder", "legal_aid:l1", True, "nucleus", id="one number and agreeing names"),
    pytest.param("household_registration:h1:holder", "legal_aid:l2", True, "links", id="name and telephone without number"),
    pytest.param(
        "household_registration:h2:father", "household_registration:h1:holder", True, "family", id="a father found in the household"
    ),
    pytest.param(
        "household_registration:h2:mother", "household_registration:h1:holder", False, "relative", id="a mother who has no record"
    ),
    pytest.param("household_registration:h2:father", "household_registration:h2:holder", False, "constraint", id="two roles of one record"),
    pytest.param("household_registration:h1:holder", "household_registration:h3", False, "constraint", id="two numbers"),
    pytest.param("employment_registration:e1", "household_registration:h1:holder", False, "constraint", id="the number of somebody else"),
    pytest.param("legal_aid:l2", "legal_aid:l3", False, "not_compared", id="no blocking rule"),
]


@pytest.mark.parametrize(("a", "b", "joined", "ground"), GROUNDS)
def test_what_decides(resolved: tuple[duckdb.DuckDBPyConnection, Path], a: str, b: str, joined: bool, ground: str) -> None:
    for found in (explained(resolved, a, b), explained(resolved, b, a)):
        assert (found.joined, found.ground) == (joined, ground)
        assert (found.a.side.person_id == found.b.side.person_id) is joined
        assert telling.tell(found, "zh")
        assert telling.tell(found, "en")


@pytest.mark.parametrize(
    ("a", "b", "code"),
    [
        pytest.param("household_registration:h1:holder", "household_registration:h3", "two_numbers", id="two numbers"),
        pytest.param("marriage_registration:m1:spouse_a", "marriage_registration:m1:spouse_b", "one_record", id="spouses"),
        pytest.param(
            "employment_registration:e1", "household_registration:h1:holder", "number_of_another", id="the number of somebody else"
        ),
    ],
)
def test_constraints_are_named(resolved: tuple[duckdb.DuckDBPyConnection, Path], a: str, b: str, code: str) -> None:
    found = [one for one in explained(resolved, a, b).constraints if one.code == code]
    assert found
    assert found[0].direct


def test_the_weights_are_those_of_the_run(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    con, models = resolved
    pairs = con.execute("SELECT unit_l, unit_r, weight FROM pair WHERE reason = 'model' ORDER BY ALL").fetchall()
    assert pairs
    with Scales(con, models) as scales:
        for left, right, weight in pairs:
            weighing, weights = scales.weigh([left], [right])
            assert weights == [weighing.weight]
            parts = weighing.prior + sum(level.weight + level.rarity for level in weighing.levels)
            assert weighing.weight == pytest.approx(weight)
            assert parts + weighing.calibration == pytest.approx(weight)
            assert weighing.calibration == pytest.approx(0, abs=1e-6), "the stated model is not calibrated; prior and frequencies agree"
            assert any(rule.met for rule in scales.rules([left], [right])), "a scored pair met a blocking rule"


def test_the_path_says_what_each_link_rests_on(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    found = explained(resolved, "household_registration:h1:holder", "legal_aid:l2")
    assert [step.link.reason for step in found.path] == ["model"]
    assert found.path[0].left.record == ("household_registration", "h1", "holder")
    assert found.path[0].right.record == ("legal_aid", "l2", "holder")
    assert "模型评分" in telling.tell(found, "zh")[2]


def test_a_person_and_its_record(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    person_id = explained(resolved, "household_registration:h1:holder", "legal_aid:l1").a.side.person_id
    assert explained(resolved, "legal_aid:l2", person_id).ground == "links"
    other = explained(resolved, "household_registration:h3", "legal_aid:l1").a.side.person_id
    apart = explained(resolved, person_id, other)
    assert not apart.joined
    assert apart.weights


def test_what_never_was_compared_says_what_each_rule_needs(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    found = explained(resolved, "legal_aid:l2", "legal_aid:l3")
    assert len(found.rules) == len(comparisons.blocking_rules())
    assert not any(rule.met for rule in found.rules)
    told = telling.tell(found, "en")
    assert sum("This rule lacks" in line for line in told) == len(found.rules)
    assert not any("[" in line for line in told), "every condition has words"


def test_a_rule_whose_value_was_too_frequent_says_so(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    con, models = resolved
    pair = con.execute("SELECT unit_l, unit_r FROM pair WHERE reason = 'model' ORDER BY ALL LIMIT 1").fetchone()
    assert pair is not None
    con.execute("BEGIN")
    try:
        for rule in comparisons.blocking_rules():
            keys = scoring.read_rule(rule).keys("unit")
            con.execute(f"INSERT INTO dropped_key SELECT DISTINCT $1, key FROM ({keys})", [rule["blocking_rule"]])
        with Scales(con, models) as scales:
            rules = scales.rules([pair[0]], [pair[1]])
    finally:
        con.execute("ROLLBACK")
    assert any(rule.left_out for rule in rules)
    assert not any(rule.met for rule in rules)
    assert "left it out" in " ".join(telling.blocking(rule, "en") for rule in rules)


def test_decisions_and_cuts_of_the_run_are_told(resolved: tuple[duckdb.DuckDBPyConnection, Path], tmp_path: Path) -> None:
    con = resolved[0].cursor()
    copy = duckdb.connect()
    for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall():
        if name in {
            "mention",
            "name_form",
            "mention_person",
            "person_registry",
            "unit",
            "unit_mention",
            "pair",
            "link_edge",
            "mention_cluster",
            "relative_cluster",
        }:
            rows = con.execute(f'FROM "{name}"').to_arrow_table()
            copy.register("_rows", rows)
            copy.execute(f'CREATE TABLE "{name}" AS FROM _rows')
    copy.execute("CREATE TABLE cut (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, reason VARCHAR, method VARCHAR)")
    copy.execute("CREATE TABLE decided (mention_l BIGINT, mention_r BIGINT, verdict VARCHAR)")
    keys = dict(copy.execute("SELECT natural_key, mention_id FROM mention WHERE category = 'legal_aid'").fetchall())
    units = dict(copy.execute("SELECT mention_id, unit_id FROM unit_mention").fetchall())
    insert(copy, "cut", unit_l=units[keys["l3"]], unit_r=units[keys["l2"]], weight=9.25, reason="rival", method="a new method")
    found = explain(copy, tmp_path, "legal_aid:l2", "legal_aid:l3")
    assert found.ground == "constraint"
    assert (found.constraints[0].code, found.constraints[0].direct, found.constraints[0].weight) == ("rival", True, 9.25)
    assert any("9.2" in line and "[a new method]" in line for line in telling.tell(found, "en")), "what has no words shows its label"
    insert(copy, "decided", mention_l=keys["l2"], mention_r=keys["l3"], verdict="different")
    assert explain(copy, tmp_path, "legal_aid:l3", "legal_aid:l2").ground == "decision"


def test_a_link_that_reviewers_made_has_who_when_and_why(tmp_path: Path) -> None:
    con = an_empty_city()
    for key in ("l2", "l3"):
        category, values = next(one for one in PEOPLE if one[1]["natural_key"] == key)
        a_record(con, category, **values)
    for contract in load_catalogue().contracts.values():
        mentions.build(con, contract)
    ids = [row[0] for row in con.execute("SELECT mention_id FROM mention ORDER BY mention_id").fetchall()]
    con.execute("CREATE TABLE decided (mention_l BIGINT, mention_r BIGINT, verdict VARCHAR)")
    con.execute("""CREATE TABLE decision_applied (decision_id VARCHAR, mention_l BIGINT, mention_r BIGINT, verdict VARCHAR,
                   decided_by VARCHAR, decided_at TIMESTAMP, why VARCHAR)""")
    insert(con, "decided", mention_l=ids[0], mention_r=ids[1], verdict="same")
    insert(con, "decision_applied", mention_l=ids[1], mention_r=ids[0], verdict="same", decided_by="reviewer 1",
           decided_at="2025-06-30 08:00:00", why="seen in person")  # fmt: skip
    linkage.resolve(con, tmp_path, 1)
    found = explain(con, tmp_path, "legal_aid:l2", "legal_aid:l3")
    assert (found.joined, found.ground) == (True, "links")
    assert [step.link.reason for step in found.path] == ["decision"]
    told = telling.tell(found, "en")
    assert "Decided by a reviewer: one person (reviewer 1, 2025-06-30, seen in person)." in told
    assert not any("inf" in line for line in told)


REFUSED = [
    pytest.param("", "legal_aid:l2", "neither a record nor a person", id="empty"),
    pytest.param("legal_aid", "legal_aid:l2", "neither a record nor a person", id="no key"),
    pytest.param("nothing:1", "legal_aid:l2", "no category 'nothing'", id="unknown category"),
    pytest.param("legal_aid:420000199901011234", "legal_aid:l2", "no current record", id="unknown record"),
    pytest.param("legal_aid:l1:mother", "legal_aid:l2", "no role of that name", id="unknown role"),
    pytest.param("legal_aid:l1:representative", "legal_aid:l2", "names nobody as representative", id="a role that the record leaves empty"),
    pytest.param("marriage_registration:m1", "legal_aid:l2", "speaks of 2 people", id="which of two"),
    pytest.param("P99999999999", "legal_aid:l2", "no person with this id", id="unknown person"),
    pytest.param("legal_aid:l2", "legal_aid:l2:holder", "the same", id="the same record twice"),
]


@pytest.mark.parametrize(("a", "b", "message"), REFUSED)
def test_bad_input_is_refused_without_repeating_keys(
    resolved: tuple[duckdb.DuckDBPyConnection, Path], a: str, b: str, message: str
) -> None:
    with pytest.raises(ExplanationProblem, match=message) as refused:
        explained(resolved, a, b)
    assert not re.search(r"\d{6}", str(refused.value))
    with pytest.raises(ExplanationProblem, match=re.escape("[B]" if a != b and "same" not in message else "[A and B]")):
        explained(resolved, b, a)


def test_a_store_without_a_finished_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExplanationProblem, match="onegrid run --again"):
        explain(duckdb.connect(), tmp_path, "legal_aid:l1", "legal_aid:l2")


def test_restricted_records_take_part_without_their_contents(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    found = explained(resolved, "household_registration:h1:holder", "legal_aid:l2")
    for text in (*telling.tell(found, "zh"), *telling.tell(found, "en"), charts.page(found, "zh")):
        assert "secret-key" not in text
        assert "resettlement" not in text
        assert "安置" not in text
    assert "受限类别" in "".join(telling.tell(found, "zh"))
    own = explained(resolved, "resettlement_support:secret-key", "legal_aid:l1")
    assert own.a.side.restricted
    assert own.a.values == {}


class _Tags(HTMLParser):
    """The elements of a page, with their attributes; scripts are text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_fetches_nothing(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    page = charts.page(explained(resolved, "household_registration:h1:holder", "legal_aid:l2"), "zh")
    tags = _Tags(page).found
    assert "vegaEmbed('#chart0'" in page
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": charts.POLICY}) in tags
    assert charts.POLICY.startswith("default-src 'none'")
    assert not any({"src", "href", "srcset", "data"} & set(attributes) for _, attributes in tags)


def test_names_cannot_break_out_of_the_page(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    found = explained(resolved, "household_registration:h1:holder", "legal_aid:l2")
    harmless = [tag for tag, _ in _Tags(charts.page(found, "zh")).found]
    found.a.values["name"] = "</script><img src=x onerror=alert(1)>"
    assert [tag for tag, _ in _Tags(charts.page(found, "zh")).found] == harmless


def test_the_picture_is_in_english_where_chinese_cannot_be_drawn(
    resolved: tuple[duckdb.DuckDBPyConnection, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[dict[str, Any]] = []

    def draw(spec: dict[str, Any], **_: object) -> bytes:
        drawn.append(spec)
        return b"png"

    monkeypatch.setattr(charts, "chinese_can_be_drawn", lambda: False)
    monkeypatch.setattr(vl_convert, "vegalite_to_png", draw)
    charts.png(explained(resolved, "household_registration:h1:holder", "legal_aid:l2"), "zh")
    assert not re.search(r"[\u4e00-\u9fff]", str(drawn[0]["title"]) + str(drawn[0]["data"]) + str(drawn[0]["layer"]))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_picture_is_a_png(resolved: tuple[duckdb.DuckDBPyConnection, Path], language: words.Language) -> None:
    picture = charts.png(explained(resolved, "household_registration:h1:holder", "legal_aid:l2"), language)
    assert picture is not None
    assert picture.startswith(b"\x89PNG")


def test_the_bars_add_up(resolved: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    weighing = explained(resolved, "household_registration:h1:holder", "legal_aid:l2").weighing
    assert weighing is not None
    bars = charts.waterfall(weighing, "en")["data"]["values"]
    assert sum(bar["log2_bayes_factor"] for bar in bars[:-1]) == pytest.approx(bars[-1]["log2_bayes_factor"])


# Words ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparison", "label"),
    [pytest.param(name, label, id=f"{name}: {label}") for name, (_, levels) in comparisons.COMPARISONS.items() for label, *_ in levels],
)
def test_every_level_has_words_in_both_languages(comparison: str, label: str) -> None:
    told = {words.level(comparison, label, False, "zh"), words.level(comparison, label, False, "en")}
    assert len(told) == 2
    assert not any(text.startswith("[") for text in told), "its own label in brackets: add words"
    assert all(words.COMPARISONS[comparison])


@pytest.mark.parametrize("code", [*cannot_link.REASONS, clustering.RIVAL, clustering.OVER_MERGED, clustering.DECIDED])
def test_every_reason_of_a_cut_has_words(code: str) -> None:
    assert all(words.REASONS[code])


def test_every_method_of_a_cut_has_words() -> None:
    methods = {solving.EXACT, solving.LOCAL_SEARCH, solving.AVERAGE, solving.DENSITY, partitioning.LEAD, partitioning._FAST}
    assert methods <= set(words.METHODS)


def test_every_condition_of_blocking_has_words() -> None:
    needed = {column for rule in comparisons.blocking_rules() for column in conditions_of(rule)}
    assert needed <= set(words.FIELDS)


def test_every_role_of_a_relative_has_words() -> None:
    roles = [role for contract in load_catalogue().contracts.values() for role in contract.person_roles]
    assert {role.role for role in roles if not role.subject} <= set(words.ROLES)


def test_every_key_of_a_register_has_words() -> None:
    kinds = {kind for keys in mentions._OWN_KEYS.values() for key in keys for kind in re.findall(r"'(\w+)\|", key)}
    assert kinds
    assert kinds <= set(words.LINK_REASONS) | facts.RESTRICTED_KEYS


def test_keys_that_only_restricted_registers_state_are_not_named() -> None:
    states: dict[str, set[str]] = {}
    for (category, _), keys in mentions._OWN_KEYS.items():
        for kind in re.findall(r"'(\w+)\|", " ".join(keys)):
            states.setdefault(kind, set()).add(category)
    assert {kind for kind, categories in states.items() if categories <= linkage.restricted_categories()} == facts.RESTRICTED_KEYS


# Paths ------------------------------------------------------------------------------------------------------------------------


def _all_paths(links: list[Link], start: int, goal: int) -> list[list[Link]]:
    both = [*links, *(Link(one.right, one.left, one.weight, one.probability, one.reason) for one in links)]
    units = {one.left for one in both} - {start, goal}
    best = {(one.left, one.right): one for one in sorted(both, key=lambda one: (one.weight, one.reason))}
    found = []
    for length in range(len(units) + 1):
        for between in itertools.permutations(sorted(units), length):
            steps = list(itertools.pairwise((start, *between, goal)))
            if all(step in best for step in steps):
                found.append([best[step] for step in steps])
    return found


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 9)).filter(lambda one: one[0] != one[1]), max_size=9),
    st.integers(1, 5),
)
def test_the_path_has_fewest_links_and_of_those_the_strongest_weakest(edges: list[tuple[int, int, int]], goal: int) -> None:
    links = [Link(left, right, float(weight), 1.0, "model") for left, right, weight in edges]
    expected = _all_paths(links, 0, goal)
    found = shortest_path(links, {0}, {goal})
    if not expected:
        assert found is None
        return
    assert found is not None
    best = min((len(path), -min(one.weight for one in path)) for path in expected)
    assert (len(found), -min(one.weight for one in found)) == best
    assert [found[0].left, found[-1].right] == [0, goal]
    assert found == shortest_path(list(reversed(links)), {0}, {goal})
