"""Later rounds of placing relatives: by the other parent, as a couple, by telephone; one person or nobody."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from resolvers.linkage import family

CHILD, MAN, WOMAN, OTHER_MAN = 1, 2, 3, 4
"""Clusters of the people of these tests."""

BIRTHS = {CHILD: date(1990, 1, 1), MAN: date(1960, 1, 1), WOMAN: date(1962, 1, 1), OTHER_MAN: date(1961, 1, 1)}
SEXES = {CHILD: "1", MAN: "1", WOMAN: "2", OTHER_MAN: "1"}
NAMES = {CHILD: "甲", MAN: "乙", WOMAN: "丙", OTHER_MAN: "乙"}
RECORD_OF_CHILD, RECORD_OF_COUPLE = 100, 200


class Town:
    """The tables that a round reads, with somebody's mentions already settled in clusters."""

    def __init__(self, filler: int = 0) -> None:
        self.con = duckdb.connect()
        self.con.execute("""
            CREATE TABLE mention (mention_id BIGINT, record_id BIGINT, category VARCHAR, role VARCHAR, name VARCHAR, phone VARCHAR,
                                  household VARCHAR, dwelling_code VARCHAR);
            CREATE TABLE name_form (raw VARCHAR, plain VARCHAR, own_form VARCHAR, damaged BOOLEAN);
            CREATE TABLE mention_cluster (mention_id BIGINT, cluster BIGINT);
            CREATE TABLE sighting (mention_id BIGINT, cluster BIGINT, record_id BIGINT, household VARCHAR, dwelling VARCHAR,
                                   partner VARCHAR);
            CREATE TABLE loose (mention_id BIGINT, record_id BIGINT, role VARCHAR, is_self BOOLEAN, plain VARCHAR, own_form VARCHAR,
                                damaged BOOLEAN, beside BIGINT, beside_mention BIGINT);
            CREATE TABLE placed (mention_id BIGINT, cluster BIGINT);
            CREATE TABLE person_about (cluster BIGINT, sex VARCHAR, birth_date DATE, phones VARCHAR[]);
            CREATE TABLE person_name (cluster BIGINT, plain VARCHAR)""")
        for cluster, name in NAMES.items():
            self.con.execute("INSERT INTO person_about VALUES (?, ?, ?, [])", [cluster, SEXES[cluster], BIRTHS[cluster]])
            self.con.execute("INSERT INTO person_name VALUES (?, ?)", [cluster, name])
            self.con.execute("INSERT INTO name_form VALUES (?, ?, NULL, false)", [name, name])
        self.con.execute("INSERT INTO person_name SELECT 1000 + i, 'name ' || i FROM range(?) AS filler(i)", [filler])
        self.persons = filler + len(NAMES)
        self.next = 0

    def settled(self, cluster: int, record: int, category: str, role: str, **values: Any) -> None:
        """A mention that linkage has put into a cluster, with a unit of its own."""
        mention = self._mention(record, category, role, NAMES[cluster], **values)
        self.con.execute("INSERT INTO mention_cluster VALUES (?, ?)", [mention, cluster])
        self.con.execute(
            "INSERT INTO sighting VALUES (?, ?, ?, ?, ?, ?)",
            [mention, cluster, record, values.get("household"), values.get("dwelling"), None if role == "holder" else role],
        )
        if values.get("phone"):
            self.con.execute("UPDATE person_about SET phones = [?] WHERE cluster = ?", [values["phone"], cluster])

    def unplaced(self, role: str, name: str, record: int = RECORD_OF_CHILD, **values: Any) -> int:
        """A relative beside the child whom nothing has placed yet."""
        mention = self._mention(record, "household_registration", role, name, **values)
        self.con.execute("INSERT INTO loose VALUES (?, ?, ?, false, ?, NULL, false, ?, 0)", [mention, record, role, name, CHILD])
        return mention

    def _mention(self, record: int, category: str, role: str, name: str, **values: Any) -> int:
        self.next += 1
        self.con.execute(
            "INSERT INTO mention VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [self.next, record, category, role, name, values.get("phone"), values.get("household"), values.get("dwelling")],
        )
        return self.next

    def places(self) -> dict[int, int]:
        family.place_more(self.con, self.persons)
        return dict(self.con.execute("SELECT mention_id, cluster FROM placed").fetchall())


def test_a_father_is_found_in_the_family_of_the_mother_whom_a_number_places() -> None:
    town = Town()
    town.settled(CHILD, RECORD_OF_CHILD, "household_registration", "holder")
    town.settled(WOMAN, RECORD_OF_CHILD, "household_registration", "mother")
    town.settled(WOMAN, RECORD_OF_COUPLE, "marriage_registration", "spouse_b")
    town.settled(MAN, RECORD_OF_COUPLE, "marriage_registration", "spouse_a")
    father = town.unplaced("father", NAMES[MAN])
    assert town.places() == {father: MAN}


