"""Grid worker loop: what residents say at the door, compared with the profile and divided among the departments that own the registers.

Belongs here: who a line of the form speaks of (finding.py), what differs (comparing.py), to whom it goes (routing.py, routing.yaml),
the proposals (offers.py), what became of them for the grid worker (results.py), prefilled lines (forms.py).
Does not: the form itself (sources/catalogue/forms), its deliveries (sources), the life of a proposal (warehouse/changes).

A form never changes a profile: it is no source of an attribute and takes no part in linkage (docs/grid_visits.md).
"""

from warehouse.visits.building import Visits, build
from warehouse.visits.offers import append

__all__ = ["Visits", "append", "build"]
