"""Great Expectations: a suite per category generated from its contract, run as a checkpoint on each delivery.

Belongs here: the suite, the checkpoint, the stores below the Data Docs folder, and rendering them.
Does not: reading or judging cells (judging.py): the frame that a checkpoint sees holds verdicts on cells (`read`, `id_typing`), never
their values, so no result and no page can show one. Suite and quarantine look at the same judgements.

The only module that imports great_expectations. Nothing is sent anywhere: analytics are off.
"""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from expectations.flags import FLAGS, flag_names
from expectations.judging import JUDGED, judge
from expectations.offline import without_network, write_index
from sources.catalogue import load_catalogue
from sources.catalogue.bounds import load_bounds
from sources.catalogue.models import Contract
from sources.tables import literal, quoted

os.environ["GX_ANALYTICS_ENABLED"] = "false"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults, ProgressBarsConfig
    from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier
    from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
    from great_expectations.expectations.core.expect_column_values_to_be_unique import ExpectColumnValuesToBeUnique
    from great_expectations.expectations.core.expect_table_columns_to_match_set import ExpectTableColumnsToMatchSet
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import ExpectTableRowCountToBeBetween
    from great_expectations.expectations.metadata_types import FailureSeverity

READ, ACCEPTED = "read", "accepted"
RECORD, KEY = "record", "natural_key"
"""Columns of the frame beside those of the contract: what became of the record, and a hash that stands for its key."""
COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
SITE = "onegrid"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The checkpoint of one delivery. `failed`: rows (or 1 for the whole table) by failed expectation, `column: expectation`."""

    passed: bool
    failed: dict[str, int]


def suite_for(contract: Contract, kind: str = "full") -> gx.ExpectationSuite:
    """The suite of a category for full deliveries or deltas.

    One expectation per column that can be doubtful, one on what becomes of records (fails exactly when some are quarantined), one each
    on columns, number of rows and repeated keys. The last is a warning: of two rows with one key the later counts.
    """
    bounds = load_bounds()[contract.category]
    expectations: list[Any] = [
        ExpectTableColumnsToMatchSet(column_set=_frame_columns(contract, kind), exact_match=True),
        ExpectTableRowCountToBeBetween(min_value=1 if kind == "full" else 0,
                                       max_value=bounds.most_rows(contract.rows_city_scale, kind),
                                       notes=bounds.reason),
        ExpectColumnValuesToBeInSet(column=RECORD, value_set=[ACCEPTED], severity=FailureSeverity.CRITICAL,
                                    notes="A torn record, one without its key or with an unknown operation is quarantined."),
        ExpectColumnValuesToBeUnique(column=KEY, severity=FailureSeverity.WARNING,
                                     notes=f"Key: {', '.join(contract.natural_key)}. Of several rows the later counts."),
    ]
    for name, flags in flag_names(contract, kind).items():
        column = contract.column(name)
        listed = f", {column.codes}" if column.codes else ""
        notes = f"{column.header} ({column.type}{listed}): " + "; ".join(FLAGS[flag] for flag in flags)
        expectations.append(ExpectColumnValuesToBeInSet(column=name, value_set=[READ], severity=FailureSeverity.WARNING, notes=notes))
    return gx.ExpectationSuite(name=f"{contract.category}_{kind}", expectations=expectations)


def validate(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_date: date, data_docs: Path) -> Verdict:
    """Run the suite on one landed delivery and store the result below `data_docs`; call before `accept`, which uses the same judgements."""
    kind = judge(con, contract, delivery_date)
    frame = _frame(con, contract, kind)
    run = RunIdentifier(run_name=f"{contract.category} {delivery_date}", run_time=datetime.combine(delivery_date, datetime.min.time(), UTC))
    results = _checkpoint(str(data_docs), contract.category, kind).run(batch_parameters={"dataframe": frame}, run_id=run)
    failed: dict[str, int] = {}
    for result in results.run_results.values():
        for outcome in result.results:
            if not outcome.success:
                failed[_named(outcome)] = int(outcome.result.get("unexpected_count") or 1)
    return Verdict(bool(results.success), failed)


def build_data_docs(data_docs: Path) -> Path:
    """Render every stored result; returns the index page, which opens from the folder. Pages that are up to date are kept."""
    context = _context(str(data_docs))
    site = data_docs / "site"
    keys: list[ValidationResultIdentifier | ExpectationSuiteIdentifier] = []
    for key in context.validation_results_store.list_keys():
        name = "/".join(key.to_tuple())
        page, result = site / "validations" / f"{name}.html", data_docs / "results" / f"{name}.json"
        if not page.is_file() or page.stat().st_mtime_ns < result.stat().st_mtime_ns:
            keys.append(key)
    if keys or not (site / "index.html").is_file():
        context.build_data_docs(site_names=[SITE], resource_identifiers=keys or None)
        without_network(site)
        write_index(site, data_docs / "results")
    return site / "index.html"


def _frame_columns(contract: Contract, kind: str) -> list[str]:
    return [RECORD, KEY, *flag_names(contract, kind)]


def _frame(con: duckdb.DuckDBPyConnection, contract: Contract, kind: str) -> pd.DataFrame:
    """One row per delivered record: its verdict, a hash of its key, and per column the first flag of the cell or `read`.

    Cells of refused records count as read: such a record is judged as a whole.
    """
    columns = [f"coalesce(\"judged.reason\", '{ACCEPTED}')::VARCHAR AS {RECORD}",
               f"hash(CASE WHEN \"judged.reason\" IS NULL THEN natural_key ELSE '|refused|' || \"judged.position\" END) AS {KEY}"]
    nothing = '"judged.reason" IS NOT NULL OR len("judged.flags") = 0'
    for name, flags in flag_names(contract, kind).items():
        cases = " ".join(f"WHEN list_contains(\"judged.flags\", {literal(name + ' ' + flag)}) THEN {literal(flag)}" for flag in flags)
        kinds = ", ".join(map(literal, (READ, *flags)))
        columns.append(f"CAST(CASE WHEN {nothing} THEN '{READ}' {cases} ELSE '{READ}' END AS ENUM({kinds})) AS {quoted(name)}")
    return con.execute(f"SELECT {', '.join(columns)} FROM temp.{JUDGED}").df()


def _named(outcome: Any) -> str:
    settings = outcome.expectation_config
    column = settings.kwargs.get("column")
    return f"{column}: {settings.type}" if column else str(settings.type)


def _batches(context: Any) -> Any:
    """The batch definition for frames in memory."""
    source = context.data_sources.all().get("deliveries") or context.data_sources.add_pandas("deliveries")
    asset = source.assets[0] if source.assets else source.add_dataframe_asset("delivery")
    return asset.batch_definitions[0] if asset.batch_definitions else asset.add_batch_definition_whole_dataframe("whole")


@cache
def _checkpoint(data_docs: str, category: str, kind: str) -> Any:
    """The checkpoint of a suite, registered once per process: registering compares everything that is registered already."""
    context, name = _context(data_docs), f"{category} {kind}"
    suite = context.suites.add_or_update(suite_for(load_catalogue().deliverable[category], kind))
    definition = gx.ValidationDefinition(name=name, data=_batches(context), suite=suite)
    context.validation_definitions.add_or_update(definition)
    checkpoint = gx.Checkpoint(name=name, validation_definitions=[definition], actions=[], result_format=COUNTS_ONLY)
    return context.checkpoints.add_or_update(checkpoint)


def _stored(folder: Path) -> dict[str, Any]:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}


@cache
def _context(data_docs: str) -> Any:
    """One context per folder: suites and definitions in memory, results and pages below the folder."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    folder = Path(data_docs).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    defaults = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    defaults.stores[defaults.validation_results_store_name]["store_backend"] = _stored(folder / "results") | {"filepath_suffix": ".json"}
    defaults.data_docs_sites = {SITE: {
        "class_name": "SiteBuilder", "show_how_to_buttons": False, "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": _stored(folder / "site")}}
    config = DataContextConfig(store_backend_defaults=defaults, analytics_enabled=False, progress_bars=ProgressBarsConfig(globally=False))
    return gx.get_context(mode="ephemeral", project_config=config)
