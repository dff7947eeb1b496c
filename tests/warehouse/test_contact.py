"""The telephone number, rule by rule (clarifications 21, 32)."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people
from warehouse.attributes import contact

OLD, NEW = "2024-01-01", "2025-03-01"
HR, RP, PI, FL, BF, EB, HE = (
    "household_registration", "residence_permits", "pension_insurance", "fund_loans", "birth_family_support",
    "elderly_disability_benefits", "health_records",
)
M = [f"199{place:08d}" for place in range(100)]
NINE = tuple(f"p{place}" for place in range(8))


def _shared(number: str, *, others: tuple[str, ...] = NINE, role: str = "holder") -> tuple[Record, ...]:
    column = "contact_phone" if role == "contact" else "phone"
    return tuple(r(HE, {role: other}, **{column: number}) for other in others)


CASES = (
    Case("the record updated last", "contact_phone", M[1],
         (r(RP, phone=M[0], updated_on=OLD), r(PI, phone=M[1], updated_on=NEW))),
    Case("same day: the order of the list", "contact_phone", M[2], (r(PI, phone=M[3]), r(RP, phone=M[2]))),
    Case("a mobile number before a landline", "contact_phone", M[4],
         (r(PI, phone="07168000001", updated_on=NEW), r(RP, phone=M[4], updated_on=OLD))),
    Case("a landline when there is nothing else", "contact_phone", "07168000002", (r(PI, phone="07168000002"),)),
    Case("carried by nine persons", "contact_phone", None,
         (r(PI, phone=M[5]), *_shared(M[5]))),
    Case("then the next number", "contact_phone", M[7],
         (r(PI, phone=M[6], updated_on=NEW), *_shared(M[6]), r(RP, phone=M[7], updated_on=OLD))),
    Case("carried by eight persons", "contact_phone", M[8], (r(PI, phone=M[8]), *_shared(M[8], others=NINE[1:]))),
    Case("carried in any role", "contact_phone", None, (r(PI, phone=M[9]), *_shared(M[9], role="contact"))),
    Case("nine persons of one household", "contact_phone", M[10], (r(PI, phone=M[10]), *_shared(M[10])),
         known={"household_id": "@home"}, others={other: {"household_id": "@home"} for other in NINE}),
    Case("nine persons of two households", "contact_phone", None, (r(PI, phone=M[11]), *_shared(M[11])),
         known={"household_id": "@home"}, others={other: {"household_id": "@home"} for other in NINE[1:]}),
    Case("the telephone of a birth registration is the mother's", "contact_phone", None,
         (r(BF, {"father": "me", "mother": "woman"}, phone=M[12]),)),
    Case("the mother's", "contact_phone", M[13], (r(BF, {"father": "man", "mother": "me"}, phone=M[13]),)),
    Case("the co-borrower has an own number", "contact_phone", M[15],
         (r(FL, {"borrower": "other", "co_borrower": "me"}, borrower_phone=M[14], co_borrower_phone=M[15]),)),
    Case("the number of an emergency contact is not the holder's", "contact_phone", None,
         (r(EB, {"holder": "me", "contact": "son"}, contact_phone=M[16]),)),
    Case("resettlement support states none", "contact_phone", None, (r("resettlement_support", phone=M[17]),)),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((contact,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
