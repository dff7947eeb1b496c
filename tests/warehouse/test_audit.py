"""The audit log: every change of the file is found, two writers at once, a kill in the middle, no entry no answer."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse import audit
from warehouse.audit import AuditProblem, Fault, Look, Outcome
from warehouse.keys import VARIABLE, ensure_key

NOW = datetime(2025, 6, 1, 8, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
NEVER = "沙市区中山街道不存在路99号"


def look(number: int, **stated: object) -> Look:
    values = {"user": "grid-7", "purpose": "grid_service", "command": "house", "asked": f"42100200100100{number:05d}",
              "outcome": Outcome.ANSWERED, "persons": (f"P{number:011d}", "P00000000099"), "rows": 2} | stated  # fmt: skip
    return Look(**values)  # type: ignore[arg-type]


def fill(home: Path, count: int) -> None:
    for number in range(count):
        audit.record(home, look(number), now=NOW + timedelta(seconds=number))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = tmp_path / "home"
    ensure_key(folder)
    return folder


def log(home: Path) -> Path:
    return home / audit.LOG_FILE


def faults(home: Path, since: str | None = None) -> set[Fault]:
    return {finding.fault for finding in audit.verify(home, since=since).findings}


def test_entries_come_back_in_order_and_form_a_whole_chain(home: Path) -> None:
    fill(home, 5)
    found = audit.entries(home)
    assert [entry.sequence for entry in found] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in found] == [audit.ORIGIN, *(entry.hash for entry in found[:-1])]
    assert audit.verify(home) == audit.Verdict(5, found[-1].hash, 0, ())
    assert found[2].time == "2025-06-01T08:30:02.000+00:00"
    assert [entry.sequence for entry in audit.entries(home, person="P00000000003")] == [4]
    assert audit.entries(home, user="nobody") == []


def test_files_are_for_the_owner_only(home: Path) -> None:
    fill(home, 1)
    for name in (audit.LOG_FILE, audit.HEAD_FILE, audit.LOCK_FILE):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600


def test_an_unused_home_has_an_empty_log(home: Path) -> None:
    assert audit.verify(home) == audit.Verdict(0, audit.ORIGIN, 0, ())


def _change(lines: list[bytes]) -> None:
    lines[1] = lines[1].replace(b"grid-7", b"grid-8")


def _leave_out_person(lines: list[bytes]) -> None:
    lines[1] = lines[1].replace(b'"P00000000001",', b"")


def _drop(lines: list[bytes]) -> None:
    del lines[1]


def _drop_first(lines: list[bytes]) -> None:
    del lines[0]


def _swap(lines: list[bytes]) -> None:
    lines[1], lines[2] = lines[2], lines[1]


def _repeat(lines: list[bytes]) -> None:
    lines.insert(2, lines[1])


def _garble(lines: list[bytes]) -> None:
    lines[1] = lines[1][:40]


def _cut(lines: list[bytes]) -> None:
    del lines[-1]


def _empty(lines: list[bytes]) -> None:
    lines.clear()


@pytest.mark.parametrize(("tamper", "fault"), [
    pytest.param(_change, Fault.CHANGED, id="another-user"),
    pytest.param(_leave_out_person, Fault.CHANGED, id="a-person-left-out"),
    pytest.param(_drop, Fault.MISSING, id="an-entry-missing"),
    pytest.param(_drop_first, Fault.MISSING, id="the-first-missing"),
    pytest.param(_swap, Fault.REORDERED, id="two-exchanged"),
    pytest.param(_repeat, Fault.REORDERED, id="one-twice"),
    pytest.param(_garble, Fault.UNREADABLE, id="a-line-unreadable"),
    pytest.param(_cut, Fault.CUT, id="the-last-cut-off"),
    pytest.param(_empty, Fault.CUT, id="everything-cut-off"),
])  # fmt: skip
def test_each_kind_of_tampering_is_found_and_named(home: Path, tamper: object, fault: Fault) -> None:
    fill(home, 5)
    lines = log(home).read_bytes().splitlines(keepends=True)
    assert callable(tamper)
    tamper(lines)
    log(home).write_bytes(b"".join(lines))
    assert fault in faults(home)
    with pytest.raises(AuditProblem):
        audit.entries(home)


@pytest.mark.parametrize("tamper", [_cut, _empty], ids=["last", "all"])
def test_nothing_is_added_to_a_log_that_was_cut(home: Path, tamper: object) -> None:
    fill(home, 3)
    lines = log(home).read_bytes().splitlines(keepends=True)
    assert callable(tamper)
    tamper(lines)
    log(home).write_bytes(b"".join(lines))
    before = log(home).read_bytes()
    with pytest.raises(AuditProblem, match="not what was written"):
        audit.record(home, look(9), now=NOW)
    assert log(home).read_bytes() == before


@pytest.mark.parametrize("spoil", [
    pytest.param(lambda head: head.unlink(), id="removed"),
    pytest.param(lambda head: head.write_text("{}"), id="emptied"),
    pytest.param(lambda head: head.write_text(head.read_text().replace('"sequence":3', '"sequence":2')), id="set-back"),
])  # fmt: skip
def test_a_spoiled_head_is_found(home: Path, spoil: object) -> None:
    fill(home, 3)
    assert callable(spoil)
    spoil(home / audit.HEAD_FILE)
    assert faults(home) == {Fault.HEAD}
    with pytest.raises(AuditProblem):
        audit.record(home, look(9), now=NOW)


def test_a_head_of_long_ago_is_found(home: Path) -> None:
    fill(home, 2)
    old = (home / audit.HEAD_FILE).read_bytes()
    fill(home, 2)
    (home / audit.HEAD_FILE).write_bytes(old)
    assert faults(home) == {Fault.HEAD}


def test_log_and_head_put_back_together_are_found_by_a_noted_hash(home: Path) -> None:
    fill(home, 2)
    old = log(home).read_bytes(), (home / audit.HEAD_FILE).read_bytes()
    fill(home, 1)
    noted = audit.verify(home).newest
    assert faults(home, noted) == set()
    log(home).write_bytes(old[0])
    (home / audit.HEAD_FILE).write_bytes(old[1])
    assert faults(home) == set()  # the limit that the module states
    assert faults(home, noted) == {Fault.CUT}


def test_another_key_makes_another_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home, 2)
    monkeypatch.setenv(VARIABLE, "another key of another house")
    assert Fault.CHANGED in faults(home)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99, 1.0])
def test_a_line_half_written_by_a_killed_process_stays_and_is_recorded(home: Path, share: float) -> None:
    fill(home, 2)
    whole, head = log(home).read_bytes(), (home / audit.HEAD_FILE).read_bytes()
    fill(home, 1)
    third = log(home).read_bytes()[len(whole) :]
    (home / audit.HEAD_FILE).write_bytes(head)
    rest = third[: max(1, int((len(third) - 1) * share))]
    log(home).write_bytes(whole + rest)
    assert audit.verify(home).findings == ()
    assert audit.verify(home).torn == 1
    audit.record(home, look(7), now=NOW)
    found = audit.entries(home)
    assert audit.verify(home).torn == 1
    assert [entry.command for entry in found] == ["house", "house", audit.REPAIR, "house"]
    assert log(home).read_bytes().startswith(whole + rest)


def test_a_repair_that_is_killed_is_repaired(home: Path) -> None:
    fill(home, 1)
    with log(home).open("ab") as file:
        file.write(b'{"asked":"42')
        file.write(b'\n{"asked":"torn:12:')
    audit.record(home, look(7), now=NOW)
    verdict = audit.verify(home)
    assert (verdict.entries, verdict.torn, verdict.findings) == (3, 1, ())


def test_a_kill_between_entry_and_head_loses_nothing(home: Path) -> None:
    fill(home, 2)
    head = (home / audit.HEAD_FILE).read_bytes()
    fill(home, 1)
    (home / audit.HEAD_FILE).write_bytes(head)
    assert audit.verify(home).findings == ()
    fill(home, 1)
    assert audit.verify(home).entries == 4
    assert audit.verify(home).findings == ()


def test_a_full_disk_refuses(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home, 1)
    real = os.write

    def short(descriptor: int, data: bytes) -> int:
        return real(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", short)
        with pytest.raises(AuditProblem, match="nothing is shown"):
            audit.record(home, look(5), now=NOW)
    fill(home, 1)
    verdict = audit.verify(home)
    assert (verdict.entries, verdict.torn, verdict.findings) == (3, 1, ())


def test_a_log_that_cannot_be_written_refuses(home: Path) -> None:
    log(home).mkdir()
    with pytest.raises(AuditProblem):
        audit.record(home, look(1), now=NOW)


@pytest.mark.parametrize("user", ["", "   ", "a\nb", "x" * 65], ids=["empty", "blank", "two-lines", "long"])
def test_who_looks_must_be_said(user: str) -> None:
    with pytest.raises(AuditProblem):
        audit.checked_user(user)


def test_a_digest_tells_nothing_without_the_key(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    ensure_key(other)
    assert audit.digest(home, NEVER) == audit.digest(home, NEVER)
    assert audit.digest(home, NEVER) != audit.digest(other, NEVER)
    assert audit.digest(home, NEVER) != audit.digest(home, NEVER + "1")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_of_a_written_entry_is_found(home: Path, data: st.DataObject) -> None:
    if not log(home).exists():
        fill(home, 6)
        log(home).with_name("kept").write_bytes(log(home).read_bytes())
    original = log(home).with_name("kept").read_bytes()
    start = data.draw(st.integers(0, len(original) - 1))
    end = data.draw(st.integers(start, min(len(original), start + 400)))
    new = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from(original.splitlines(keepends=True)), st.just(b"\n")))
    edited = original[:start] + new + original[end:]
    log(home).write_bytes(edited)
    verdict = audit.verify(home)
    assert (verdict.findings != () or verdict.torn > 0) == (edited != original)


APPENDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from warehouse.audit import Look, Outcome, record
home, user, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    record(home, Look(user, "grid_service", "house", str(number), Outcome.ANSWERED, ("P1",), 1), now=datetime(2025, 6, 1, tzinfo=UTC))
    print(number, flush=True)
"""


