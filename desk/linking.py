"""`onegrid link`: lists of anybody, linked by a model, in one command.

Belongs here: files in, one Parquet file out (complete or not there), what the user is told. Does not: linking (resolvers/tables).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.markup import escape

from desk.render import console, errors
from desk.render import table as show_table
from resolvers.tables import engine
from resolvers.tables.reading import read_tables
from resolvers.tables.spec import Model, find_model, write_model
from sources.errors import OneGridError
from sources.extensions import connect_memory
from sources.tables import literal


def link_tables(
    tables: Sequence[Path], id_column: str, model: str, out: Path, save_model: Path | None, *, today: date, spark_master: str | None = None
) -> None:
    """Link tables and write table, record_id, cluster_id. A proposed model is always written, beside `out` when nothing else is said.

    Raises OneGridError for what the user can correct.
    """
    if model == engine.AUTO and save_model is None:
        save_model = out.with_suffix(".model.json")
    for path in (out, save_model):
        if path is not None and not path.parent.is_dir():
            raise OneGridError("there is no such folder", str(path.parent), "make the folder first")
    if model != engine.AUTO:
        find_model(model)
    with tempfile.TemporaryDirectory(prefix="onegrid-link-") as scratch, connect_memory() as con:
        con.execute(f"SET temp_directory = {literal(scratch)}")
        read = read_tables(con, tables, id_column)
        linked = engine.link_by_name(con, read, model, date=today.isoformat(), spark_master=spark_master)
        unfinished = out.with_name(out.name + ".part")
        con.execute(f"COPY table_cluster TO {literal(str(unfinished))} (FORMAT parquet, COMPRESSION zstd)")
        unfinished.replace(out)
    if save_model is not None:
        write_model(linked.model, save_model)
    _tell(linked, out, save_model)


def _tell(linked: engine.Linked, out: Path, save_model: Path | None) -> None:
    """Counts of the run; notes about what was degraded go to the error stream."""
    for reason in linked.reasons:
        console.print(escape(reason), style="dim")
    for note in linked.notes:
        errors.print(f"[yellow]note[/yellow] {escape(note)}", highlight=False)
    show_table("blocking", ["rule", "pairs#"], [(rule.rule, rule.kept_pairs) for rule in linked.rules])
    console.print(f"{linked.records:,} records, {linked.links:,} links, {linked.clusters:,} clusters; model {_words(linked.model)}")
    console.print(f"wrote {out}" + (f" and the model {save_model}" if save_model else ""))


def _words(model: Model) -> str:
    trained = model.trained
    return f"{model.name}, " + (f"trained on {trained.records:,} records on {trained.date}" if trained else "as stated")
