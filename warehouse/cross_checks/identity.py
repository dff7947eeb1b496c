"""Checks about ID numbers, birth dates and sex (clarifications 4, 10, 36, 39, 51).

Which numbers belong to somebody else is decided in warehouse/numbers.py, because the profile needs it too.
"""

from __future__ import annotations

from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract, PersonRole
from sources.tables import literal, quoted
from warehouse.cross_checks.rule import Rule, together
from warehouse.cross_checks.views import check_digit_is_wrong

VALID = "('valid', 'valid_15')"


def _role_of(category: str, column: str) -> tuple[Contract, PersonRole]:
    contract = load_catalogue().contracts[category]
    return contract, next(role for role in contract.person_roles if column in {role.id_number, role.birth_date, role.sex})


def _identity_card(role: PersonRole) -> str:
    """Numbers of other documents are not ID numbers; without a type column every number is one."""
    return f"coalesce(r.{quoted(role.id_type)}, '111') = '111'" if role.id_type else "true"


def _number_columns(check: str) -> list[tuple[Contract, PersonRole]]:
    columns = [column.split(".") for column in load_catalogue().checks[check].columns]
    return [_role_of(category, column) for category, column in columns
            if load_catalogue().contracts[category].column(column).type == "id_number"]


def _inside_one_record(check: str, condition: str, detail: str = "NULL::VARCHAR") -> str:
    """One alert per record and role; `{number}`, `{birth}`, `{sex}` stand for the columns of the role."""
    parts = []
    for contract, role in _number_columns(check):
        names = {"number": f"r.{quoted(role.id_number or '')}", "state": f"r.{quoted((role.id_number or '') + '_state')}",
                 "birth": f"r.{quoted(role.birth_date)}" if role.birth_date else "NULL::DATE",
                 "sex": f"r.{quoted(role.sex)}" if role.sex else "NULL::VARCHAR"}
        parts.append(f"""
            SELECT mentions.person_id, NULL::VARCHAR AS subject_key, {literal(role.role + '|')} || r.record_id AS alert_group, r.record_id,
                   {detail.format(**names)} AS detail
            FROM {quoted('current_' + contract.category)} AS r
            LEFT JOIN mention_person AS mentions ON mentions.record_id = r.record_id AND mentions.role = {literal(role.role)}
            WHERE {condition.format(**names)} AND {_identity_card(role)}""")
    return " UNION ALL ".join(parts)


def id_birth_date_contradiction() -> str:
    """Class lunar when the two dates lie 15 to 55 days apart."""
    date_part = "try_strptime(substr({number}, 7, 8), '%Y%m%d')::DATE"
    return _inside_one_record(
        "id_birth_date_contradiction", f"{{state}} IN {VALID} AND {{birth}} <> {date_part}",
        f"CASE WHEN abs({{birth}} - {date_part}) BETWEEN 15 AND 55 THEN 'lunar' ELSE 'other' END")


def id_sex_contradiction() -> str:
    return _inside_one_record(
        "id_sex_contradiction",
        f"{{state}} IN {VALID} AND {{sex}} IN ('1', '2') AND (substr({{number}}, 17, 1)::INT % 2 = 1) <> ({{sex}} = '1')")


def id_check_digit() -> str:
    return _inside_one_record("id_check_digit", "{state} = 'invalid' AND " + check_digit_is_wrong("{number}").replace("{17}", "{{17}}"))


def _conflict(check: str) -> str:
    return f"""
        SELECT CASE WHEN {literal(check)} = 'id_two_people' THEN holder.person_id ELSE found.person_id END AS person_id,
               CASE WHEN {literal(check)} = 'id_two_people' THEN 'value|number|' || found.id_number END AS subject_key,
               CASE WHEN {literal(check)} = 'id_two_people' THEN '' ELSE found.record_id::VARCHAR END AS alert_group,
               found.record_id, NULL::VARCHAR AS detail
        FROM number_conflict AS found
        LEFT JOIN (SELECT id_number, min(person_id) AS person_id FROM number_conflict
                   WHERE "check" = 'id_two_people' AND holder GROUP BY id_number) AS holder USING (id_number)
        WHERE found."check" = {literal(check)}"""


def id_two_people() -> str:
    return _conflict("id_two_people")


def guardian_number_on_child() -> str:
    return _conflict("guardian_number_on_child")


def person_two_ids() -> str:
    """The registration record and each insurance record with another valid number; numbers of somebody else do not count."""
    return together(f"""
        WITH owned AS (
            SELECT r.person_id, r.record_id, r.id_number, r.source
            FROM (SELECT person_id, record_id, id_number, id_number_state, 'HR' AS source FROM check_hr
                  UNION ALL
                  SELECT person_id, record_id, id_number, id_number_state, 'insurance' FROM check_pension_insurance WHERE role = 'holder'
                  UNION ALL
                  SELECT person_id, record_id, id_number, id_number_state, 'insurance' FROM check_medical_insurance
                  WHERE role = 'holder') AS r
            ANTI JOIN disowned_number AS disowned ON disowned.record_id = r.record_id AND disowned.id_number = r.id_number
            WHERE r.id_number_state IN {VALID}
        ),
        pairs AS (
            SELECT hr.person_id, hr.record_id AS registration, other.record_id AS insurance
            FROM owned AS hr JOIN owned AS other ON other.person_id = hr.person_id AND other.id_number <> hr.id_number
            WHERE hr.source = 'HR' AND other.source = 'insurance'
        )
        SELECT person_id, registration AS record_id FROM pairs UNION ALL SELECT person_id, insurance FROM pairs""")


def birth_date_conflict() -> str:
    """Records whose birth date is not the surviving one, unless the record contradicts itself already; one alert per record."""
    columns = [column.split(".") for column in load_catalogue().checks["birth_date_conflict"].columns]
    stated = " UNION ALL ".join(f"SELECT person_id, record_id, {quoted(column)} AS birth_date FROM check_{category} WHERE role = 'holder'"
                                for category, column in columns)
    return f"""
        SELECT stated.person_id, NULL::VARCHAR AS subject_key, stated.record_id::VARCHAR AS alert_group, stated.record_id,
               NULL::VARCHAR AS detail
        FROM ({stated}) AS stated
        JOIN attr_birth_date AS surviving USING (person_id)
        WHERE stated.birth_date <> surviving.value
          AND stated.record_id NOT IN (SELECT record_id FROM ({id_birth_date_contradiction()}))"""


RULES = tuple(Rule(query.__name__, query) for query in (
    id_two_people, person_two_ids, id_birth_date_contradiction, id_sex_contradiction, id_check_digit, guardian_number_on_child,
    birth_date_conflict))
