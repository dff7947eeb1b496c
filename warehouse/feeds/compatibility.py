"""What consumers rely on: the schema of each product, kept as a file of the project, and what may change in it.

Belongs here: the schema of a feed as it is declared now, the kept one, their comparison, versions.
Does not: rows. `schemas/<module>.json` is changed by `onegrid feeds check --accept`, in a commit that a reviewer sees.

Compatible, raises the minor version: a column at the end, a code more, a column that is never missing any more. Everything else
that a consumer would notice (a column gone, renamed, moved, of another type, missing now and then; a code less; another key, grain,
format or purpose) breaks: it is refused before anything is published, until the major version is raised on purpose.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from warehouse.feeds.declared import DeclaredFeed, FeedColumn, columns_of, load_feeds

FOLDER = Path(__file__).parent / "schemas"
FIRST = "1.0"
FIXED = ("grain", "format", "purpose", "key")
"""What stays as it is as long as the major version does."""


class SchemaBroken(OneGridError):
    """A product would change in a way that its consumers cannot read; nothing was published."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A feed against a schema: what breaks, what is added compatibly, and the version that this makes."""

    module: str
    version: str
    breaking: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return not self.breaking and not self.added


def schema_of(declared: DeclaredFeed, version: str = FIRST) -> dict[str, Any]:
    """The schema as it is declared now, as plain data."""
    feed = declared.feed
    schema: dict[str, Any] = {
        "module": feed.module, "version": version, "purpose": feed.purpose, "grain": feed.grain, "format": feed.delivery,
        "key": list(feed.key), "columns": [_column(column) for column in declared.columns],
    }  # fmt: skip
    if feed.variants:
        schema["variants"] = [{"recipient": variant.recipient, "purpose": variant.purpose, "answer": variant.answer,
                               "columns": [_column(column) for column in columns_of(variant)]} for variant in feed.variants]
    return schema


def _column(column: FeedColumn) -> dict[str, Any]:
    stated: dict[str, Any] = {"name": column.name, "type": column.type, "nullable": column.nullable}
    if column.codes is not None:
        values = sorted(load_catalogue().lists[column.codes].codes)
        digest = hashlib.sha256("\n".join(values).encode()).hexdigest()
        stated["codes"] = {"list": column.codes, "sha256": digest, "values": values}
    return stated


def kept_schema(module: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """The schema that consumers were promised; None for a module that has none yet."""
    path = folder / f"{module}.json"
    loaded: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return loaded


def compare(kept: dict[str, Any], declared: DeclaredFeed) -> Comparison:
    """The feed as declared now against a schema."""
    now = schema_of(declared)
    breaking = [f"{name} was {kept[name]}, is {now[name]}" for name in FIXED if kept[name] != now[name]]
    added: list[str] = []
    _compare_columns(kept["columns"], now["columns"], "", breaking, added)
    before = {variant["recipient"]: variant for variant in kept.get("variants", [])}
    after = {variant["recipient"]: variant for variant in now.get("variants", [])}
    for recipient, variant in before.items():
        if recipient not in after:
            breaking.append(f"the variant for {recipient} is gone")
            continue
        breaking += [f"{recipient}: {name} was {variant[name]}, is {after[recipient][name]}" for name in ("purpose", "answer")
                     if variant[name] != after[recipient][name]]
        _compare_columns(variant["columns"], after[recipient]["columns"], f"{recipient}: ", breaking, added)
    added += [f"variant for {recipient}" for recipient in after if recipient not in before]
    major, minor = map(int, kept["version"].split("."))
    version = f"{major + 1}.0" if breaking else f"{major}.{minor + 1}" if added else kept["version"]
    return Comparison(declared.module, version, tuple(breaking), tuple(added))


def _compare_columns(kept: list[dict[str, Any]], now: list[dict[str, Any]], where: str, breaking: list[str], added: list[str]) -> None:
    names = [column["name"] for column in now]
    for position, before in enumerate(kept):
        name = before["name"]
        if name not in names:
            breaking.append(f"{where}column {name} is gone")
            continue
        if names.index(name) != position:
            breaking.append(f"{where}column {name} was number {position + 1}, is number {names.index(name) + 1}")
        after = now[names.index(name)]
        if after["type"] != before["type"]:
            breaking.append(f"{where}column {name} was {before['type']}, is {after['type']}")
        if after["nullable"] and not before["nullable"]:
            breaking.append(f"{where}column {name} was never missing, can be missing")
        elif before["nullable"] and not after["nullable"]:
            added.append(f"{where}column {name} is never missing")
        _compare_codes(before, after, f"{where}column {name}", breaking, added)
    known = {column["name"] for column in kept}
    added += [f"{where}column {name}" for name in names if name not in known]


def _compare_codes(before: dict[str, Any], after: dict[str, Any], where: str, breaking: list[str], added: list[str]) -> None:
    old, new = set(before.get("codes", {}).get("values", ())), set(after.get("codes", {}).get("values", ()))
    if ("codes" in before) != ("codes" in after):
        breaking.append(f"{where} {'has codes no more' if 'codes' in before else 'has codes now'}")
        return
    if old - new:
        breaking.append(f"{where} lost the codes {', '.join(sorted(old - new))}")
    if new - old:
        added.append(f"{where}: codes {', '.join(sorted(new - old))}")


def compare_all(folder: Path = FOLDER) -> list[Comparison]:
    """Every feed against its kept schema; a module without one is new and compatible."""
    compared = []
    for declared in load_feeds().values():
        kept = kept_schema(declared.module, folder)
        compared.append(Comparison(declared.module, FIRST, (), ("the module",)) if kept is None else compare(kept, declared))
    return compared


def require_compatible(folder: Path = FOLDER) -> dict[str, str]:
    """The schema version of every module. Raises SchemaBroken with everything that would break, before anything is published."""
    compared = compare_all(folder)
    broken = [f"{one.module}: {problem}" for one in compared for problem in one.breaking]
    if broken:
        raise SchemaBroken(
            what="; ".join(broken), where="warehouse/feeds/schemas",
            remedy="undo the change, or agree with the consumers and raise the major version: `onegrid feeds check --accept --breaking`",
        )  # fmt: skip
    return {one.module: one.version for one in compared}


def accept(*, breaking: bool = False, folder: Path = FOLDER) -> list[Comparison]:
    """Keep the schemas as they are declared now, with raised versions; returns what changed. Raises SchemaBroken unless `breaking`."""
    if not breaking:
        require_compatible(folder)
    changed = [one for one in compare_all(folder) if not one.is_same]
    for one in changed:
        text = json.dumps(schema_of(load_feeds()[one.module], one.version), ensure_ascii=False, indent=1)
        (folder / f"{one.module}.json").write_text(text + "\n", encoding="utf-8")
    return changed
