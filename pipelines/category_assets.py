"""The assets of each category, generated from its contract: landed, accepted, history, current, mentions.

Belongs here: names, groups, dependencies, checks and metadata. What happens is in `pipelines/stages.py`.
"""

from __future__ import annotations

import dagster as dg

from pipelines import stages
from pipelines.installation import Installation
from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract
from sources.tables import category_tables

RETRY = dg.RetryPolicy(max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL)
"""Reading again can help (a database that went away); judging the same rows again cannot."""

REFERENCE_DATE = dg.AssetKey(["city", "reference_date"])
PLACES = dg.AssetKey(["city", "places"])


def _schema(contract: Contract, table: str) -> dg.TableSchema:
    columns = category_tables(contract)[f"{table}_{contract.category}"]
    return dg.TableSchema(columns=[
        dg.TableColumn(name, sql_type, description=contract.by_name[name].header if name in contract.by_name else None)
        for name, sql_type in columns.items()
    ])


def table_metadata(counts: dict[str, int], contract: Contract, table: str) -> dict[str, dg.MetadataValue | int]:
    """Number of rows, columns, and the other counts of a table of a category."""
    rows = counts.pop("rows")
    return {"dagster/row_count": rows, "dagster/column_schema": dg.MetadataValue.table_schema(_schema(contract, table)), **counts}


def landed_asset(contract: Contract) -> dg.AssetsDefinition:
    """Every delivery of a category or form, as sent."""
    key = dg.AssetKey(["landed", contract.category])

    @dg.asset(key=key, group_name=contract.department, retry_policy=RETRY, kinds={contract.delivery.format.split("_")[0]},
              description=f"{contract.title_zh}: every delivered record as sent. {contract.grain}",
              check_specs=[dg.AssetCheckSpec("deliveries_accepted_whole", asset=key,
                                             description="No delivery was refused (manifest, file, columns, order).")])
    def landed(installation: Installation) -> dg.MaterializeResult:
        outcome = stages.land(installation.con, contract, installation.deliveries_path, installation.until_date)
        check = dg.AssetCheckResult(check_name="deliveries_accepted_whole", passed=not outcome.refusals,
                                    severity=dg.AssetCheckSeverity.WARN, metadata={"refused": len(outcome.refusals)},
                                    description="\n".join(outcome.refusals) or None)
        return dg.MaterializeResult(metadata=table_metadata(outcome.counts, contract, "landed"), check_results=[check])

    return landed


def accepted_asset(contract: Contract) -> dg.AssetsDefinition:
    """Records read by the contract, or in quarantine."""
    key = dg.AssetKey(["accepted", contract.category])
    specs = [
        dg.AssetCheckSpec("accounting", asset=key, blocking=True, description="delivered = accepted + quarantined, for every delivery"),
        dg.AssetCheckSpec("expectations", asset=key, description="Great Expectations suite of the contract on every new delivery"),
    ]

    @dg.asset(key=key, deps=[["landed", contract.category]], group_name=contract.department, check_specs=specs, kinds={"duckdb"},
              description=f"{contract.title_zh}: records read by the contract; refused ones are in quarantine with a reason.")
    def accepted(installation: Installation) -> dg.MaterializeResult:
        outcome = stages.accept(installation.con, contract, installation.home_path)
        checks = [
            dg.AssetCheckResult(check_name="accounting", passed=outcome.accounts_balance, metadata=dict(outcome.accounting)),
            dg.AssetCheckResult(check_name="expectations", passed=not outcome.failed_expectations, severity=dg.AssetCheckSeverity.WARN,
                                metadata=dict(outcome.failed_expectations)),
        ]
        return dg.MaterializeResult(metadata=table_metadata(outcome.counts, contract, "typed"), check_results=checks)

    return accepted


def history_asset(contract: Contract) -> dg.AssetsDefinition:
    """Every version of every key."""
    @dg.asset(key=["history", contract.category], deps=[["accepted", contract.category]], group_name=contract.department, kinds={"duckdb"},
              description=f"{contract.title_zh}: every version of every key, valid from delivery to delivery. {contract.delta.meaning}")
    def history(installation: Installation) -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=table_metadata(stages.apply_history(installation.con, contract), contract, "history"))

    return history


def _current(contract: Contract) -> dg.AssetsDefinition:
    @dg.asset(key=["current", contract.category], deps=[["history", contract.category], REFERENCE_DATE], group_name=contract.department,
              kinds={"duckdb"}, description=f"{contract.title_zh}: the records in force on the reference date.")
    def current(installation: Installation) -> dg.MaterializeResult:
        counts = stages.materialise_current(installation.con, contract, installation.until_date)
        return dg.MaterializeResult(metadata=table_metadata(counts, contract, "current"))

    return current


def _mentions(contract: Contract) -> dg.AssetsDefinition:
    @dg.asset(key=["mentions", contract.category], deps=[["current", contract.category], PLACES], group_name=contract.department,
              kinds={"duckdb"}, description=f"{contract.title_zh}: one mention per record and role that names a person.")
    def mentions(installation: Installation) -> dg.MaterializeResult:
        counts = stages.build_mentions(installation.con, contract)
        return dg.MaterializeResult(metadata={"dagster/row_count": counts["rows"]})

    return mentions


CATEGORY_ASSETS: list[dg.AssetsDefinition] = [
    build(contract)
    for contract in load_catalogue().contracts.values()
    for build in (landed_asset, accepted_asset, history_asset, _current, _mentions)
]
