"""Clerical review: people decide on pairs that the linkage is unsure of, and their decisions are data.

Belongs here: decisions as they are kept (decisions.py), which of them contradict each other (conflicts.py), which hold in a run
(bringing.py), what to ask next (queue.py), what a reviewer sees (sides.py, words.py), and files for reviewers (exchange.py). Does
not: acting on decisions (resolvers/linkage reads `decided`), opening files (warehouse), commands (desk).

Every function takes a connection whose default database is the working state, with the decisions attached under the name
`decisions`. Decisions name mentions by category, natural key and role, so they outlive corrections of the record, retraining, and
the working state itself. Rows are only ever added.
"""

from __future__ import annotations

from resolvers.review.bringing import Brought, bring_to_mentions
from resolvers.review.conflicts import Conflict, Status
from resolvers.review.decisions import Decision, MentionKey, ReviewProblem, Verdict, create_tables, record
from resolvers.review.queue import Item, next_items

__all__ = [
    "Brought",
    "Conflict",
    "Decision",
    "Item",
    "MentionKey",
    "ReviewProblem",
    "Status",
    "Verdict",
    "bring_to_mentions",
    "create_tables",
    "next_items",
    "record",
]
