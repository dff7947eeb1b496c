"""Reading a class query from JSON, YAML or plain data, with every problem of it in one error.

Belongs here: the shape of queries, classes, attributes, operators, purpose of each leaf.
Does not: values (values.py), SQL (compiling.py).
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import yaml

from sources.catalogue import load_catalogue
from sources.catalogue.models import AttributeClass
from warehouse.purposes import authorise
from warehouse.queries.model import All, AnyOf, Leaf, Node, Not, Query, QueryRefused, Value, leaves
from warehouse.queries.values import DATE_FORM, WrongValue, checked_values, hukou_division, residence_place

MOST_CHARACTERS = 200_000
DEEPEST = 20
MOST_NODES = 500
QUERY_KEYS = ("purpose", "query", "as_of")
LEAF_KEYS = ("class", "attribute", "op", "value")
LIST_OPERATORS = {"in": False, "not_in": False, "contains_any": True, "contains_none": True}
"""True: for attributes of type code_list only; False: for all others only (clarification 33)."""


def parse(source: str | dict[str, Any], *, purpose: str | None = None) -> Query:
    """A checked query. `purpose` may be stated beside the query instead of in it, or must agree.

    Raises QueryRefused with every problem, PurposeRefused for an unknown purpose.
    """
    stated = _read(source) if isinstance(source, str) else source
    if not isinstance(stated, dict):
        raise QueryRefused([f"a query is an object with the keys {', '.join(QUERY_KEYS)}"])
    problems = [f"unknown key {key!r}; allowed: {', '.join(QUERY_KEYS)}" for key in stated if key not in QUERY_KEYS]
    agreed = _purpose(stated.get("purpose"), purpose, problems)
    as_of = _as_of(stated.get("as_of"), problems)
    tree: Node | None = None
    if "query" in stated:
        tree = _TreeReader(agreed, problems).node(stated["query"], "query", 1)
    else:
        problems.append("the key query is missing: a tree of all, any, not and leaves")
    if problems or agreed is None or tree is None:
        raise QueryRefused(problems)
    return Query(agreed, tree, as_of)


def parse_tree(tree: dict[str, Any], purpose: str) -> Query:
    """A checked query of a tree alone."""
    return parse({"purpose": purpose, "query": tree})


def _purpose(inside: Any, beside: str | None, problems: list[str]) -> str | None:
    stated = beside if inside is None else inside
    if not isinstance(stated, str):
        problems.append(f"purpose is missing: state one of {', '.join(load_catalogue().purposes)}")
        return None
    if beside is not None and inside is not None and beside != inside:
        problems.append(f"the query states purpose {inside!r}, the reader {beside!r}")
    authorise(stated, ())
    return stated


def _as_of(stated: Any, problems: list[str]) -> date | None:
    if stated is None or (isinstance(stated, date) and not isinstance(stated, datetime)):
        return stated
    if isinstance(stated, str) and DATE_FORM.fullmatch(stated):
        with suppress(ValueError):
            return date.fromisoformat(stated)
    problems.append("as_of is a date YYYY-MM-DD")
    return None


class _TreeReader:
    """Walks one tree and collects what is wrong with it."""

    def __init__(self, purpose: str | None, problems: list[str]) -> None:
        self.purpose = purpose
        self.problems = problems
        self.nodes = 0

    def wrong(self, path: str, text: str) -> None:
        self.problems.append(f"{path}: {text}")

    def node(self, stated: Any, path: str, depth: int) -> Node | None:
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > DEEPEST:
            if self.nodes == MOST_NODES + 1 or depth > DEEPEST:
                self.wrong(path, f"a query has at most {MOST_NODES} nodes and is at most {DEEPEST} deep")
            self.nodes = max(self.nodes, MOST_NODES + 1)
            return None
        if not isinstance(stated, dict):
            self.wrong(path, "is an object: {all: [...]}, {any: [...]}, {not: ...} or {class, op, value}")
            return None
        if "class" in stated:
            return self.leaf(stated, path)
        if len(stated) != 1 or next(iter(stated)) not in ("all", "any", "not"):
            keys = ", ".join(map(str, stated)) or "nothing"
            self.wrong(
                path, f"has exactly one of the keys all, any, not, or is a leaf with class, op, value; found: {keys}"
            )
            return None
        return self.branch(next(iter(stated)), next(iter(stated.values())), path, depth)

    def branch(self, key: str, inside: Any, path: str, depth: int) -> Node | None:
        if key == "not":
            part = self.node(inside, f"{path}.not", depth + 1)
            return None if part is None else Not(part)
        if not isinstance(inside, list) or not inside:
            self.wrong(f"{path}.{key}", "is a list with at least one part")
            return None
        parts: list[Node] = []
        for position, stated in enumerate(inside):
            part = self.node(stated, f"{path}.{key}[{position}]", depth + 1)
            if part is not None:
                parts.append(part)
            if self.nodes > MOST_NODES:
                return None
        return All(tuple(parts)) if key == "all" else AnyOf(tuple(parts))

    def leaf(self, stated: dict[str, Any], path: str) -> Node | None:
        before = len(self.problems)
        for key in stated:
            if key not in LEAF_KEYS:
                self.wrong(path, f"unknown key {key!r}; allowed: {', '.join(LEAF_KEYS)}")
        classes = load_catalogue().classes
        name = stated["class"]
        if not isinstance(name, str) or name not in classes:
            self.wrong(f"{path}.class", f"there is no class {name!r}; allowed: {', '.join(classes)}")
            return None
        klass = classes[name]
        attribute = self.attribute(klass, stated.get("attribute"), path)
        op = self.operator(klass, attribute, stated.get("op"), path)
        if op is None or len(self.problems) > before:
            return None
        values = self.values(klass, attribute, op, stated, path)
        if values is None:
            return None
        attributes, checked = values
        self.open_to_purpose(klass, attributes, path)
        return Leaf(name, attributes, op, checked, stated.get("attribute"), stated.get("value"))

    def attribute(self, klass: AttributeClass, stated: Any, path: str) -> str | None:
        if klass.kind == "hierarchy":
            if stated is not None:
                self.wrong(f"{path}.attribute", f"is left out in {klass.name}: the value gives the level")
            return None
        if stated is None and len(klass.attributes) == 1:
            return klass.attributes[0]
        if stated not in klass.attributes:
            found = "is missing" if stated is None else f"{stated!r} is none of the class"
            self.wrong(f"{path}.attribute", f"{found}; {klass.name} has: {', '.join(klass.attributes)}")
            return None
        return str(stated)

    def operator(self, klass: AttributeClass, attribute: str | None, stated: Any, path: str) -> str | None:
        allowed = list(klass.operators)
        if attribute is not None:
            is_list = load_catalogue().attributes[attribute].type == "code_list"
            allowed = [op for op in allowed if LIST_OPERATORS.get(op, is_list) == is_list]
        if not isinstance(stated, str) or stated not in allowed:
            found = "is missing" if stated is None else f"{stated!r} is not possible"
            self.wrong(f"{path}.op", f"{found}; {attribute or klass.name} allows: {', '.join(allowed)}")
            return None
        return stated

    def values(
        self, klass: AttributeClass, attribute: str | None, op: str, stated: dict[str, Any], path: str
    ) -> tuple[tuple[str, ...], tuple[Value, ...]] | None:
        """(attributes, values) of a leaf; in residence_area one attribute per value."""
        own = (attribute or klass.attributes[0],)
        if op == "is_missing" or "value" not in stated:
            if (op == "is_missing") != ("value" in stated):
                return own, ()
            self.wrong(
                f"{path}.value", "is left out with is_missing" if op == "is_missing" else f"is missing; {op} needs one"
            )
            return None
        try:
            described = None if attribute is None else load_catalogue().attributes[attribute]
            checked = checked_values(klass.kind, described, op, stated["value"])
            if klass.name == "residence_area":
                places = [residence_place(str(code)) for code in checked]
                return tuple(level for level, _ in places), tuple(code for _, code in places)
            divided = klass.kind == "hierarchy"
            return own, tuple(hukou_division(str(code)) for code in checked) if divided else checked
        except WrongValue as problem:
            self.wrong(f"{path}.value", str(problem))
            return None

    def open_to_purpose(self, klass: AttributeClass, attributes: tuple[str, ...], path: str) -> None:
        """Every leaf needs its own attribute in the purpose (clarification 34)."""
        if self.purpose is None:
            return
        purpose = load_catalogue().purposes[self.purpose]
        closed = [name for name in dict.fromkeys(attributes) if name not in purpose.attributes]
        if closed:
            self.wrong(
                path,
                f"purpose {purpose.name} does not open {', '.join(closed)} of class {klass.name}; "
                f"it opens: {', '.join(open_attributes(purpose.name))}",
            )


def open_attributes(purpose: str) -> list[str]:
    """`class` or `class.attribute` of everything that queries of a purpose may use."""
    stated = load_catalogue().purposes[purpose]
    return [
        klass.name if len(klass.attributes) == 1 else f"{klass.name}.{name}"
        for klass in load_catalogue().classes.values()
        for name in klass.attributes
        if name in stated.attributes
    ]


def asks_for(query: Query) -> set[str]:
    """Every attribute that the leaves of a query read."""
    return {attribute for leaf in leaves(query.tree) for attribute in leaf.attributes}


class _StrictLoader(yaml.SafeLoader):
    """YAML without aliases (a few lines could stand for millions of nodes) and without keys that stand twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "aliases (*) are not allowed", parent.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _ in node.value]
        if len(set(map(str, keys))) < len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _read(text: str) -> Any:
    if len(text) > MOST_CHARACTERS:
        raise QueryRefused([f"a query has at most {MOST_CHARACTERS} characters"])
    try:
        return json.loads(text, object_pairs_hook=_once)
    except ValueError:
        pass
    except RecursionError:
        raise QueryRefused([f"a query is at most {DEEPEST} deep"]) from None
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise QueryRefused([f"neither JSON nor YAML{where}: {problem.problem}"]) from None
    except RecursionError:
        raise QueryRefused([f"a query is at most {DEEPEST} deep"]) from None
    except (yaml.YAMLError, ValueError):
        raise QueryRefused(["neither JSON nor YAML: a character or value that no query holds"]) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise QueryRefused([f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice"])
    return dict(pairs)
