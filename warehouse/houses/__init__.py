"""The house lookup: who may be contacted about a dwelling, and about the one above it.

Belongs here: from an address or a code to one dwelling (register, finding, rooms), its people (contacts), the look with its
audit entry (looking), and the dwellings that are gone (gone). Does not: terminal and files (desk).
"""

from warehouse.houses.looking import Answer, Beside, Question, look, purposes_that_look

__all__ = ["Answer", "Beside", "Question", "look", "purposes_that_look"]
