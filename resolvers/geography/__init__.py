"""Geography: the areas of the city as polygons, and where every dwelling lies.

Belongs here: reading and writing GeoJSON, checking areas, the history of boundaries, points in areas.
Does not: what an address says (resolvers/places), counts of people by area (warehouse).
"""

from resolvers.geography.geojson import read_geojson, write_geojson
from resolvers.geography.history import LoadCounts, boundaries_as_of, load_boundaries
from resolvers.geography.locating import LocationReport, locate_dwellings, location_report
from resolvers.geography.model import LEVELS, Area, BoundariesRefused, Finding, Reading

__all__ = [
    "LEVELS",
    "Area",
    "BoundariesRefused",
    "Finding",
    "LoadCounts",
    "LocationReport",
    "Reading",
    "boundaries_as_of",
    "load_boundaries",
    "locate_dwellings",
    "location_report",
    "read_geojson",
    "write_geojson",
]
