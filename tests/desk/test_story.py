"""A story in five deliveries: an allowance is paid to a dead person; the department learns of it, answers, corrects, and the run sees it.

Everything goes the way of a real run: files with manifests, landed, judged, kept in histories; profiles, checks, the book of alerts, the
outbox, and answers by the returned file. Only the linkage is left out: all records carry one number.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from pipelines import stages
from sources.catalogue import load_catalogue
from sources.ledger import create_tables
from sources.tables import SHARED_TABLES, category_tables, create_table
from tests.sources.delivered import as_csv, csv_lines, deliver
from warehouse import cross_checks, profile
from warehouse.alerts import lifecycle
from warehouse.alerts.lifecycle import Standing
from warehouse.alerts.recording import Recorded, record_run
from warehouse.alerts.states import Cause, State
from warehouse.office.sealing import derived_key
from warehouse.outbox.answers import TITLES, bring
from warehouse.outbox.queueing import enqueue
from warehouse.outbox.returned import Fate
from warehouse.outbox.sending import send
from warehouse.store import open_working

ALERT, VERSION, ANSWERED, REASON = *TITLES.needed, TITLES.reason
REGISTER, ALLOWANCE, DEPARTMENT = "household_registration", "elderly_disability_benefits", "civil_affairs"
NUMBER = "421099193803121223"
NOW = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
DEAD = {"record_no": "HR1", "household_no": "H1", "household_type": "1", "relation_to_head": "02", "name": "陈秀英", "sex": "2",
        "birth_date": "19380312", "id_number": NUMBER, "status": "1", "cancel_date": "20250110", "updated_at": "20250112093000"}
PAID = {"benefit_no": "GL1", "benefit_type": "高龄津贴", "name": "陈秀英", "id_number": NUMBER, "sex": "女", "birth_date": "1938/3/12",
        "status": "正常发放", "start_date": "2018/4/1", "last_paid_month": "2025/5", "updated_on": "2025/5/20"}


@contextmanager
def working(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_working(home) as con:
        create_tables(con)
        for contract in load_catalogue().contracts.values():
            for name, columns in category_tables(contract).items():
                con.execute(create_table(name, columns))
        for name, columns in SHARED_TABLES.items():
            con.execute(create_table(name, columns))
        yield con


def run(home: Path, deliveries: Path, until: str) -> Recorded:
    """One run over what has been delivered until a day."""
    day = date.fromisoformat(until)
    with working(home) as con:
        for category in (REGISTER, ALLOWANCE):
            contract = load_catalogue().contracts[category]
            landed = stages.land(con, contract, deliveries, day)
            assert landed.refusals == []
            stages.accept(con, contract, home)
            stages.apply_history(con, contract)
            stages.materialise_current(con, contract, day)
        con.execute("DELETE FROM mention_person")
        for category in (REGISTER, ALLOWANCE):
            con.execute(f"""INSERT INTO mention_person BY NAME SELECT record_id, '{category}' AS category, natural_key, 'holder' AS role,
                                                                     true AS subject, 'P1' AS person_id FROM current_{category}""")
        con.execute("CREATE OR REPLACE TABLE everybody AS SELECT 'P1' AS person_id, 'open' AS known_from, 1.0 AS match_confidence")
        reference = stages.as_of(con, day)
        profile.build(con, reference)
        cross_checks.evaluate(con, reference, derived_key(home, "alert"))
        recorded = record_run(con, home, reference, f"run of {until}", now=NOW)
        enqueue(con, home, reference, f"run of {until}")
        send(con, home, user="onegrid", now=NOW)
    return recorded


def delivered(root: Path, category: str, day: str, row: dict[str, str], kind: str = "delta") -> None:
    deliver(root, category, day, as_csv(category, csv_lines(category, [row])), 1, kind=kind)


def folder(home: Path, number: int) -> Path:
    return sorted((home / "outbox" / DEPARTMENT).glob("[!.]*"))[number]


def returned(home: Path, number: int, answer: str, reason: str = "") -> list[Fate]:
    """The department fills in the newest file and sends it back."""
    with (folder(home, number) / "alerts.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    kept = [[row[header.index(title)] for title in (ALERT, VERSION)] + [answer, reason] for row in rows]
    back = home / f"back-{number}-{answer}.csv"
    with back.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([[ALERT, VERSION, ANSWERED, REASON], *kept])
    return [line.fate for line in bring(home, back, DEPARTMENT, "lin", now=NOW)]


def standing(home: Path) -> Standing:
    (one,) = [one for one in lifecycle.standings(home, DEPARTMENT).values() if one.check == "deceased_allowance_paid"]
    return one


def test_an_alert_opens_is_answered_corrected_closed_and_returns(office_home: Path, tmp_path: Path) -> None:
    deliveries, home = tmp_path / "deliveries", office_home
    delivered(deliveries, REGISTER, "2025-01-12", DEAD, "full")
    delivered(deliveries, ALLOWANCE, "2025-05-20", PAID, "full")

    assert run(home, deliveries, "2025-05-20") == Recorded(found=1, opened=1)
    first = standing(home)
    told = json.loads((folder(home, 0) / "alerts.jsonl").read_text(encoding="utf-8"))
    assert told["own_records"] == [f"{ALLOWANCE} GL1"]
    assert told["evidence"]["household_registration.cancel_date"] == "2025-01-10"

    assert run(home, deliveries, "2025-05-20") == Recorded(found=1)  # a second run raises no duplicate
    assert len(list((home / "outbox" / DEPARTMENT).glob("[!.]*"))) == 1

    assert returned(home, 0, "已更正") == [Fate.APPLIED]
    assert returned(home, 0, "已更正") == [Fate.UNCHANGED]
    assert standing(home).state is State.CORRECTED

    delivered(deliveries, ALLOWANCE, "2025-06-08", PAID | {"status": "停止发放", "stop_date": "2025/5/31", "updated_on": "2025/6/3",
                                                           "change_type": "停发"})
    assert run(home, deliveries, "2025-06-08") == Recorded(found=0, closed=1)  # by itself
    assert standing(home).state is State.CLOSED
    assert json.loads((folder(home, 1) / "alerts.jsonl").read_text(encoding="utf-8"))["event"] == "已消除"

    delivered(deliveries, ALLOWANCE, "2025-07-08", PAID | {"last_paid_month": "2025/6", "updated_on": "2025/7/1", "change_type": "变更"})
    assert run(home, deliveries, "2025-07-08") == Recorded(found=1, reopened=1)
    again = standing(home)
    assert (again.alert_id, again.state, again.opened_on) == (first.alert_id, State.OPEN, date(2025, 7, 8))

    assert returned(home, 2, "不属实", "户籍注销有误,本人健在") == [Fate.APPLIED]
    delivered(deliveries, ALLOWANCE, "2025-08-08", PAID | {"last_paid_month": "2025/6", "updated_on": "2025/8/1", "phone": "19900000001",
                                                           "change_type": "变更"})
    assert run(home, deliveries, "2025-08-08") == Recorded(found=1)  # quiet: nothing that the check looks at has changed
    delivered(deliveries, ALLOWANCE, "2025-09-08", PAID | {"last_paid_month": "2025/8", "updated_on": "2025/9/1", "change_type": "变更"})
    assert run(home, deliveries, "2025-09-08") == Recorded(found=1, reopened=1)
    causes = [one.cause for one in lifecycle.history(home, first.alert_id, DEPARTMENT)]
    assert causes == [Cause.FOUND, Cause.ANSWERED, Cause.GONE, Cause.RETURNED, Cause.ANSWERED, Cause.FACTS]
    assert len({json.loads(line)["message_id"] for file in (home / "outbox" / DEPARTMENT).glob("[!.]*/alerts.jsonl")
                for line in file.read_text(encoding="utf-8").splitlines()}) == 4
