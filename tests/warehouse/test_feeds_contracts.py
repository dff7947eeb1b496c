"""What consumers rely on: declarations without contradictions, schemas that only grow, and each product read as its consumer reads it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from sources.catalogue import _feed_problems, load_catalogue
from sources.catalogue.models import Feed
from tests.warehouse.feed_cases import AS_OF, a_city_with_feeds, publish
from warehouse.feeds import building, compatibility, products
from warehouse.feeds.compatibility import SchemaBroken, accept, compare, compare_all, kept_schema, require_compatible, schema_of
from warehouse.feeds.declared import COUNT, DeclaredFeed, declare, feed_of, load_feeds
from warehouse.feeds.terms import Unclear, read_retention, read_scope
from warehouse.keys import ensure_key
from warehouse.queries import QueryRefused

ARROW = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "DECIMAL(18,2)": pa.decimal128(18, 2),
         "VARCHAR[]": pa.list_(pa.string())}  # fmt: skip
FORMS = {"VARCHAR": r".*", "BIGINT": r"\d+", "BOOLEAN": "true|false", "DATE": r"\d{4}-\d\d-\d\d", "VARCHAR[]": r"[^;]*(;[^;]+)*"}
FILES = [module for module, declared in load_feeds().items() if declared.feed.is_file]


def changed(module: str, **values: Any) -> Feed:
    """A feed with other values, read as strictly as from the file."""
    return Feed.model_validate(load_catalogue().feeds[module].model_dump() | values)


@pytest.mark.parametrize(("module", "values", "problem"), [
    ("aixin_one_touch", {"columns": ("person_id", "chronic_conditions")}, "does not list the purpose"),
    ("aixin_one_touch", {"columns": ("name",)}, "needs the column person_id"),
    ("aixin_one_touch", {"columns": ("person_id", "name", "name")}, "name stands twice"),
    ("aixin_one_touch", {"purpose": "curiosity"}, "unknown purpose"),
    ("aixin_one_touch", {"group_by": ("residence_grid",)}, "no measures and no group_by"),
    ("aixin_one_touch", {"cadence": "on request"}, "delivered as parquet"),
    ("media_statistics", {"min_cell": None}, "min_cell"),
    ("media_statistics", {"min_cell": 5}, "min_cell is below 10"),
    ("media_statistics", {"grain": "person", "measures": (), "group_by": ()}, "answers with aggregates"),
    ("media_statistics", {"group_by": ("residence_grid",)}, "is no column"),
    ("fire_command_gis", {"group_by": ("residence_grid",), "columns": ("dwelling_id", "residence_grid")}, "grouped by dwelling_id"),
    ("aixin_one_touch", {"restricted_filter": {"attribute": "medication_support", "op": "is", "value": True}}, "does not list the purpose"),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_contradiction_is_found_when_the_catalogue_is_read(module: str, values: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in _feed_problems(changed(module, **values), load_catalogue()))


@pytest.mark.parametrize("values", [{"colour": "red"}, {"cadence": "sometimes"}, {"delivery": "fax"}, {"grain": "street"}, {"columns": ()}])
def test_shape_is_strict(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        changed("aixin_one_touch", **values)


@pytest.mark.parametrize(("values", "problem"), [
    ({"rows": {"class": "age", "op": "older", "value": 80}}, QueryRefused),
    ({"rows": {"class": "school_enrolment", "attribute": "grade", "op": "in", "value": ["1"]}}, QueryRefused),
    ({"rows": {"class": "residence_area", "attribute": "moon", "op": "is_missing"}}, QueryRefused),
    ({"row_scope": "whoever asks nicely"}, Unclear), ({"row_scope": "residence_township equals the township of the reader"}, Unclear),
    ({"retention": "as long as it is useful"}, Unclear),
], ids=["operator", "class not in the purpose", "no level", "scope", "scope without its column", "retention"])  # fmt: skip
def test_what_is_not_understood_fails(values: dict[str, Any], problem: type[Exception]) -> None:
    with pytest.raises(problem):
        declare(changed("aixin_one_touch", **values))


def test_every_sentence_of_the_dictionary_is_understood() -> None:
    for declared in load_feeds().values():
        assert read_retention(declared.feed.retention) == declared.retention
        assert read_scope(declared.feed.row_scope) == declared.scope
    grid = feed_of("grid_information").rows.tree
    assert "residence_grid" in repr(grid)
    assert "residence_county" not in repr(grid)


def test_kept_schemas_are_the_declared_ones() -> None:
    """Changed on purpose? `onegrid feeds check --accept` writes them, and the change is reviewed with its consumers."""
    assert [one for one in compare_all() if not one.is_same] == []
    assert {path.stem for path in compatibility.FOLDER.glob("*.json")} == set(load_feeds())


def _without(schema: dict[str, Any], name: str) -> None:
    schema["columns"] = [column for column in schema["columns"] if column["name"] != name]


def _rename(schema: dict[str, Any]) -> None:
    schema["columns"][1]["name"] = "full_name"


def _swap(schema: dict[str, Any]) -> None:
    schema["columns"][1:3] = reversed(schema["columns"][1:3])


def _retype(schema: dict[str, Any]) -> None:
    schema["columns"][2]["type"] = "VARCHAR"


def _require(schema: dict[str, Any]) -> None:
    schema["columns"][1]["nullable"] = False


def _code(schema: dict[str, Any], *, less: bool) -> None:
    codes = next(column["codes"] for column in schema["columns"] if "codes" in column)
    codes["values"] = [*codes["values"], "99"] if less else codes["values"][1:]


@pytest.mark.parametrize(("promise", "breaks", "version"), [
    pytest.param(dict, False, "1.0", id="nothing changed"),
    pytest.param(lambda schema: schema["columns"].pop(), False, "1.1", id="a column was added at the end"),
    pytest.param(lambda schema: _without(schema, "age"), True, "2.0", id="a column was added in the middle"),
    pytest.param(lambda schema: schema["columns"].append({"name": "old", "type": "DATE", "nullable": True}), True, "2.0", id="removed"),
    pytest.param(_rename, True, "2.0", id="renamed"),
    pytest.param(_swap, True, "2.0", id="order"),
    pytest.param(_retype, True, "2.0", id="type"),
    pytest.param(_require, True, "2.0", id="missing where it never was"),
    pytest.param(lambda schema: _code(schema, less=True), True, "2.0", id="a code is gone"),
    pytest.param(lambda schema: _code(schema, less=False), False, "1.1", id="a code is new"),
    pytest.param(lambda schema: schema.update(key=["name"]), True, "2.0", id="key"),
    pytest.param(lambda schema: schema.update(purpose="housing"), True, "2.0", id="purpose"),
    pytest.param(lambda schema: schema.update(format="csv"), True, "2.0", id="format"),
])  # fmt: skip
def test_change_against_what_was_promised(promise: Callable[[dict[str, Any]], Any], breaks: bool, version: str) -> None:
    """`promise` is the former schema, made from the present one."""
    former = schema_of(feed_of("aixin_one_touch"))
    former = json.loads(json.dumps(former))
    promise(former)
    found = compare(former, feed_of("aixin_one_touch"))
    assert (bool(found.breaking), found.version) == (breaks, version)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    monkeypatch.delenv("ONEGRID_OFFICE_DSN", raising=False)
    ensure_key(tmp_path)
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Schemas of the project, one of which promises a column that the feed has no more."""
    copied = Path(shutil.copytree(compatibility.FOLDER, tmp_path / "schemas"))
    promised = json.loads((copied / "media_statistics.json").read_text())
    promised["columns"].append({"name": "visitors", "type": COUNT, "nullable": True})
    (copied / "media_statistics.json").write_text(json.dumps(promised))
    return copied


