"""Class queries: parse what is asked, limit it to its purpose, compile it to one SQL statement, answer it.

Belongs here: everything between a query as text and an answer from a snapshot. Does not: Chinese phrases (phrases.py).
"""

from warehouse.queries.answering import Answer, Breakdown, Cell, Count, answer, count, count_by, statement
from warehouse.queries.compiling import compile_condition
from warehouse.queries.model import Query, QueryRefused, plain
from warehouse.queries.parsing import parse, parse_tree

__all__ = [
    "Answer",
    "Breakdown",
    "Cell",
    "Count",
    "Query",
    "QueryRefused",
    "answer",
    "compile_condition",
    "count",
    "count_by",
    "parse",
    "parse_tree",
    "plain",
    "statement",
]
