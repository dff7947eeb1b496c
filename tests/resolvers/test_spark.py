"""The Spark engine: conditions mean the same in both dialects, pairs and weights are those of DuckDB, failures are clear."""

from __future__ import annotations

import copy
import importlib.util
import os
import random
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from splink import DuckDBAPI, Linker

from resolvers import spark

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = {
    "link_type": "dedupe_only",
    "unique_id_column_name": "unique_id",
    "probability_two_random_records_match": 0.01,
    "comparisons": [
        {
            "output_column_name": "name",
            "comparison_levels": [
                {"sql_condition": "name_l IS NULL OR name_r IS NULL", "label_for_charts": "missing", "is_null_level": True},
                {"sql_condition": "name_l = name_r", "label_for_charts": "equal", "m_probability": 0.9, "u_probability": 0.01,
                 "tf_adjustment_column": "name"},
                {"sql_condition": "left(name_l, 1) = left(name_r, 1) AND substr(name_l, 3) = substr(name_r, 3)",
                 "label_for_charts": "one apart", "m_probability": 0.05, "u_probability": 0.02},
                {"sql_condition": "ELSE", "label_for_charts": "different", "m_probability": 0.05, "u_probability": 0.97},
            ],
        },
        {
            "output_column_name": "birth_date",
            "comparison_levels": [
                {"sql_condition": "birth_date_l IS NULL OR birth_date_r IS NULL", "label_for_charts": "missing", "is_null_level": True},
                {"sql_condition": "birth_date_l = birth_date_r", "label_for_charts": "equal", "m_probability": 0.9, "u_probability": 0.001},
                {"sql_condition": "abs(date_diff('day', birth_date_l, birth_date_r)) BETWEEN 15 AND 55 "
                                  "OR levenshtein(strftime(birth_date_l, '%Y%m%d'), strftime(birth_date_r, '%Y%m%d')) = 1",
                 "label_for_charts": "near", "m_probability": 0.05, "u_probability": 0.02},
                {"sql_condition": "ELSE", "label_for_charts": "different", "m_probability": 0.05, "u_probability": 0.979},
            ],
        },
        {
            "output_column_name": "phones",
            "comparison_levels": [
                {"sql_condition": "phones_l IS NULL OR phones_r IS NULL", "label_for_charts": "missing", "is_null_level": True},
                {"sql_condition": "list_has_any(phones_l, phones_r)", "label_for_charts": "shared", "m_probability": 0.5,
                 "u_probability": 0.001},
                {"sql_condition": "ELSE", "label_for_charts": "different", "m_probability": 0.5, "u_probability": 0.999},
            ],
        },
    ],
    "blocking_rules_to_generate_predictions": [
        {"blocking_rule": "l.name = r.name"},
        {"blocking_rule": "l.phones = r.phones", "arrays_to_explode": ["phones"]},
    ],
    "retain_intermediate_calculation_columns": False,
}

needs_spark = pytest.mark.skipif(
    shutil.which("java") is None or not importlib.util.find_spec("pyspark"),
    reason="PySpark (pip install 'onegrid[spark]') or Java 17 is missing",
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("list_has_any(a_l, a_r)", "ARRAYS_OVERLAP(a_l, a_r)"),
        ("strftime(d_l, '%Y%m%d') = '20200101'", "DATE_FORMAT(d_l, 'yyyyMMdd') = '20200101'"),
        ("ELSE", "ELSE"),
    ],
    ids=["lists", "dates", "else"],
)
def test_conditions_in_the_other_dialect(ours: str, theirs: str) -> None:
    assert spark.to_spark(ours).upper() == theirs.upper()


def test_the_settings_given_stay_as_they_are() -> None:
    before = repr(SETTINGS)
    assert spark.translated(SETTINGS) != SETTINGS
    assert repr(SETTINGS) == before


def some_people(count: int) -> pa.Table:
    """Rows with repeated names, shared telephones, near dates and missing cells."""
    draw = random.Random(7)
    day = date(1960, 1, 1)
    names = ["王秀英", "王秀瑛", "李四", "王小英", "欧阳青青", None]
    rows = [
        {
            "unique_id": number,
            "name": draw.choice(names),
            "birth_date": draw.choice([None, day, day + timedelta(draw.randrange(80))]),
            "phones": draw.choice([None, [f"199{draw.randrange(40):08d}"], [f"199{draw.randrange(40):08d}", "19900000099"]]),
        }
        for number in range(count)
    ]
    schema = pa.schema([("unique_id", pa.int64()), ("name", pa.string()), ("birth_date", pa.date32()), ("phones", pa.list_(pa.string()))])
    return pa.Table.from_pylist(rows, schema=schema)


@needs_spark
def test_pairs_and_weights_are_those_of_duckdb(tmp_path: Path) -> None:
    people = some_people(150)
    pq.write_table(people, tmp_path / "people.parquet")
    con = duckdb.connect()
    con.register("people", people)
    linker = Linker(DuckDBAPI(connection=con).register("people"), copy.deepcopy(SETTINGS), log_level=None, validate_settings=False)
    expected = con.execute(f"""SELECT unique_id_l, unique_id_r, round(match_weight, 9), round(match_probability, 9)
                               FROM {linker.inference.predict(threshold_match_weight=-4).physical_name} ORDER BY ALL""").fetchall()
    count = spark.score(tmp_path / "people.parquet", SETTINGS, tmp_path / "pairs", min_weight=-4)
    found = con.execute(f"""SELECT unique_id_l, unique_id_r, round(match_weight, 9), round(match_probability, 9)
                            FROM read_parquet('{tmp_path}/pairs/*.parquet') ORDER BY ALL""").fetchall()
    assert count == len(expected) > 100
    assert found == expected


def test_without_pyspark_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(spark.SparkUnavailable, match=r"onegrid\[spark\]"), spark.session():
        pass


@needs_spark
def test_without_java_the_error_says_so(tmp_path: Path) -> None:
    attempt = "from resolvers import spark\nwith spark.session(): pass"
    nowhere = {**os.environ, "JAVA_HOME": str(tmp_path / "nowhere")}
    failed = subprocess.run([sys.executable, "-c", attempt], env=nowhere, capture_output=True, text=True, check=False, cwd=ROOT)
    assert failed.returncode == 1
    assert "SparkUnavailable" in failed.stderr
    assert "Java 17" in failed.stderr