def _writer(home: Path, user: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", APPENDING, str(home), user, str(count)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_processes_that_append_at_once_lose_and_mix_nothing(home: Path) -> None:
    writers = [_writer(home, user, 30) for user in ("a", "b", "c")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert audit.verify(home).findings == ()
    for user in ("a", "b", "c"):
        assert [entry.asked for entry in audit.entries(home, user=user)] == [str(number) for number in range(30)]


def test_a_killed_writer_has_logged_all_that_it_showed(home: Path) -> None:
    writer = _writer(home, "a", 100_000)
    assert writer.stdout is not None
    shown = [writer.stdout.readline() for _ in range(25)]
    writer.kill()
    shown += writer.stdout.readlines()
    writer.wait(60)
    told = sum(line.endswith("\n") for line in shown)
    fill(home, 1)
    assert audit.verify(home).findings == ()
    assert len(audit.entries(home, user="a")) >= told


MANY = tuple(f"P{number:011d}" for number in range(1000, 0, -1))


def test_entry_of_many_persons_stays_short_and_is_found_by_each(home: Path) -> None:
    audit.record(home, Look("lin", "housing", "query", "digest:0", Outcome.ANSWERED, MANY, len(MANY)), now=NOW)
    (entry,) = audit.entries(home, person=MANY[500])
    assert len(log(home).read_bytes()) < 4096
    assert sorted(audit.all_named(home, entry.persons)) == sorted(MANY)
    assert audit.entries(home, person="P00000002000") == audit.entries(home, person="P0000000001") == []
    assert audit.verify(home).findings == ()


@pytest.mark.parametrize(("spoil", "fault"), [
    (lambda file: file.unlink(), Fault.MISSING),
    (lambda file: file.write_bytes(zlib.compress(b"\nP00000000001\n")), Fault.CHANGED),
    (lambda file: file.write_bytes(file.read_bytes()[:-9]), Fault.MISSING),
], ids=["removed", "other-persons", "cut"])
def test_changed_set_of_persons_is_found(home: Path, spoil: Callable[[Path], None], fault: Fault) -> None:
    audit.record(home, Look("lin", "housing", "query", "digest:0", Outcome.ANSWERED, MANY, len(MANY)), now=NOW)
    (file,) = (home / "audit.persons").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    spoil(file)
    assert audit.verify(home).findings == (audit.Finding(1, fault),)


def test_equal_sets_are_kept_once(home: Path) -> None:
    for persons in (MANY, MANY[::-1]):
        audit.record(home, Look("lin", "housing", "query", "digest:0", Outcome.ANSWERED, persons, len(persons)), now=NOW)
    assert len(list((home / "audit.persons").iterdir())) == 1


def test_usage_adds_up_by_day_account_and_purpose(home: Path) -> None:
    many = tuple(f"P{number:011d}" for number in range(300))
    for hours, stated in (
        (0, {"asked": "one"}), (1, {"asked": "one", "persons": ("P00000000099", "P00000000100"), "rows": 3}),
        (2, {"asked": "two", "outcome": Outcome.REFUSED, "persons": (), "rows": 0}), (3, {"user": "lin", "persons": many, "rows": 300}),
        (24, {"asked": "three"})):  # fmt: skip
        audit.record(home, look(0, **stated), now=NOW + timedelta(hours=hours))
    rows = audit.usage(home, audit.entries(home))
    assert [(row.day, row.user, row.looks, row.refused, row.rows, row.persons, row.questions) for row in rows] == [
        ("2025-06-02", "grid-7", 1, 0, 2, 2, 1), ("2025-06-01", "grid-7", 3, 1, 5, 3, 1), ("2025-06-01", "lin", 1, 0, 300, 300, 1)]
    assert audit.usage(home, audit.entries(home), since="2025-06-02") == rows[:1]


@pytest.mark.parametrize(("purpose", "different", "marked"), [
    ("statistics", audit.MANY_QUESTIONS, True), ("statistics", audit.MANY_QUESTIONS - 1, False), ("housing", audit.MANY_QUESTIONS, False)])
def test_many_different_questions_of_statistics_are_marked(home: Path, purpose: str, different: int, marked: bool) -> None:
    for number in range(different):
        for _ in range(2):  # the same question again counts once
            audit.record(home, look(0, purpose=purpose, command="query", asked=f"digest {number}", persons=()), now=NOW)
    (row,) = audit.usage(home, audit.entries(home))
    assert (row.questions, row.many) == (different, marked)