@pytest.mark.parametrize("share", [{"household": "h"}, {"dwelling": "d"}], ids=["one household", "one dwelling"])
def test_the_family_of_the_mother_is_also_her_household_and_her_dwelling(share: dict[str, str]) -> None:
    town = Town()
    town.settled(CHILD, RECORD_OF_CHILD, "household_registration", "holder")
    town.settled(WOMAN, RECORD_OF_CHILD, "household_registration", "mother")
    town.settled(WOMAN, 300, "household_registration", "holder", **share)
    town.settled(MAN, 301, "household_registration", "holder", **share)
    father = town.unplaced("father", NAMES[MAN])
    assert town.places() == {father: MAN}


def test_two_men_of_one_name_in_the_family_of_the_mother_leave_the_father_alone() -> None:
    town = Town()
    town.settled(CHILD, RECORD_OF_CHILD, "household_registration", "holder")
    town.settled(WOMAN, RECORD_OF_CHILD, "household_registration", "mother")
    town.settled(WOMAN, 300, "household_registration", "holder", household="h")
    town.settled(MAN, 301, "household_registration", "holder", household="h")
    town.settled(OTHER_MAN, 302, "household_registration", "holder", household="h")
    town.unplaced("father", NAMES[MAN])
    assert town.places() == {}


def test_a_man_younger_than_a_parent_can_be_is_no_father() -> None:
    town = Town()
    town.con.execute("UPDATE person_about SET birth_date = DATE '1980-01-01' WHERE cluster = ?", [MAN])
    town.settled(CHILD, RECORD_OF_CHILD, "household_registration", "holder")
    town.settled(WOMAN, RECORD_OF_CHILD, "household_registration", "mother")
    town.settled(WOMAN, RECORD_OF_COUPLE, "marriage_registration", "spouse_b")
    town.settled(MAN, RECORD_OF_COUPLE, "marriage_registration", "spouse_a")
    town.unplaced("father", NAMES[MAN])
    assert town.places() == {}


def a_couple_elsewhere(filler: int) -> tuple[Town, int, int]:
    """A couple by a marriage record, and a child elsewhere that names both without numbers."""
    town = Town(filler)
    town.settled(CHILD, RECORD_OF_CHILD, "household_registration", "holder")
    town.settled(WOMAN, RECORD_OF_COUPLE, "marriage_registration", "spouse_b")
    town.settled(MAN, RECORD_OF_COUPLE, "marriage_registration", "spouse_a")
    return town, town.unplaced("father", NAMES[MAN]), town.unplaced("mother", NAMES[WOMAN])


def test_both_parents_are_the_one_couple_with_their_two_names() -> None:
    town, father, mother = a_couple_elsewhere(filler=1000)
    assert town.places() == {father: MAN, mother: WOMAN}


def test_names_that_chance_would_pair_again_place_nobody() -> None:
    town, _, _ = a_couple_elsewhere(filler=10)
    assert town.places() == {}


def test_two_couples_with_the_same_two_names_place_nobody() -> None:
    town, _, _ = a_couple_elsewhere(filler=1000)
    town.settled(OTHER_MAN, 400, "birth_family_support", "father")
    town.settled(WOMAN, 400, "birth_family_support", "mother")
    assert town.places() == {}


def test_a_contact_is_who_has_the_name_and_the_telephone() -> None:
    town = Town()
    town.settled(CHILD, RECORD_OF_CHILD, "household_registration", "holder")
    town.settled(MAN, 500, "medical_insurance", "holder", phone="19900000001")
    town.settled(WOMAN, 501, "medical_insurance", "holder", phone="19900000001")
    contact = town.unplaced("contact", NAMES[MAN], phone="19900000001")
    assert town.places() == {contact: MAN}


def test_two_of_one_name_with_the_telephone_leave_the_contact_alone() -> None:
    town = Town()
    town.settled(CHILD, RECORD_OF_CHILD, "household_registration", "holder")
    town.settled(MAN, 500, "medical_insurance", "holder", phone="19900000001")
    town.settled(OTHER_MAN, 501, "medical_insurance", "holder", phone="19900000001")
    town.unplaced("contact", NAMES[MAN], phone="19900000001")
    assert town.places() == {}


@pytest.mark.parametrize(("role", "found"), [("contact", MAN), ("guardian", OTHER_MAN)])
def test_a_telephone_takes_a_contact_away_from_kin_of_the_same_name_and_nobody_else(role: str, found: int) -> None:
    town = Town()
    town.settled(CHILD, RECORD_OF_CHILD, "household_registration", "holder")
    town.settled(MAN, 500, "medical_insurance", "holder", phone="19900000001")
    relative = town.unplaced(role, NAMES[MAN], phone="19900000001")
    town.con.execute("INSERT INTO placed VALUES (?, ?)", [relative, OTHER_MAN])
    assert town.places() == {relative: found}
