"""The rooms keep their doors: who may import whom, where heavy tools live, and what may stand at the top level."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "sources": set(),
    "expectations": {"sources"},
    "resolvers": {"sources", "expectations"},
    "warehouse": {"sources", "expectations", "resolvers"},
    "pipelines": {"sources", "expectations", "resolvers", "warehouse"},
    "desk": {"sources", "expectations", "resolvers", "warehouse", "pipelines"},
}
ONLY_IN = {"dagster": "pipelines", "splink": "resolvers", "great_expectations": "expectations"}
TOP_LEVEL = {"sources", "expectations", "resolvers", "warehouse", "pipelines", "tests", "dagster.yaml", "pyproject.toml", "README.md",
             "desk", "docs", "benchmarks", "Makefile", ".ci", "requirements.lock", "CHANGELOG.md", "LICENSE", ".gitignore"}
MODULES = sorted(path.relative_to(ROOT) for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))


def imported_roots(module: Path) -> set[str]:
    """First parts of everything a module imports, also inside functions."""
    roots = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            roots.add(node.module.split(".")[0])
    return roots


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_room_imports_only_what_its_table_row_allows(module: Path) -> None:
    room, roots = module.parts[0], imported_roots(module)
    assert roots & set(MAY_IMPORT) <= MAY_IMPORT[room] | {room}
    assert {tool for tool in roots & set(ONLY_IN) if ONLY_IN[tool] != room} == set()


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_says_what_belongs_in_it(module: Path) -> None:
    source = (ROOT / module).read_text(encoding="utf-8")
    assert not source.strip() or ast.get_docstring(ast.parse(source))


def test_nothing_else_stands_at_the_top_level() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert {path.split("/")[0] for path in tracked} <= TOP_LEVEL
