"""Linkage on handcrafted families: what must be joined, what must be kept apart, and what can never happen."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from resolvers import linkage, mentions
from resolvers.linkage import increments, model
from resolvers.linkage.comparisons import CONDITIONAL
from sources.catalogue import load_catalogue
from tests.factories import a_record, an_empty_city

FATHER, MOTHER, CHILD = "421099196503127217", "421099196708034521", "421099201105069236"

Record = tuple[str, dict[str, Any]]


def registered(name: str, number: str | None, birth_date: str, **values: Any) -> Record:
    return "household_registration", {
        "name": name,
        "id_number": number,
        "id_number_state": "valid" if number else None,
        "birth_date": birth_date,
        **values,
    }


def in_health(name: str, number: str | None, birth_date: str | None, **values: Any) -> Record:
    return "health_records", {
        "name": name,
        "id_number": number,
        "id_number_state": "valid" if number else None,
        "birth_date": birth_date,
        **values,
    }


def resolved(tmp_path: Path, records: list[Record]) -> dict[tuple[int, str], str]:
    """Person ids by (position of the record in the list, role)."""
    con = an_empty_city()
    positions = {
        a_record(con, category, natural_key=f"k{position:03d}", **values): position
        for position, (category, values) in enumerate(records)
    }
    for contract in load_catalogue().contracts.values():
        mentions.build(con, contract)
    linkage.resolve(con, tmp_path / "models", 1)
    rows = con.execute("SELECT record_id, role, person_id FROM mention_person").fetchall()
    return {(positions[record], role): person for record, role, person in rows}


FAMILY = {"household_type": "1", "household_no": "421002000000001"}

JOINED: list[Any] = [
    pytest.param(
        [registered("王秀英", MOTHER, "1967-08-03"), in_health("王秀瑛", MOTHER, "1967-08-03")],
        id="a homophone with the number",
    ),
    pytest.param(
        [registered("王秀英", MOTHER, "1967-08-03"), in_health("王秀?", MOTHER, "1967-08-03")],
        id="a lost character with the number",
    ),
    pytest.param(
        [registered("王秀英", MOTHER, "1967-08-03"), in_health("WANG XIUYING", MOTHER, "1967-08-03")],
        id="pinyin with the number",
    ),
    pytest.param(
        [registered("王秀英", MOTHER, "1967-08-03"), in_health("李王氏", MOTHER, "1967-08-03")],
        id="husband's surname and 氏",
    ),
    pytest.param(
        [registered("王秀英", MOTHER, "1967-08-03", former_name="王小妹"), in_health("王小妹", MOTHER, None)],
        id="the former name",
    ),
    pytest.param(
        [registered("王秀英", MOTHER, "1967-08-03"), in_health("王秀英", MOTHER, "1967-07-05")],
        id="a birthday by the traditional calendar",
    ),
    pytest.param(
        [
            registered("王秀英", MOTHER, "1967-08-03"),
            ("care_followups", {"name": "王秀英", "archive_no": "k001", "birth_date": "1967-08-03"}),
            (
                "health_records",
                {"name": "王秀英", "id_number": MOTHER, "id_number_state": "valid", "archive_no": "k001"},
            ),
        ],
        id="the archive number",
    ),
]

APART: list[Any] = [
    pytest.param(
        [registered("王大海", FATHER, "1965-03-12"), registered("王小海", FATHER, "2011-05-06")],
        id="a child under the father's number",
    ),
    pytest.param(
        [registered("王大海", FATHER, "1965-03-12"), in_health("王大海", FATHER, "2011-05-06")],
        id="a son of the same name under the number",
    ),
    pytest.param(
        [registered("王大海", FATHER, "1965-03-12"), registered("陈金花", FATHER, "1965-03-12")],
        id="a number issued twice",
    ),
    pytest.param(
        [registered("王大海", FATHER, "1965-03-12"), in_health("陈金花", FATHER, "1971-10-30")],
        id="the number of the neighbouring row",
    ),
    pytest.param(
        [registered("王芳", CHILD, "2011-05-06", **FAMILY), registered("王英", None, "2011-05-06", **FAMILY)],
        id="twins",
    ),
    pytest.param(
        [registered("王芳", None, "2011-05-06"), registered("王芳", None, "2011-05-06")],
        id="one name and birthday, nothing else, twice registered",
    ),
    pytest.param([in_health("王伟", None, None), in_health("王伟", None, None)], id="one name and nothing else"),
]


@pytest.mark.parametrize("records", JOINED)
def test_joined(tmp_path: Path, records: list[Record]) -> None:
    found = resolved(tmp_path, records)
    assert len({person for (_, role), person in found.items() if role == "holder"}) == 1


@pytest.mark.parametrize("records", APART)
def test_kept_apart(tmp_path: Path, records: list[Record]) -> None:
    found = resolved(tmp_path, records)
    assert found[0, "holder"] != found[1, "holder"]


def test_a_relative_without_number_is_found_in_the_household(tmp_path: Path) -> None:
    found = resolved(
        tmp_path,
        [
            registered("王大海", FATHER, "1965-03-12", sex="1", **FAMILY),
            registered("王小海", CHILD, "2011-05-06", sex="1", father_name="王大海", mother_name="陈金花", **FAMILY),
        ],
    )
    assert found[1, "father"] == found[0, "holder"]
    assert found[1, "mother"] not in {found[0, "holder"], found[1, "holder"]}


def test_a_father_is_not_his_sons_brother_of_the_same_name(tmp_path: Path) -> None:
    found = resolved(
        tmp_path,
        [
            registered("王大海", FATHER, "2009-03-12", sex="1", **FAMILY),
            registered("王小海", CHILD, "2011-05-06", sex="1", father_name="王大海", **FAMILY),
        ],
    )
    assert found[1, "father"] != found[0, "holder"]


def test_two_candidates_leave_a_relative_alone(tmp_path: Path) -> None:
    found = resolved(
        tmp_path,
        [
            registered("王大海", FATHER, "1965-03-12", sex="1", **FAMILY),
            registered("王大海", "421099193506114873", "1935-06-11", sex="1", **FAMILY),
            registered("王小海", CHILD, "2011-05-06", sex="1", father_name="王大海", **FAMILY),
        ],
    )
    assert found[2, "father"] not in {found[0, "holder"], found[1, "holder"]}


def test_siblings_share_a_father_who_has_no_record(tmp_path: Path) -> None:
    parents = {"father_name": "王大海", "mother_name": "陈金花", **FAMILY}
    found = resolved(
        tmp_path,
        [registered("王小海", CHILD, "2011-05-06", **parents), registered("王小河", None, "2013-01-09", **parents)],
    )
    assert found[0, "father"] == found[1, "father"] != found[0, "mother"]


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    records = [record for case in (*JOINED[:5], *APART) for record in case.values[0]]
    first = resolved(tmp_path, records)
    order = list(range(len(records)))
    random.Random(5).shuffle(order)
    con = an_empty_city()
    for position in order:
        category, values = records[position]
        a_record(con, category, natural_key=f"k{position:03d}", **values)
    for contract in load_catalogue().contracts.values():
        mentions.build(con, contract)
    linkage.resolve(con, tmp_path / "models", 1)
    again = {
        (int(key[1:]), role): person
        for key, role, person in con.execute("SELECT natural_key, role, person_id FROM mention_person").fetchall()
    }
    assert again == first


@pytest.mark.parametrize(
    ("category", "known_from"),
    [
        ("health_records", "health"),
        ("care_followups", "health"),
        ("resettlement_support", "justice"),
        ("legal_aid", "open"),
    ],
)
def test_where_a_person_is_known_from(tmp_path: Path, category: str, known_from: str) -> None:
    con = an_empty_city()
    contract = load_catalogue().contracts[category]
    a_record(con, category, **{contract.person_roles[0].name: "王伟"})
    mentions.build(con, contract)
    linkage.resolve(con, tmp_path, 1)
    assert con.execute("SELECT known_from, match_confidence FROM everybody").fetchall() == [(known_from, 1.0)]


def test_restricted_categories_are_the_two_groups() -> None:
    assert linkage.restricted_categories() == {*linkage.HEALTH_CATEGORIES, *linkage.JUSTICE_CATEGORIES}


def test_an_empty_city_has_nobody(tmp_path: Path) -> None:
    con = an_empty_city()
    mentions.build(con, load_catalogue().contracts["legal_aid"])
    assert linkage.resolve(con, tmp_path, 1).persons == 0


def test_a_small_city_writes_no_model(tmp_path: Path) -> None:
    resolved(tmp_path, [registered("王大海", FATHER, "1965-03-12")])
    assert not (tmp_path / "models" / model.MODEL_FILE).exists()


def test_a_model_of_other_comparisons_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"version": 0, "parameters": {}}')
    with pytest.raises(model.ModelMismatch, match="version 0"):
        model.read(tmp_path / "m.json")


def test_default_parameters_are_probabilities() -> None:
    for name, levels in model.default_model().parameters.items():
        for case in CONDITIONAL.get(name, (tuple(levels),)):
            if len(case) > 1:
                assert sum(levels[label][0] for label in case) == pytest.approx(1.0, abs=0.01)
        assert all(0 < m <= 1 and 0 < u <= 1 for m, u in levels.values())


def test_a_run_leaves_its_memory_and_no_temporary_table(tmp_path: Path) -> None:
    con = an_empty_city()
    tables = "SELECT table_name FROM duckdb_tables() WHERE temporary = $1"
    before = {name for (name,) in con.execute(tables, [False]).fetchall()}
    temporary = con.execute(tables, [True]).fetchall()
    for contract in load_catalogue().contracts.values():
        mentions.build(con, contract)
    linkage.resolve(con, tmp_path, 1)
    after = {name for (name,) in con.execute(tables, [False]).fetchall()}
    beside = {"mention", "name_form", "decided", "cut", "refused_decision", "name_frequency", "name_frequency_origin"}
    known = beside | set(increments.REMEMBERED)
    assert {name for name in after - before - known if not name.startswith("person_")} == set()
    assert set(increments.REMEMBERED) <= after
    assert con.execute(tables, [True]).fetchall() == temporary
