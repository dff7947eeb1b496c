"""Statistics that do not reveal: perturbed answers to questions, and which counts of published products are withheld.

Belongs here: the noise and its table, the seed of a snapshot, suppression over all aggregate products of a day.
Does not: what a question means (warehouse/queries), counting, who may ask (warehouse/access). docs/disclosure.md has the limits.
"""

from __future__ import annotations

from warehouse.disclosure.noise import LARGEST, NOTE, STANDARD_DEVIATION, Perturbed, certainty, smallest_told
from warehouse.disclosure.seed import SeedMissing, seed_of, write_seed

__all__ = ["LARGEST", "NOTE", "STANDARD_DEVIATION", "Perturbed", "SeedMissing", "certainty", "seed_of", "smallest_told", "write_seed"]
