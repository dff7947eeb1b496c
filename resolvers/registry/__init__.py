"""The registry of person ids: they stay the same from run to run, and every change is told with its cause.

Belongs here: which cluster keeps which id when clusters merge or split, numbers for new persons (assignment.py), what
caused a change (causes.py), how much a run changed (churn.py), the story of an id (story.py). Does not: making
clusters (resolvers/linkage).

    person_member    the last person of every mention ever seen, since which run, and since which run it is gone
    person_past      where a mention was before: person, first run, run in which it left
    person_registry  every id ever given: first run, run of its last change, state current|merged|retired
    person_change    given|merged|split|retired|returned, with the run, the two mentions and the evidence that caused it
    person_run       figures of each run (churn)

The rule is that of `person_id` in attributes.yaml: of merged ids the smallest survives; of a split cluster the larger
part (by records, then by the smaller key) keeps the id. A merged id comes back when the larger part of the mentions
that it had at its end stands in a cluster that would need a new id. A number is never given twice.
"""

from __future__ import annotations

from resolvers.registry.assignment import assign_ids
from resolvers.registry.churn import Churn, ChurnBounds, churn, churn_exceeds
from resolvers.registry.story import Event, UnknownPerson, history_of
from resolvers.registry.tables import next_run

__all__ = [
    "Churn",
    "ChurnBounds",
    "Event",
    "UnknownPerson",
    "assign_ids",
    "churn",
    "churn_exceeds",
    "history_of",
    "next_run",
]
