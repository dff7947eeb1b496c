"""The resolver beside plain Splink: same mentions, one process after the other, figures side by side.

    python -m benchmarks.linkage MENTIONS.duckdb --truth TRUTH [--repeat 2]

MENTIONS.duckdb comes from benchmarks/mentions.py. Each linkage runs in a process of its own on a copy of the file (two threads, the same
memory limit); times are of the linkage alone, training included and apart. Compare the ratio of one run, not seconds of two.
Belongs here: running both and printing. Does not: plain Splink's settings (plain_splink.py), judging (resolvers/evaluation.py).
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import plain_splink
from resolvers import linkage
from resolvers.evaluation import evaluate_links

PARTS = ("subject roles", "relatives", "all")


def _open(file: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(file), config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    con.execute("SET threads = 2; SET memory_limit = '8GB'")
    return con


def _judge(con: duckdb.DuckDBPyConnection, truth: Path | None) -> dict[str, Any]:
    persons = con.execute("SELECT count(DISTINCT person_id) FROM mention_person").fetchone()
    found: dict[str, Any] = {"persons": persons[0] if persons else 0}
    if truth is not None:
        evaluation = evaluate_links(con, truth)
        found["mixed"] = evaluation.mixed
        for name in PARTS:
            part = evaluation.part(name)
            found[name] = [part.precision, part.recall]
    return found


def ours(file: Path, truth: Path | None, models: Path) -> dict[str, Any]:
    """This project: trained on first use (`first`), then a full linkage with the model that is there (`seconds`)."""
    con = _open(file)
    start = time.perf_counter()
    linkage.resolve(con, models, 1)
    first = time.perf_counter() - start
    con.close()
    con = _open(_copied(Path(str(file) + ".source"), "again"))
    start = time.perf_counter()
    linkage.resolve(con, models, 1)
    return {"first": first, "seconds": time.perf_counter() - start, **_judge(con, truth)}


def plain(file: Path, truth: Path | None, _models: Path) -> dict[str, Any]:
    """Plain Splink: training and linkage."""
    con = _open(file)
    start = time.perf_counter()
    plain_splink.link(con)
    seconds = time.perf_counter() - start
    con.execute("ALTER TABLE plain_person RENAME TO mention_person")
    return {"first": seconds, "seconds": seconds, **_judge(con, truth)}


def _copied(file: Path, name: str) -> Path:
    copy = Path(tempfile.mkdtemp(prefix="onegrid-linkage-")) / f"{name}.duckdb"
    shutil.copy(file, copy)
    return copy


def _in_a_process(which: str, file: Path, truth: Path | None) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.linkage", str(file), "--only", which]
    answer = subprocess.run(command + (["--truth", str(truth)] if truth else []), check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout.strip().splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("mentions", type=Path)
    parser.add_argument("--truth", type=Path, default=None)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", choices=("ours", "plain"), default=None)
    chosen = parser.parse_args()
    if chosen.only:
        copy = _copied(chosen.mentions, "copy")
        shutil.copy(chosen.mentions, str(copy) + ".source")
        measured = {"ours": ours, "plain": plain}[chosen.only](copy, chosen.truth, copy.parent / "models")
        measured["peak GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        shutil.rmtree(copy.parent)
        print(json.dumps(measured))
        return
    for _ in range(chosen.repeat):
        results = {which: _in_a_process(which, chosen.mentions, chosen.truth) for which in ("plain", "ours")}
        for name in results["ours"]:
            print(f"{name:<14}" + "".join(f"{which}: {results[which][name]!s:<48}" for which in results))
        print(f"time, ours with training / plain with training: {results['ours']['first'] / results['plain']['first']:.2f}")
        print(f"time, ours with its model / plain with training: {results['ours']['seconds'] / results['plain']['seconds']:.2f}")


if __name__ == "__main__":
    main()
