"""`onegrid link` as a user types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import openpyxl
import pytest

from desk import cli
from resolvers.tables.spec import write_model
from tests.resolvers.tables_data import febrl, people
from tests.resolvers.test_tables_engine import a_model

ROWS = people(25)


def run(*words: object) -> int:
    """Exit code of the command line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["onegrid", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
    return int(left.value.code or 0)


def written(path: Path, rows: list[dict[str, str | None]]) -> Path:
    match path.suffix:
        case ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        case ".xlsx":
            book = openpyxl.Workbook()
            sheet = book.active
            assert sheet is not None
            sheet.append(list(rows[0]))
            for row in rows:
                sheet.append(list(row.values()))
            book.save(path)
        case _:
            unfinished = written(path.with_suffix(".csv"), rows)
            duckdb.sql(f"COPY (FROM read_csv('{unfinished}', all_varchar = true)) TO '{path}' (FORMAT parquet)")
            unfinished.unlink()
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_model(a_model(), tmp_path / "model.json")
    return tmp_path / "model.json"


@pytest.mark.parametrize("name", ["list.csv", "list.parquet", "list.xlsx"])
def test_from_a_file_to_clusters(name: str, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "clusters.parquet"
    assert run("link", written(tmp_path / name, ROWS), "--id", "id", "--model", model, "--out", out) == 0
    rows = duckdb.sql(f'SELECT "table", record_id, cluster_id FROM \'{out}\'').fetchall()
    assert [column[0] for column in duckdb.sql(f"DESCRIBE FROM '{out}'").fetchall()] == ["table", "record_id", "cluster_id"]
    assert sorted(record for _, record, _ in rows) == sorted(str(row["id"]) for row in ROWS)
    assert {table for table, _, _ in rows} == {"list"}
    cluster = {record: found for _, record, found in rows}
    assert all(cluster[f"{n}-a"] == cluster[f"{n}-b"] for n in range(25))
    assert len(set(cluster.values())) == 25
    assert not list(tmp_path.glob("*.part"))


def test_a_saved_model_gives_the_same_clusters_and_an_edited_one_others(model: Path, tmp_path: Path) -> None:
    table = written(tmp_path / "list.csv", ROWS)
    first, second, third, saved = (tmp_path / name for name in ("1.parquet", "2.parquet", "3.parquet", "saved.json"))
    assert run("link", table, "--id", "id", "--model", model, "--out", first, "--save-model", saved) == 0
    assert run("link", table, "--id", "id", "--model", saved, "--out", second) == 0
    assert duckdb.sql(f"FROM '{first}' EXCEPT FROM '{second}'").fetchall() == []
    edited = json.loads(saved.read_text("utf-8"))
    edited["blocking"] = [rule for rule in edited["blocking"] if rule["keys"][0]["column"] == "phone"]
    saved.write_text(json.dumps(edited), "utf-8")
    assert run("link", table, "--id", "id", "--model", saved, "--out", third) == 0
    before, after = (
        duckdb.sql(f"SELECT DISTINCT cluster_id FROM '{path}'").fetchall() for path in (first, third)
    )
    assert len(after) > len(before)


def test_two_tables_are_linked(model: Path, tmp_path: Path) -> None:
    tables = written(tmp_path / "old.csv", ROWS[::2]), written(tmp_path / "new.xlsx", ROWS[1::2])
    out = tmp_path / "clusters.parquet"
    assert run("link", *tables, "--id", "id", "--model", model, "--out", out) == 0
    assert duckdb.sql(f'SELECT "table", count(*) FROM \'{out}\' GROUP BY ALL ORDER BY 1').fetchall() == [("new", 25), ("old", 25)]
    assert duckdb.sql(f"SELECT count(DISTINCT cluster_id) FROM '{out}'").fetchone() == (25,)


def test_a_named_model_on_its_table(tmp_path: Path) -> None:
    out = tmp_path / "clusters.parquet"
    assert run("link", *febrl("dataset3"), "--id", "rec_id", "--model", "febrl3", "--out", out) == 0
    assert duckdb.sql(f"SELECT count(*) FROM '{out}'").fetchone() == (5000,)


def test_a_model_for_other_columns_is_refused_in_words(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = written(tmp_path / "list.csv", [{"id": "1", "title": "x"}])
    assert run("link", table, "--id", "id", "--model", model, "--out", tmp_path / "clusters.parquet") == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "no table has birth" in said
    assert "list has title" in said
    assert not (tmp_path / "clusters.parquet").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--model", "no_such_model"), "there is no such model", id="an unknown model"),
        pytest.param(("--out", "nowhere/clusters.parquet"), "there is no such folder", id="a folder that is not there"),
        pytest.param(("--id", "number"), "there is no column number", id="an id column that is not there"),
    ],
)
def test_wrong_use_is_answered_in_words(
    words: tuple[str, str], said: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"--id": "id", "--model": str(model), "--out": str(tmp_path / "clusters.parquet")} | dict([words])
    assert run("link", written(tmp_path / "list.csv", ROWS), *(word for pair in given.items() for word in pair)) == 1
    assert said in " ".join(capsys.readouterr().err.split())


def test_no_value_of_a_row_is_shown(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [dict(row, name=f"canary {row['id']}", phone="13877777777") for row in ROWS]
    assert run("link", written(tmp_path / "list.csv", rows), "--id", "id", "--model", model, "--out", tmp_path / "c.parquet") == 0
    shown = "".join(capsys.readouterr())
    assert "canary" not in shown
    assert "13877777777" not in shown


def test_a_proposed_model_is_written_beside_the_clusters_and_can_be_used_again(tmp_path: Path) -> None:
    table = written(tmp_path / "people.csv", ROWS)
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    assert run("link", table, "--id", "id", "--model", "auto", "--out", first) == 0
    assert run("link", table, "--id", "id", "--model", tmp_path / "first.model.json", "--out", second) == 0
    assert duckdb.sql(f"FROM '{first}' EXCEPT FROM '{second}'").fetchall() == []
