"""The access matrix: every role against every attribute, class, feed and command. What must come out is read from the YAML files of the
dictionary here once more, not asked of the policy."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from sources import catalogue
from warehouse.access import CITY, Grant, Request, Role, decide
from warehouse.access.recipients import RECIPIENTS, Scope
from warehouse.access.rules import COMMANDS, ORGANISATIONS

FOLDER = Path(catalogue.__file__).parent
STATED: dict[str, Any] = yaml.safe_load((FOLDER / "attributes.yaml").read_text(encoding="utf-8"))
FEEDS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "feeds.yaml").read_text(encoding="utf-8"))["feeds"]
CLASSES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "classes.yaml").read_text(encoding="utf-8"))["classes"]
PURPOSES = {one["name"]: one for one in STATED["purposes"]}
ATTRIBUTES = {one["name"]: one for one in STATED["attributes"]}
DEPARTMENTS = ("public_security", "housing_fund", "human_resources", "civil_affairs", "health", "justice", "family_planning", "education")
HOLDERS = (*DEPARTMENTS, *ORGANISATIONS)
GRID, NEIGHBOUR = "421002001001001", "421002001001002"
AREAS = {Role.GRID_WORKER: GRID, Role.COMMUNITY_CLERK: GRID[:12], Role.HEALTH_CENTRE: GRID[:9]}


def holds(holder: str, purpose: str) -> bool:
    """By the words of `holder` in attributes.yaml."""
    words = PURPOSES[purpose]["holder"]
    if holder == "grid_service_centre":
        return bool(words.startswith("grid service centre"))
    if holder == "fire_rescue":
        return bool(words == "fire rescue service")
    return holder in [part.strip() for part in words.split(",")]


def may_state(role: Role, holder: str, purpose: str) -> bool:
    """Which role speaks for a holder: counts are for analysts, records for the stewards of their department, rows for who serves."""
    words, grain = PURPOSES[purpose]["holder"], PURPOSES[purpose]["granularity"]
    if words.startswith("data stewards of each department"):
        return (role is Role.STEWARD and holder in DEPARTMENTS) or (role in (Role.REVIEWER, Role.AUDITOR) and holder == "every_department")
    if not holds(holder, purpose):
        return False
    serving = {Role.CASE_WORKER: HOLDERS, Role.GRID_WORKER: ("grid_service_centre",), Role.HEALTH_CENTRE: ("health",),
               Role.COMMUNITY_CLERK: ("civil_affairs", "family_planning", "grid_service_centre")}
    return (role is Role.ANALYST and grain == "aggregate") or (grain == "row" and holder in serving.get(role, ()))


def a_grant(role: Role, holder: str, *purposes: str, area: str | None = None) -> Grant:
    return Grant(role, holder, (area or AREAS.get(role, CITY),), purposes, "P1" if role is Role.RESIDENT else None)


READING = (Role.CASE_WORKER, Role.STEWARD, Role.GRID_WORKER, Role.COMMUNITY_CLERK, Role.HEALTH_CENTRE)


@pytest.mark.parametrize("role", list(Role))
def test_every_attribute(role: Role) -> None:
    """Rows by `profile` and counts by `query`, for every holder and purpose."""
    wrong = []
    for holder, purpose, name in product(HOLDERS, PURPOSES, ATTRIBUTES):
        listed = purpose in ATTRIBUTES[name]["purposes"] and may_state(role, holder, purpose)
        grants = [a_grant(role, holder, purpose)]
        rows = decide(grants, Request("profile", purpose, (name,), rows=True)).allowed
        counts = decide(grants, Request("query", purpose, (name,))).allowed
        if rows != (listed and role in READING) or counts != (listed and (role in READING or role is Role.ANALYST)):
            wrong.append((holder, purpose, name, rows, counts))
    assert wrong == []


def test_restricted_attributes_are_read_by_one_department_only() -> None:
    restricted = {name: one for name, one in ATTRIBUTES.items() if one["sensitivity"] == "restricted"}
    assert len(restricted) == 8
    readers: dict[str, set[str]] = {name: set() for name in restricted}
    for role, holder, purpose, name in product(Role, HOLDERS, PURPOSES, restricted):
        if decide([a_grant(role, holder, purpose)], Request("query", purpose, (name,), rows=True)).allowed:
            readers[name].add(holder)
    assert readers == {name: {"justice" if "legal_service" in one["purposes"] else "health"} for name, one in restricted.items()}


@pytest.mark.parametrize("role", list(Role))
def test_every_class(role: Role) -> None:
    """A leaf needs its own attribute (clarification 34): the one it names, else for the place all levels down to the one of its code."""
    wrong = []
    for holder, purpose, klass in product(HOLDERS, PURPOSES, CLASSES):
        leaf = klass["example"]
        needed = (leaf.get("attribute") or klass["attributes"][0],)
        listed = all(purpose in ATTRIBUTES[name]["purposes"] for name in needed) and may_state(role, holder, purpose)
        allowed = decide([a_grant(role, holder, purpose)], Request("query", purpose, needed)).allowed
        if allowed != (listed and (role in READING or role is Role.ANALYST)):
            wrong.append((holder, purpose, klass["name"]))
    assert wrong == []


def test_statistics_never_answer_with_rows() -> None:
    for role, holder, command in product(Role, HOLDERS, COMMANDS):
        request = Request(command, "statistics", ("age",), rows=True)
        assert not decide([a_grant(role, holder, "statistics")], request).allowed, (role, holder, command)


def test_a_grant_with_a_purpose_too_many_opens_nothing_at_all() -> None:
    wide = Grant(Role.CASE_WORKER, "civil_affairs", (CITY,), ("elderly_care", "public_health"))
    assert not decide([wide], Request("query", "elderly_care", ("name",))).allowed


COMMANDS_OF: dict[frozenset[Role], str] = {
    frozenset({*READING, Role.ANALYST}): "query, area",
    frozenset(READING): "profile, house, household, residence",
    frozenset({Role.REVIEWER}): "explain, person history, review next, review export, review list, review conflicts, review decide, "
                                "review import",
    frozenset({Role.AUDITOR}): "audit show, audit summary",
    frozenset({Role.STEWARD}): "alerts, alerts decide, changes, changes decide, subject requests, subject answer",
    frozenset({Role.STEWARD, Role.SERVICE}): "alerts import, changes import",
    frozenset({Role.AUDITOR, Role.RESIDENT}): "subject report, subject correct, subject restrict",
    frozenset({Role.OPERATOR}): "export, users, run, evaluate, snapshots, model, ui, serve, boundaries load, boundaries check, "
                                "feeds build, outbox send",
    frozenset({Role.OPERATOR, Role.STEWARD}): "outbox",
    frozenset({Role.OPERATOR, Role.STEWARD, Role.AUDITOR}): "alerts summary",
    frozenset({Role.GRID_WORKER, Role.CASE_WORKER}): "visits submit, visits results",
    frozenset(set(Role) - {Role.RESIDENT}): "organisation, address, boundaries export",
    frozenset(Role): "feeds",
}
BY_COMMAND = {command: roles for roles, commands in COMMANDS_OF.items() for command in commands.split(", ")}
"""Written down from the issue and clarification 54; export and accounts belong to the operator alone."""


def test_every_declared_command_is_expected_here() -> None:
    assert set(COMMANDS) == set(BY_COMMAND)


@pytest.mark.parametrize("command", sorted(BY_COMMAND))
def test_every_command(command: str) -> None:
    allowed = set()
    for role, holder in product(Role, HOLDERS):
        purposes = [name for name in PURPOSES if may_state(role, holder, name)]
        own = role is Role.OPERATOR and holder == "operator"
        for purpose in purposes or [""]:
            department = holder if holder in DEPARTMENTS else None
            request = Request(command, purpose, department=department, person_id="P1")
            if decide([a_grant(role, holder, *purposes)], request).allowed:
                allowed.add(role)
                assert own or role is not Role.OPERATOR
    assert allowed == BY_COMMAND[command]


def test_export_is_the_operators_alone() -> None:
    able = {(role, holder) for role, holder in product(Role, HOLDERS) if decide([a_grant(role, holder)], Request("export")).allowed}
    assert able == {(Role.OPERATOR, "operator")}


@pytest.mark.parametrize("command", ["alerts", "changes", "subject answer"])
def test_a_steward_works_on_the_own_department_only(command: str) -> None:
    for own, asked in product(DEPARTMENTS, [*DEPARTMENTS, None]):
        allowed = decide([a_grant(Role.STEWARD, own, "data_quality")], Request(command, department=asked)).allowed
        assert allowed == (own == asked), (own, asked)


def test_nothing_is_allowed_without_grants_or_declaration() -> None:
    everything = [a_grant(role, holder, *(name for name in PURPOSES if may_state(role, holder, name)))
                  for role, holder in product(Role, HOLDERS)]
    for command in [*COMMANDS, "unheard of", ""]:
        assert not decide([], Request(command, "elderly_care")).allowed
    assert not decide(everything, Request("unheard of")).allowed
    assert not decide(everything, Request("query", "curiosity")).allowed
    assert not decide(everything, Request("query")).allowed
    assert not decide(everything, Request("feeds", feed="unheard_of")).allowed


# Areas and departments: the limits that go into the SQL


@pytest.mark.parametrize(("role", "area", "inside", "outside"), [
    pytest.param(Role.GRID_WORKER, GRID, GRID, NEIGHBOUR, id="own grid, neighbour grid"),
    pytest.param(Role.COMMUNITY_CLERK, GRID[:12], NEIGHBOUR, "421002001002001", id="own community, another"),
    pytest.param(Role.CASE_WORKER, GRID[:6], GRID[:9], "421003001", id="own county unit, another"),
])
def test_areas(role: Role, area: str, inside: str, outside: str) -> None:
    grants = [a_grant(role, "grid_service_centre", "grid_service", area=area)]
    assert decide(grants, Request("area", "grid_service", areas=(inside,))).areas == (area,)
    assert not decide(grants, Request("area", "grid_service", areas=(outside,))).allowed
    assert not decide(grants, Request("area", "grid_service", areas=(area[:-3],))).allowed
    assert decide(grants, Request("query", "grid_service")).areas == (area,)


def test_limits_of_several_grants_add_up_and_the_whole_city_has_none() -> None:
    both = [a_grant(Role.GRID_WORKER, "grid_service_centre", "grid_service", area=area) for area in (NEIGHBOUR, GRID)]
    assert decide(both, Request("query", "grid_service")).areas == (GRID, NEIGHBOUR)
    city = a_grant(Role.CASE_WORKER, "grid_service_centre", "grid_service")
    assert decide([*both, city], Request("query", "grid_service")).areas == ()


def test_a_limit_of_one_purpose_does_not_widen_another() -> None:
    grants = [a_grant(Role.GRID_WORKER, "grid_service_centre", "grid_service"), a_grant(Role.CASE_WORKER, "civil_affairs", "elderly_care")]
    assert decide(grants, Request("query", "grid_service")).areas == (GRID,)
    assert decide(grants, Request("query", "elderly_care")).areas == ()


def test_stewards_see_the_persons_of_their_own_records() -> None:
    health, justice = (a_grant(Role.STEWARD, one, "data_quality") for one in ("health", "justice"))
    assert decide([health], Request("query", "data_quality")).departments == ("health",)
    assert decide([health, justice], Request("query", "data_quality")).departments == ("health", "justice")
    every = [a_grant(Role.STEWARD, one, "data_quality") for one in DEPARTMENTS]
    assert decide(every, Request("query", "data_quality")).departments == ()


# Feeds: the sentences of feeds.yaml


WORDS: dict[str, tuple[tuple[Role, str], ...]] = {
    "grid worker": ((Role.GRID_WORKER, "grid_service_centre"),),
    "appeals centre": ((Role.SERVICE, "appeals_centre"),),
    "civil affairs bureau": ((Role.CASE_WORKER, "civil_affairs"), (Role.SERVICE, "civil_affairs")),
    "the community responsible": tuple((Role.COMMUNITY_CLERK, one) for one in ("civil_affairs", "family_planning", "grid_service_centre")),
    "the resident, after": ((Role.RESIDENT, "resident"),),
    "community clerk": tuple((Role.COMMUNITY_CLERK, one) for one in ("civil_affairs", "family_planning", "grid_service_centre")),
    "employment service": ((Role.CASE_WORKER, "human_resources"), (Role.SERVICE, "human_resources")),
    "fire rescue service": ((Role.CASE_WORKER, "fire_rescue"), (Role.SERVICE, "fire_rescue")),
    "housing fund centre": ((Role.CASE_WORKER, "housing_fund"), (Role.SERVICE, "housing_fund")),
    "health bureau of Songzi": ((Role.CASE_WORKER, "health"), (Role.SERVICE, "health")),
    "each health centre": ((Role.HEALTH_CENTRE, "health"),),
    "committee in Jianli": tuple((Role.COMMUNITY_CLERK, one) for one in ("civil_affairs", "family_planning", "grid_service_centre")),
    "market supervision": ((Role.SERVICE, "market_supervision"),),
    "sub-district and community": (*((Role.COMMUNITY_CLERK, one) for one in ("civil_affairs", "family_planning", "grid_service_centre")),
                                   (Role.SERVICE, "subdistrict_office")),
    "each of the eight departments": tuple((role, one) for role in (Role.STEWARD, Role.SERVICE) for one in DEPARTMENTS),
}
"""What the words of `recipient` say, by role and holder."""
PLACES = {"Songzi": "421087", "Jianli": "421088"}


def area_of(role: Role, feed: dict[str, Any]) -> str:
    """An area the role can have, inside the place that the recipient names."""
    place = next((code for name, code in PLACES.items() if name in feed["recipient"]), "421002")
    digits = {Role.GRID_WORKER: 15, Role.COMMUNITY_CLERK: 12, Role.HEALTH_CENTRE: 9}.get(role, 6 if place != "421002" else 0)
    return (place + "001001001")[:digits] if digits else CITY


def expected_recipients(feed: dict[str, Any]) -> set[tuple[Role, str]]:
    return {one for words, named in WORDS.items() if words in feed["recipient"] for one in named}


@pytest.mark.parametrize("feed", FEEDS, ids=[one["module"] for one in FEEDS])
def test_every_feed(feed: dict[str, Any]) -> None:
    wanted = expected_recipients(feed)
    public = "public" in feed["recipient"]
    assert wanted or public
    for role, holder in product(Role, HOLDERS):
        area = area_of(role, feed)
        purposes = [name for name in PURPOSES if may_state(role, holder, name)]
        grant = Grant(role, holder, (area,), tuple(purposes), "P1" if role is Role.RESIDENT else None)
        decision = decide([grant], Request("feeds", feed["purpose"], feed=feed["module"], person_id="P1"))
        exists = decide([grant], Request("feeds", person_id="P1")).allowed  # a role that this holder can have at all
        assert decision.allowed == (exists and (public or (role, holder) in wanted)), (role, holder)
        if decision.allowed and not public:
            assert limits_fit(feed, role, decision.areas, decision.departments, decision.person_id), (role, holder, decision)


def limits_fit(feed: dict[str, Any], role: Role, areas: tuple[str, ...], departments: tuple[str, ...], person: str | None) -> bool:
    """What row_scope says of this role, and no more."""
    said = str(feed.get("row_scope"))
    if said.startswith("person_id equals"):
        return person == "P1"
    if said.startswith("persons with at least one open alert"):
        return len(departments) == 1
    own = {Role.GRID_WORKER: "residence_grid", Role.COMMUNITY_CLERK: "residence_community", Role.HEALTH_CENTRE: "residence_township"}
    if own.get(role, "-") in said or "list of consents" in said:
        return areas == (area_of(role, feed),)
    return areas in ((), (area_of(role, feed),))


def test_feeds_of_a_place_are_closed_to_other_places() -> None:
    centre = [a_grant(Role.HEALTH_CENTRE, "health", "public_health", area="421002001")]
    assert not decide(centre, Request("feeds", "public_health", feed="songzi_medication_support")).allowed
    clerk = [a_grant(Role.COMMUNITY_CLERK, "grid_service_centre", "grid_service")]
    assert not decide(clerk, Request("feeds", "grid_service", feed="jianli_mutual_aid")).allowed
    city = [a_grant(Role.CASE_WORKER, "health", "public_health")]
    assert not decide(city, Request("feeds", "public_health", feed="songzi_medication_support")).allowed


def test_an_office_of_a_county_unit_gets_the_rows_of_that_unit() -> None:
    office = [a_grant(Role.CASE_WORKER, "civil_affairs", "elderly_care", area="421003")]
    assert decide(office, Request("feeds", "elderly_care", feed="aixin_one_touch")).areas == ("421003",)


def test_variants_of_the_house_lookup() -> None:
    (feed,) = [one for one in FEEDS if one["module"] == "house_lookup"]
    holders = {"human resources": "human_resources", "people's procuratorate": "procuratorate"}
    for variant in feed["variants"]:
        named = next(holder for words, holder in holders.items() if variant["recipient"].startswith(words))
        for holder in HOLDERS:
            request = Request("feeds", variant["purpose"], feed="house_lookup")
            assert decide([a_grant(Role.SERVICE, holder)], request).allowed == (holder == named), (variant["purpose"], holder)
    assert {one.scope for one in RECIPIENTS["house_lookup"] if one.variant == "legal_service"} == {Scope.YES_NO}


def test_a_resident_reads_the_own_person_only() -> None:
    resident = [Grant(Role.RESIDENT, "resident", (CITY,), (), "P1")]
    for command in ("subject report", "subject correct", "subject restrict"):
        assert decide(resident, Request(command, person_id="P1")).person_id == "P1"
        assert not decide(resident, Request(command, person_id="P2")).allowed
        assert not decide(resident, Request(command)).allowed
    assert not decide(resident, Request("feeds", "social_insurance", feed="community_self_service", person_id="P2")).allowed


def test_every_feed_has_recipients() -> None:
    assert set(RECIPIENTS) == {one["module"] for one in FEEDS}
