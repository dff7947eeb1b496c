"""Places: every address brought to the administrative tree and, where it leads to exactly one, to a dwelling.

Belongs here: words for places, the grammar of addresses, the index of dwellings, and the table `place`.
Does not: whose address it is and which one survives (warehouse).
"""

from resolvers.places.explain import TextPlace, explain_text
from resolvers.places.matching import PlaceCounts, build
from resolvers.places.parts import AddressParts, parse, standard_form

__all__ = ["AddressParts", "PlaceCounts", "TextPlace", "build", "explain_text", "parse", "standard_form"]
