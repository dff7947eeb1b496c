"""Arguments and options that several commands share.

Belongs here: types of options, choices, and how a day is given. Does not: commands.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[Path, typer.Option("--home", help="folder of the installation")]
PurposeOption = Annotated[str, typer.Option("--purpose", help="why you read: a purpose of the catalogue, for instance elderly_care")]
StewardPurpose = Annotated[str, typer.Option("--purpose", help="reviewing records is for data_quality only")]
User = Annotated[str | None, typer.Option("--user", "--by", envvar="ONEGRID_USER", help="your account; your login name when left out")]
PlainUser = Annotated[str | None, typer.Option("--user", envvar="ONEGRID_USER", help="your account; your login name when left out")]
"""For commands whose --by says something else."""
DAY = typer.Option(formats=["%Y-%m-%d"])


class RoleName(enum.StrEnum):
    """As warehouse.access.Role, which is not imported before a command needs it; a test compares the two."""

    OPERATOR = "operator"
    STEWARD = "steward"
    CASE_WORKER = "case_worker"
    ANALYST = "analyst"
    GRID_WORKER = "grid_worker"
    COMMUNITY_CLERK = "community_clerk"
    HEALTH_CENTRE = "health_centre"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    SERVICE = "service"
    RESIDENT = "resident"


class QueryFormat(enum.StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class AreaLevel(enum.StrEnum):
    COUNTY = "county"
    TOWNSHIP = "township"
    COMMUNITY = "community"
    GRID = "grid"


class AreaFormat(enum.StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class ShownFormat(enum.StrEnum):
    TABLE = "table"
    JSON = "json"


class ReviewVerdict(enum.StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


class ExplainFormat(enum.StrEnum):
    TEXT = "text"
    JSON = "json"


class Language(enum.StrEnum):
    ZH = "zh"
    EN = "en"


class AlertState(enum.StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CORRECTED = "corrected"
    REJECTED = "rejected"
    CLOSED = "closed"


class SubjectAnswer(enum.StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


class LinkEngine(enum.StrEnum):
    DUCKDB = "duckdb"
    SPARK = "spark"


class ExportTable(enum.StrEnum):
    MENTIONS = "mentions"
    PROFILES = "profiles"
    PROVENANCE = "provenance"
    QUARANTINE = "quarantine"
    DELIVERIES = "deliveries"
    ALERTS = "alerts"


def day_of(moment: datetime | None) -> date | None:
    """The day of an option of type DAY."""
    return moment.date() if moment is not None else None
