"""Employers, schools, health institutions, offices and owners of all categories as one registry of organisations.

Belongs here: which cells name an organisation, credit codes, reading of names, which names are one organisation.
Does not: people, addresses, what a profile shows.
"""

from resolvers.organisations.resolving import OrganisationCounts, build

__all__ = ["OrganisationCounts", "build"]
