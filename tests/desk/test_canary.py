"""Values of deliveries stay inside the encrypted store: invented, unmistakable ones are nowhere else after a run."""

from __future__ import annotations

import json
from pathlib import Path

from tests.desk.cities import deliver, folder_of, onegrid
from tests.desk.conftest import City
from warehouse.snapshots import open_snapshot

NAME, PHONE, ADDRESS, ID_NUMBER = "欧阳测雀鸟", "19900771133", "荆州市沙市区金丝雀测试巷七百七十七号", "421002197707077770"
CANARIES = (NAME, PHONE, ADDRESS, ID_NUMBER)
DAY = "2025-06-20"


def forms(value: str) -> set[bytes]:
    """As files could hold it: plain, in the departments' encoding, as UTF-16, escaped in JSON."""
    return {value.encode(), value.encode("gb18030"), value.encode("utf-16-le"), json.dumps(value)[1:-1].encode()}


def with_canaries(header: str, row: str) -> str:
    """The row with the invented person in it; every other cell as delivered."""
    invented = {"姓名": NAME, "身份证号": ID_NUMBER, "联系电话": PHONE, "居住地址": ADDRESS}
    cells = [invented.get(title, cell) for title, cell in zip(header.split(","), row.split(","), strict=True)]
    return ",".join(cells)


def leaks(folder: Path, allowed: Path) -> list[str]:
    """Files below the folder whose name or bytes hold a canary."""
    wanted = [(number, form) for number, value in enumerate(CANARIES) for form in forms(value)]
    return [f"canary {number} in {file.relative_to(folder)}" for file in sorted(folder.rglob("*"))
            if file.is_file() and not file.is_relative_to(allowed)
            for number, form in wanted if form in str(file).encode() or form in file.read_bytes()]


def test_no_value_of_a_delivery_leaves_the_store(city: City, tmp_path: Path) -> None:
    watched = city.copy(tmp_path)
    category = "resettlement_support"
    whole = next(folder_of(watched.deliveries, category, "2025-01-01").glob("*.csv")).read_bytes().decode("gb18030")
    header, first, second, *_ = whole.split("\r\n")
    marker = len(header.split(",")) - 1
    good = with_canaries(header, first).split(",")
    good[marker], good[0] = "新增", "BJ421002-2025-99777"
    damaged = with_canaries(header, second).split(",")
    damaged[marker] = "金丝雀"  # an operation that does not exist: quarantine
    text = "\r\n".join([header, ",".join(good), ",".join(damaged)]) + "\r\n"
    deliver(watched.deliveries, category, DAY, text.encode("gb18030"), 2)
    deliver(watched.deliveries, category, "2025-06-21", text.encode("gb18030")[:-9] + b"\xff\xff", 2)  # refused: not GB18030
    deliver(watched.deliveries, "care_followups", DAY, ('{"姓名": "' + NAME + '", "联系电话": "' + PHONE).encode(), 7)  # refused: cut off

    done = onegrid("run", "--deliveries", watched.deliveries, "--home", watched.home)
    assert done.returncode == 0, "the run failed"
    with open_snapshot(watched.home) as con:
        stages = con.execute("SELECT delivery_date::VARCHAR, stage, accepted, quarantined FROM ledger WHERE category = ? "
                             "AND delivery_date >= ? ORDER BY ALL", [category, DAY]).fetchall()
        assert [row[1] for row in stages] == ["applied", "refused"]
        assert stages[0][2] + stages[0][3] == 2
        assert stages[0][3] >= 1
    refused_query = onegrid("query", "--purpose", "grid_service", "--text", NAME + PHONE, "--count", "--home", watched.home)
    unknown_person = onegrid("profile", "--id-number", ID_NUMBER, "--purpose", "no_such_purpose", "--home", watched.home)
    assert unknown_person.returncode == 1
    said = {"run": done.stdout + done.stderr, "profile": unknown_person.stdout + unknown_person.stderr,
            "trace": refused_query.stderr[refused_query.stderr.find("Traceback"):] if "Traceback" in refused_query.stderr else ""}
    assert not [(command, number) for command, words in said.items() for number, value in enumerate(CANARIES) if value in words]
    assert leaks(tmp_path, watched.deliveries) == []
