"""Commands about places: addresses, dwellings, households, areas, organisations.

Belongs here: address, residence, household, house, area, boundaries, organisation, audit. Does not: the work itself, which commands
import when they are called, so that a look does not wait for Dagster or Splink.
"""

from __future__ import annotations

import typer

app = typer.Typer()
