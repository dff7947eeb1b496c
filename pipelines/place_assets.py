"""The assets about places and families: places, organisations,
dwelling locations, residences, households, areas.

Belongs here: names, dependencies, checks and metadata. What happens is in `pipelines/place_stages.py`.
"""
# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

import dagster as dg

from pipelines import place_stages
from pipelines.category_assets import PLACES
from pipelines.installation import Installation
from sources.catalogue import load_catalogue

GROUP = "city"
PROFILES = dg.AssetKey(["city", "profiles"])
HOUSEHOLDS = dg.AssetKey(["city", "households"])
RESIDENCES = dg.AssetKey(["city", "residences"])
AREAS = dg.AssetKey(["city", "areas"])
ORGANISATIONS = dg.AssetKey(["city", "organisations"])
LOCATIONS = dg.AssetKey(["city", "dwelling_locations"])
LARGEST_DIFFERING = 0.05
"""Share of the dwellings of a community whose coordinates lie elsewhere; wrong coordinates of single houses stay below it, a boundary or
a whole street that was moved does not."""
FEWEST = 20
"""Dwellings from which a community is judged."""


def _materialised(counts: dict[str, int]) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.pop("rows"), **counts})


@dg.asset(key=PLACES, deps=[dg.AssetKey(["current", category]) for category in load_catalogue().contracts], group_name=GROUP,
          kinds={"duckdb"}, description="Every address cell brought to township, community and, where exactly one fits, dwelling.")
def places(installation: Installation) -> dg.MaterializeResult:
    return _materialised(place_stages.build_places(installation.con, installation.until_date))


@dg.asset(key=ORGANISATIONS, deps=[dg.AssetKey(["current", category]) for category in load_catalogue().contracts], group_name=GROUP,
          kinds={"duckdb"}, description="Employers, schools, health institutions, offices and owners as one registry.")
def organisations(installation: Installation) -> dg.MaterializeResult:
    return _materialised(place_stages.build_organisations(installation.con))


@dg.asset(key=LOCATIONS, deps=[dg.AssetKey(["current", "house_registry"])], group_name=GROUP, kinds={"shapely", "duckdb"},
          check_specs=[dg.AssetCheckSpec("coordinates_agree", asset=LOCATIONS,
                                         description="In no community do many dwellings lie outside the area that the register states.")],
          description="Every dwelling in its grid by coordinates and by the register; needs boundaries (onegrid boundaries load).")
def dwelling_locations(installation: Installation) -> dg.MaterializeResult:
    found = place_stages.locate_dwellings(installation.con, installation.until_date)
    suspicious = {code: counts["differ"] for code, counts in found.by_community.items()
                  if sum(counts.values()) >= FEWEST and counts.get("differ", 0) > LARGEST_DIFFERING * sum(counts.values())}
    verdict = dg.AssetCheckResult(check_name="coordinates_agree", passed=not suspicious, severity=dg.AssetCheckSeverity.WARN,
                                  metadata={"communities": len(suspicious), **dict(sorted(suspicious.items())[:20])})
    return dg.MaterializeResult(metadata={"dagster/row_count": found.dwellings, **found.by_verdict, **found.by_problem},
                                check_results=[verdict])


@dg.asset(key=HOUSEHOLDS, deps=[PROFILES], group_name=GROUP, kinds={"duckdb"},
          description="Households of registration and of residence with their members, and the ties between family members.")
def households(installation: Installation) -> dg.MaterializeResult:
    return _materialised(place_stages.build_households(installation.con, installation.until_date))


@dg.asset(key=RESIDENCES, deps=[PLACES, PROFILES], group_name=GROUP, kinds={"duckdb"},
          description="Every residence claim with its place, dates, score and standing; where somebody lived when, by which claims.")
def residences(installation: Installation) -> dg.MaterializeResult:
    return _materialised(place_stages.build_residences(installation.con, installation.until_date))


@dg.asset(key=AREAS, deps=[PROFILES, dg.AssetKey(["current", "house_registry"])], group_name=GROUP, kinds={"duckdb"},
          description="The roll-up: residents, households, dwellings and the values of the 30 classes per area of five levels.")
def areas(installation: Installation) -> dg.MaterializeResult:
    return _materialised(place_stages.build_areas(installation.con))


PLACE_ASSETS = [places, organisations, dwelling_locations, households, residences, areas]