def test_break_in_one_feed_publishes_none(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "require_compatible", lambda: require_compatible(folder))
    with pytest.raises(SchemaBroken, match="media_statistics: column visitors is gone"):
        publish(a_city_with_feeds(), home, modules=["public_appeals"])
    assert not (home / "products").exists()


def test_break_is_accepted_only_on_purpose_and_raises_the_major_version(folder: Path) -> None:
    with pytest.raises(SchemaBroken):
        accept(folder=folder)
    assert [(one.module, one.version) for one in accept(breaking=True, folder=folder)] == [("media_statistics", "2.0")]
    assert (kept_schema("media_statistics", folder) or {})["version"] == "2.0"
    assert accept(folder=folder) == []


def test_product_with_other_columns_than_this_home_published_is_refused(home: Path) -> None:
    """A home that a newer program published from: going back would take a column away from consumers."""
    con = a_city_with_feeds()
    publish(con, home, modules=["aixin_one_touch"])
    path = products.product_folder(home, "aixin_one_touch", AS_OF) / products.MANIFEST
    stated = json.loads(path.read_text())
    path.write_text(json.dumps(stated | {"columns": [*stated["columns"], "later"]}))
    with pytest.raises(SchemaBroken, match="aixin_one_touch"):
        publish(con, home, snapshot=2)
    assert [entry.name for entry in (home / "products").iterdir() if entry.is_dir()] == ["aixin_one_touch"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    ensure_key(made)
    con: duckdb.DuckDBPyConnection = a_city_with_feeds()
    publish(con, made)
    return made


@pytest.mark.parametrize("module", FILES)
def test_consumer_reads_what_the_schema_promises(module: str, published: Path) -> None:
    """Exactly the promised columns in their order and types, required ones never missing, one row per key, only codes of the lists."""
    promised = kept_schema(module)
    assert promised is not None
    for path in products.product_folder(published, module, AS_OF).rglob(f"{module}.*"):
        (_read_parquet if path.suffix == ".parquet" else _read_csv)(path, promised, feed_of(module))


def _read_parquet(path: Path, promised: dict[str, Any], declared: DeclaredFeed) -> None:
    table = pq.read_table(path)
    expected = [(column["name"], ARROW[column["type"]]) for column in promised["columns"]]
    assert [(field.name, field.type) for field in table.schema] == expected
    assert table.num_rows > 0
    keys = table.select(promised["key"]).to_pylist()
    assert len({tuple(key.values()) for key in keys}) == table.num_rows
    for column in promised["columns"]:
        values = [value for value in table[column["name"]].to_pylist() if value is not None]
        assert column["nullable"] or len(values) == table.num_rows
        flat = [code for value in values for code in (value if isinstance(value, list) else [value])]
        assert "codes" not in column or set(flat) <= set(column["codes"]["values"])
    assert declared.feed.grain != "dwelling" or "name" not in table.column_names


def _read_csv(path: Path, promised: dict[str, Any], declared: DeclaredFeed) -> None:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    assert list(table.columns) == [column["name"] for column in promised["columns"]]
    assert not table.duplicated(subset=promised["key"]).any()
    for column in promised["columns"]:
        stated = table[column["name"]][table[column["name"]] != ""]
        assert stated.str.fullmatch(FORMS[column["type"]]).all()
        assert column["nullable"] or len(stated) == len(table)
    if declared.feed.min_cell is not None:
        counts = table[list(declared.feed.measure_names)].replace("", "0").astype(int)
        assert ((counts == 0) | (counts >= declared.feed.min_cell)).all(axis=None)
