"""The surviving address, its dwelling and its places, rule by rule (clarifications 15 to 19, 52)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people, expected
from warehouse.attributes import residence

HR, RP, EB, SA, ST, ER, HE, CF, MI, BF, PI, HO = (
    "household_registration", "residence_permits", "elderly_disability_benefits", "social_assistance",
    "student_enrolment", "employment_registration", "health_records", "care_followups", "medical_insurance",
    "birth_family_support", "pension_insurance", "house_registry",
)
FRESH, STALE = "2020-06-08", "2020-06-07"
TOWN, OTHER_TOWN = "421002001", "421003101"
SIDE, OTHER_SIDE = "421002001001", "421002001002"
AT = {"county_code": "421002", "township_code": TOWN}
ELSEWHERE = {"county_code": "421003", "township_code": OTHER_TOWN}
OUTSIDE = {"outside_city": True}
DOOR = AT | {"community_code": SIDE, "road": "园林路", "door_no": "18"}


def at(category: str, address: str, roles: dict[str, str] | None = None, **values: Any) -> Record:
    """A record with an address, in force and fresh unless it says otherwise."""
    column = "current_address" if category == RP else "address"
    state = {"permit_status": "1"} if category == RP else {"status": "1"} if category in IN_FORCE else {}
    place = {"column_name": column} | values.pop("place", {})
    return r(category, roles, **({"updated_on": "2025-01-01", column: address} | state | values), place=place)


IN_FORCE = (HR, EB, SA, ST, HE, CF)


def house(code: str, address: str, owner: str | None = None, **values: Any) -> Record:
    roles = {"owner": owner} if owner else {}
    standard = {"township_code": TOWN, "community_code": SIDE, "grid_code": SIDE + "001", "community_name": "绿化村社区"}
    return Record(HO, roles, {"dwelling_code": code, "standard_address": address} | standard | values)


ROOM = "沙市区中山街道绿化村社区园林路18号{}栋{}单元{}室"


def located(code: str, **more: Any) -> dict[str, Any]:
    return DOOR | {"building": "2", "dwelling_code": code} | more


ELIGIBLE = (
    *(Case(f"{category} before the later sources", "residence_address", "A",
           (at(category, "A"), at(PI, "B"), at(HR, "C"))) for category in (RP, EB, SA, ST, ER, HE, CF, MI)),
    *(Case(f"{category} counts only in force", "residence_address", "B",
           (at(category, "A", status="2"), at(PI, "B"))) for category in (EB, SA, ST, HE, CF)),
    *(Case(f"{category} not updated for 60 months", "residence_address", "B",
           (at(category, "A", updated_on=STALE), at(PI, "B"))) for category in (EB, SA, ST, ER, HE, CF, MI)),
    *(Case(f"{category} updated 60 months ago", "residence_address", "A",
           (at(category, "A", updated_on=FRESH), at(PI, "B"))) for category in (EB, SA, ST, ER, HE, CF, MI)),
    Case("HR and RP have no age", "residence_address", "A", (at(RP, "A", updated_on="2001-01-01"), at(PI, "B"))),
    Case("HR is never too old", "residence_address", "A", (at(HR, "A", updated_on="2001-01-01"),)),
    Case("a cancelled registration is no residence", "residence_address", None, (at(HR, "A", status="2"),)),
    Case("an expired permit when there is no valid one", "residence_address", "A",
         (at(RP, "A", permit_status="2"), at(PI, "B"))),
    Case("a valid permit before an expired one", "residence_address", "A",
         (at(RP, "A", updated_on="2020-01-01"), at(RP, "B", permit_status="2"))),
    Case("a cancelled permit is no residence", "residence_address", "B",
         (at(RP, "A", permit_status="3"), at(PI, "B"))),
    Case("a student left out", "residence_address", "B", (at(ST, "A", left_out=True), at(PI, "B"))),
    Case("a member who left the case", "residence_address", "B",
         (at(SA, "A", case_no="@c", left_out=True, delivery_date="2025-01-01"), at(PI, "B"),
          r(SA, {"holder": "other"}, case_no="@c", delivery_date="2025-02-01"))),
    Case("a case no longer delivered keeps its status", "residence_address", "A",
         (at(SA, "A", case_no="@c2", left_out=True), at(PI, "B"))),
    Case("a cancelled certificate", "residence_address", "B",
         (at(ER, "A", registration_type="3"), at(PI, "B"))),
    Case("the address of a family record is the mother's", "residence_address", "B",
         (at(BF, "A", {"mother": "woman", "father": "me"}), at(PI, "B"))),
    Case("of the mother", "residence_address", "A", (at(BF, "A", {"mother": "me"}), at(PI, "B"))),
    Case("never from resettlement support", "residence_address", None, (at("resettlement_support", "A"),)),
    Case("the dead have none", "residence_address", None, (at(HR, "A"),), known={"vital_status": "2"}),
    Case("the record updated last", "residence_address", "A",
         (at(PI, "A", updated_on="2025-02-01"), at(PI, "B", updated_on="2025-01-01"))),
)

ORDER = (
    Case("a value that leads to a dwelling has the standard wording", "residence_address", ROOM.format(2, 1, 301),
         (at(PI, "园林路18号2-1-301", place=located("@d")), house("@d", ROOM.format(2, 1, 301)))),
    Case("a value without a dwelling stays as delivered", "residence_address", "园林路１８号", (at(PI, "园林路１８号", place=DOOR),)),
    Case("a located value comes before an earlier one that is not", "residence_address", "B",
         (at(RP, "A", place=AT), at(PI, "B", place=located("@d")))),
    Case("unless it names another township", "residence_address", "A",
         (at(RP, "A", place=ELSEWHERE), at(PI, "B", place=located("@d")))),
    Case("unless it names another community", "residence_address", "A",
         (at(RP, "A", place=AT | {"community_code": OTHER_SIDE}), at(PI, "B", place=located("@d")))),
    Case("another village group contradicts", "residence_address", "A",
         (at(RP, "A", place=AT | {"village_group": "3"}), at(PI, "B", place=located("@d", village_group="4")))),
    Case("another road number contradicts", "residence_address", "A",
         (at(RP, "A", place=AT | {"road": "园林路", "door_no": "20"}), at(PI, "B", place=located("@d")))),
    Case("another building contradicts", "residence_address", "A",
         (at(RP, "A", place=DOOR | {"building": "3"}), at(PI, "B", place=located("@d")))),
    Case("an address outside contradicts", "residence_address", "A",
         (at(RP, "A", place=OUTSIDE), at(PI, "B", place=located("@d")))),
    Case("the first of two located values", "residence_address", "A",
         (at(RP, "A", place=located("@d")), at(PI, "B", place=located("@e")))),
    Case("HR located replaces a vague value", "residence_address", "B",
         (at(PI, "A", place=AT), at(HR, "B", place=located("@d")))),
    Case("HR located does not replace another township", "residence_address", "A",
         (at(PI, "A", place=ELSEWHERE), at(HR, "B", place=located("@d")))),
    Case("which then has no dwelling", "dwelling_id", None,
         (at(PI, "A", place=ELSEWHERE), at(HR, "B", place=located("@d")))),
    Case("any located value comes before HR", "residence_address", "A",
         (at(PI, "A", place=located("@d")), at(HR, "B", place=located("@e")))),
    Case("of the surviving address", "dwelling_id", "@d", (at(PI, "A", place=located("@d")),)),
)


def member(who: str, number: str = "@h", **values: Any) -> Record:
    return at(HR, "B", {"holder": who}, household_no=number, household_type=values.pop("household_type", "1"), **values)


HOME = house("@home", ROOM.format(2, 1, 301))
VAGUE: dict[str, Any] = {"household_no": "@h", "household_type": "1", "place": AT}
HOUSEHOLD = (
    Case("the dwelling of the other members", "dwelling_id", "@home",
         (HOME, at(HR, "A", **VAGUE), member("other", place=located("@home")))),
    Case("the address stays as delivered", "residence_address", "A",
         (HOME, at(HR, "A", **VAGUE), member("other", place=located("@home")))),
    Case("not when two members have different ones", "dwelling_id", None,
         (HOME, house("@b", ROOM.format(2, 1, 302)), at(HR, "A", **VAGUE), member("one", place=located("@home")),
          member("two", place=located("@b")))),
    Case("not of a collective household", "dwelling_id", None,
         (HOME, at(HR, "A", **(VAGUE | {"household_type": "2"})),
          member("other", household_type="2", place=located("@home")))),
    Case("not without an active registration", "dwelling_id", None,
         (HOME, at(PI, "A", place=AT), at(HR, "B", status="2", household_no="@h", household_type="1"),
          member("other", place=located("@home")))),
    Case("not when the own address names another township", "dwelling_id", None,
         (HOME, at(PI, "A", place=ELSEWHERE), at(HR, "B", **VAGUE), member("other", place=located("@home")))),
    Case("not when it names another door", "dwelling_id", None,
         (HOME, at(PI, "A", place=AT | {"road": "园林路", "door_no": "20"}), at(HR, "B", **VAGUE),
          member("other", place=located("@home")))),
    Case("not when it names a place outside", "dwelling_id", None,
         (HOME, at(PI, "A", place=OUTSIDE), at(HR, "B", **VAGUE), member("other", place=located("@home")))),
    Case("not the dead", "dwelling_id", None,
         (HOME, at(HR, "A", **VAGUE), member("other", place=located("@home"))), known={"vital_status": "2"}),
)
BUILDING = DOOR | {"building": "2"}
VILLAGE = AT | {"community_code": SIDE, "village_group": "3"}
FARM = "沙市区中山街道绿化村社区3组{}号"
INSIDE = (
    Case("the dwelling in the building that the person owns", "dwelling_id", "@own",
         (house("@own", ROOM.format(2, 1, 301), owner="me"), at(PI, "A", place=BUILDING))),
    Case("the dwelling in the village group that the person owns", "dwelling_id", "@own",
         (house("@own", FARM.format(12), owner="me"), at(PI, "A", place=VILLAGE))),
    Case("not in another building", "dwelling_id", None,
         (house("@own", ROOM.format(3, 1, 301), owner="me"), at(PI, "A", place=BUILDING))),
    Case("not when the person owns two there", "dwelling_id", None,
         (house("@a", ROOM.format(2, 1, 301), owner="me"), house("@b", ROOM.format(2, 1, 302), owner="me"),
          at(PI, "A", place=BUILDING))),
    Case("not for a street number alone", "dwelling_id", None,
         (house("@own", ROOM.format(2, 1, 301), owner="me"), at(PI, "A", place=DOOR))),
    Case("the own dwelling before the spouse's", "dwelling_id", "@own",
         (house("@own", ROOM.format(2, 1, 301), owner="me"), house("@hers", ROOM.format(2, 1, 302)),
          at(PI, "A", place=BUILDING), at(PI, "B", {"holder": "wife"}, place=located("@hers")),
          r(HR, {"holder": "me", "spouse": "wife"}, status="1"))),
    Case("the dwelling in which the spouse lives", "dwelling_id", "@hers",
         (house("@hers", ROOM.format(2, 1, 302)), at(PI, "A", place=BUILDING),
          at(PI, "B", {"holder": "wife"}, place=located("@hers")),
          r(HR, {"holder": "me", "spouse": "wife"}, status="1"))),
    Case("the dwelling in which a parent lives", "dwelling_id", "@theirs",
         (house("@theirs", ROOM.format(2, 1, 302)), at(PI, "A", place=BUILDING),
          at(PI, "B", {"holder": "mother"}, place=located("@theirs")),
          r(HR, {"holder": "me", "mother": "mother"}, status="1"))),
    Case("the dwelling of a spouse who owns it and names the building only", "dwelling_id", "@hers",
         (house("@hers", ROOM.format(2, 1, 302), owner="wife"), at(PI, "A", place=BUILDING),
          at(PI, "B", {"holder": "wife"}, place=BUILDING), r(HR, {"holder": "me", "spouse": "wife"}, status="1"))),
    Case("the dwelling of a parent placed by the household", "dwelling_id", "@theirs",
         (house("@theirs", ROOM.format(2, 1, 302)), at(PI, "A", place=BUILDING),
          at(PI, "B", {"holder": "sister"}, place=located("@theirs")),
          r(HR, {"holder": "sister"}, status="1", household_type="1", household_no="@h"),
          r(HR, {"holder": "mother"}, status="1", household_type="1", household_no="@h"),
          r(HR, {"holder": "me", "mother": "mother"}, status="1", household_type="1", household_no="@i"))),
    Case("not when spouse and parent live in two", "dwelling_id", None,
         (house("@a", ROOM.format(2, 1, 301)), house("@b", ROOM.format(2, 1, 302)), at(PI, "A", place=BUILDING),
          at(PI, "B", {"holder": "mother"}, place=located("@a")),
          at(PI, "C", {"holder": "wife"}, place=located("@b")),
          r(HR, {"holder": "me", "mother": "mother", "spouse": "wife"}, status="1"))),
)
AREAS = (
    Case("of the dwelling", "residence_county", "421002", (HOME, at(PI, "A", place=located("@home")))),
    Case("of the dwelling", "residence_township", TOWN, (HOME, at(PI, "A", place=located("@home")))),
    Case("of the dwelling", "residence_community", SIDE, (HOME, at(PI, "A", place=located("@home")))),
    Case("of the dwelling", "residence_grid", SIDE + "001", (HOME, at(PI, "A", place=located("@home")))),
    Case("of the township of the address", "residence_county", "421003", (at(PI, "A", place=ELSEWHERE),)),
    Case("without a dwelling the named one", "residence_community", SIDE,
         (at(PI, "A", place=AT | {"community_code": SIDE}),)),
    Case("missing when it is not known", "residence_community", None, (at(PI, "A", place=AT),)),
    Case("of the next value when none follows", "residence_township", TOWN,
         (at(PI, "A", place={}), at(HR, "B", place=AT))),
    Case("not of a value that contradicts", "residence_township", None,
         (at(PI, "A", place={"county_code": "421003"}), at(HR, "B", place=AT))),
    Case("missing outside the city", "residence_county", None,
         (at(PI, "A", place=OUTSIDE), at(HR, "B", place=AT))),
    Case("without a dwelling from the permit", "residence_grid", SIDE + "002",
         (house("@any", "B"), at(RP, "A", grid_code=SIDE + "002", place=AT | {"community_code": SIDE}))),
    Case("not of another community", "residence_grid", None,
         (house("@any", "B"), at(RP, "A", grid_code=SIDE + "002", place=AT | {"community_code": OTHER_SIDE}))),
    Case("missing outside the communities with grids", "residence_grid", None,
         (at(RP, "A", grid_code="421002001009001", place=AT | {"community_code": "421002001009"}),)),
)
CASES = ELIGIBLE + ORDER + HOUSEHOLD + INSIDE + AREAS




@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((residence,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == expected(case)
