"""The catalogue is complete, agrees with itself, and its documentation is current."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from sources.catalogue import _contradictions, load_catalogue
from sources.catalogue.dictionary import render
from sources.catalogue.models import Contract

ROOT = Path(__file__).parents[2]


def test_it_holds_what_the_city_agreed_on() -> None:
    catalogue = load_catalogue()
    assert (len(catalogue.contracts), len(catalogue.departments), len(catalogue.attributes), len(catalogue.classes)) == (17, 8, 115, 30)


def test_groups_hold_as_many_attributes_as_they_say() -> None:
    catalogue = load_catalogue()
    counted = {group.name: sum(attribute.group == group.name for attribute in catalogue.attributes.values()) for group in catalogue.groups}
    assert counted == {group.name: group.attributes for group in catalogue.groups}


def test_an_unknown_key_in_a_contract_is_refused() -> None:
    contract = load_catalogue().contracts["legal_aid"].model_dump()
    with pytest.raises(ValidationError, match="surprise"):
        Contract.model_validate(contract | {"surprise": 1})


def test_a_reference_that_leads_nowhere_is_named() -> None:
    catalogue = load_catalogue()
    contract = catalogue.contracts["legal_aid"]
    broken = contract.model_copy(update={"natural_key": ("no_such_column",)})
    changed = type(catalogue)(**{**catalogue.__dict__, "contracts": catalogue.contracts | {"legal_aid": broken}})
    assert _contradictions(changed) == ["legal_aid: unknown column no_such_column"]


@pytest.mark.parametrize("purpose", load_catalogue().purposes.values(), ids=lambda purpose: purpose.name)
def test_restricted_attributes_belong_to_one_purpose(purpose) -> None:  # type: ignore[no-untyped-def]
    catalogue = load_catalogue()
    restricted = [name for name in purpose.attributes if catalogue.attributes[name].sensitivity == "restricted"]
    assert all(len(catalogue.attributes[name].purposes) == 1 for name in restricted)


def test_the_data_dictionary_is_what_the_catalogue_says() -> None:
    committed = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    assert committed == render(load_catalogue()), "run: python -m sources.catalogue.dictionary docs/data_dictionary.md"
