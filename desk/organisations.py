"""`onegrid organisation`: an organisation by its id or one of its names, with names, numbers, branches and records.

Belongs here: the look-up and its wording. Does not: resolving. No person is shown; counts under MIN_RECORDS are not told.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb

from desk.access import passing
from desk.render import table
from resolvers.organisations.naming import read_name
from sources.errors import OneGridError
from sources.tables import has_table
from warehouse import audit
from warehouse.access import Request
from warehouse.snapshots import open_snapshot

MIN_RECORDS = 10
_COLUMNS = ("organisation_id", "name", "kind", "uscc", "county_code", "parent_id", "names", "numbers", "records", "branches")
_HEADERS = {"zh": ("编号", "名称", "类别", "统一社会信用代码", "县市区", "上级单位", "各种写法", "部门编号", "记录数", "分支机构"),
            "en": _COLUMNS}


def find(con: duckdb.DuckDBPyConnection, asked: str) -> list[dict[str, Any]]:
    """The organisations with this id, this name or a name that reads the same; by id. Raises OneGridError."""
    if not has_table(con, "organisation"):
        raise OneGridError("there is no registry of organisations", "the current snapshot", "run `onegrid run` and ask again")
    wanted = read_name(asked)
    named = con.execute("SELECT DISTINCT unnest(names) FROM organisation").fetchall()
    alike = [name for (name,) in named if name == asked or (not wanted.problem and read_name(name) == wanted)]
    rows = con.execute("""SELECT organisation_id, name, kind, uscc, county_code, parent_id, names, numbers,
                                 CASE WHEN records >= $least THEN records END,
                                 (SELECT coalesce(list_sort(list(branch.name)), []) FROM organisation branch
                                  WHERE branch.parent_id = organisation.organisation_id)
                          FROM organisation WHERE organisation_id = $asked OR list_has_any(names, $alike::VARCHAR[]) ORDER BY 1""",
                       {"least": MIN_RECORDS, "asked": asked, "alike": alike}).fetchall()
    if not rows:
        raise OneGridError("no organisation of this name or id", "the registry of organisations", "give the full name, or the id")
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]


def show_organisation(home: Path, asked: str, output: str, language: str, user: str | None = None) -> None:
    """Print what `find` finds. Raises AccessRefused, NoSnapshot, OneGridError."""
    with passing(home, user, Request("organisation", asked=audit.digest(home, asked))) as pass_:
        with open_snapshot(home) as con:
            found = find(con, asked)
        pass_.saw((), len(found))
    if output == "json":
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    for one in found:
        rows = [(header, "、".join(one[key]) if isinstance(one[key], list) else one[key])
                for header, key in zip(_HEADERS[language], _COLUMNS, strict=True)]
        table(str(one["name"]), ("", ""), rows)
