"""The files of the cross-checks: their shape, the words of the dictionary, their page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from sources.catalogue import load_catalogue
from sources.catalogue.checks_page import render
from sources.catalogue.cross_checks import CrossCheck, check_problems

ROOT = Path(__file__).parents[2]
DICTIONARY = ROOT.parent / "shared" / "departments" / "cross_checks.yaml"
CHECKS = load_catalogue().checks
TWO_SCHOOLS = CHECKS["two_schools"].model_dump()
TRUE, FALSE, MISSING = TWO_SCHOOLS["examples"][0], TWO_SCHOOLS["examples"][1], TWO_SCHOOLS["examples"][-1]


def test_every_check_has_examples_of_every_kind() -> None:
    kinds = {name: {example.kind for example in check.examples} for name, check in CHECKS.items()}
    assert len(kinds) >= 40
    assert {name: found for name, found in kinds.items() if found != {True, False, "missing"}} == {}


@pytest.mark.parametrize(("changed", "problem"), [
    pytest.param({"surprise": 1}, "surprise", id="unknown key"),
    pytest.param({"examples": [FALSE, MISSING]}, "lacks an example of: true", id="no true example"),
    pytest.param({"examples": [TRUE, MISSING]}, "lacks an example of: false", id="no false example"),
    pytest.param({"examples": [TRUE, FALSE]}, "lacks an example of: missing", id="no missing example"),
    pytest.param({"examples": [TRUE | {"alerts": ()}, FALSE, MISSING]}, "true examples have alerts", id="true without alerts"),
    pytest.param({"examples": [TRUE, FALSE | {"alerts": TRUE["alerts"]}, MISSING]}, "false ones have none", id="false with alerts"),
    pytest.param({"alert": {"per": "value"}}, "not described by these keys", id="alert per value without the value"),
    pytest.param({"alert": {"per": "person", "role": True}}, "not described by these keys", id="role of an alert per person"),
    pytest.param({"recipients": []}, "recipients", id="nobody is told"),
])
def test_a_file_of_a_wrong_shape_is_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        CrossCheck.model_validate(TWO_SCHOOLS | changed)


@pytest.mark.parametrize(("changed", "problem"), [
    pytest.param({"name": "three_schools"}, "its file names three_schools", id="another name than the file"),
    pytest.param({"columns": ["student_enrolment.colour"]}, "unknown column student_enrolment.colour", id="column"),
    pytest.param({"attributes": ["colour"]}, "unknown attribute colour", id="attribute"),
    pytest.param({"recipients": [TWO_SCHOOLS["recipients"][0] | {"department": "parks"}]}, "unknown department parks", id="department"),
    pytest.param({"after": ["three_schools"], "sql": "FROM found_record"}, "unknown check three_schools in after", id="check before it"),
    pytest.param({"after": ["two_pensions_paid"]}, "found_record holds what the checks in after find", id="a check before it unread"),
    pytest.param({"sql": "FROM check_resettlement_support"}, "resettlement_support takes part in no check", id="category without checks"),
    pytest.param({"examples": [TRUE | {"people": {"P1": {"colour": 1}}}, FALSE, MISSING]}, "unknown attribute colour", id="of an example"),
    pytest.param({"examples": [TRUE | {"records": [TRUE["records"][0] | {"values": {"colour": 1}}]}, FALSE, MISSING]},
                 "unknown column student_enrolment.colour", id="column of an example"),
])
def test_a_reference_that_leads_nowhere_is_named(changed: dict[str, Any], problem: str) -> None:
    catalogue = load_catalogue()
    checks = CHECKS | {"two_schools": CrossCheck.model_validate(TWO_SCHOOLS | changed)}
    (found,) = check_problems(checks, catalogue.contracts, catalogue.attributes)
    assert problem in found


def test_checks_that_wait_for_each_other_are_named() -> None:
    catalogue = load_catalogue()
    circle = {name: CHECKS[name].model_copy(update={"after": (other,), "sql": "FROM found_record"})
              for name, other in (("two_schools", "two_pensions_paid"), ("two_pensions_paid", "two_schools"))}
    assert check_problems(CHECKS | circle, catalogue.contracts, catalogue.attributes) == ["checks: after leads back to where it started"]


def _as_agreed(check: CrossCheck) -> dict[str, Any]:
    """The part of a file that the dictionary has, in its shape."""
    agreed = check.model_dump(mode="json", include={"name", "title_zh", "kind", "severity", "departments", "columns", "attributes",
                                                    "condition", "tolerance", "example"})
    recipients = [one.model_dump(mode="json", include={"department", "sees"}) | {"told": one.told.agreed}
                  | ({} if one.form == "records" else {"form": one.form}) for one in check.recipients]
    return agreed | {"recipients": recipients}


@pytest.mark.skipif(not DICTIONARY.is_file(), reason="the data dictionary is not here")
def test_checks_say_what_the_dictionary_says() -> None:
    dictionary = yaml.safe_load(DICTIONARY.read_text(encoding="utf-8"))
    for entry in dictionary["checks"]:
        assert _as_agreed(CHECKS[entry["name"]]) == entry
    assert load_catalogue().abbreviations == dictionary["abbreviations"]


def test_the_page_of_the_checks_is_what_their_files_say() -> None:
    committed = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert committed == render(load_catalogue()), "run: python -m sources.catalogue.checks_page docs/checks.md"
    assert [line.split("`")[1] for line in committed.splitlines() if line.startswith("## ")] == list(CHECKS)
