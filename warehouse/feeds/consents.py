"""Lists of persons who agreed to take part, as committees supply them; without a list a product that needs one is empty.

Belongs here: keeping a committee's newest list, the temporary table of those who agreed. Does not: who may supply one (warehouse/access).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import duckdb
from sqlalchemy import delete, select

from sources.errors import OneGridError
from warehouse.access import Reader, Request, gate
from warehouse.audit import Outcome
from warehouse.feeds.declared import feed_of
from warehouse.feeds.rows import CONSENTED
from warehouse.feeds.tables import FeedConsent
from warehouse.feeds.terms import Rows
from warehouse.office.database import office

COMMUNITY_DIGITS = 12


class NoConsents(OneGridError):
    """The list cannot be taken: the module needs none, or it is not said whose list it is."""


def supply(home: Path, reader: Reader, module: str, area: str, person_ids: Iterable[str], *, now: datetime) -> int:
    """Take the list of a community's committee in place of its former one; returns the number of persons. An empty list withdraws all.

    Raises NoConsents; AccessRefused unless the reader receives the product in that community.
    """
    declared = feed_of(module)
    if declared.scope.rows is not Rows.CONSENTED:
        raise NoConsents(what=f"{module} asks for no list of consents", where="feeds consents", remedy="see `onegrid feeds list`")
    if len(area) != COMMUNITY_DIGITS or not area.isdigit():
        raise NoConsents(what="it is not said whose list this is", where="feeds consents", remedy="state the community, 12 digits")
    persons = sorted(set(person_ids))
    request = Request("feeds", declared.feed.purpose, ("person_id",), rows=True, areas=(area,), feed=module, asked=module)
    with gate.passing(home, reader, request, now=now) as pass_, office(home) as session:
        session.execute(delete(FeedConsent).where(FeedConsent.module == module, FeedConsent.area == area))
        session.add_all(FeedConsent(module=module, area=area, person_id=person, listed_by=reader.user, listed_at=now)
                        for person in persons)
        pass_.saw(persons, len(persons), outcome=Outcome.DECIDED)
    return len(persons)


def fill_consented(con: duckdb.DuckDBPyConnection, home: Path, module: str) -> None:
    """Fill CONSENTED with the persons on the lists of a module, each in the community that listed them only."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {CONSENTED} (person_id VARCHAR, area VARCHAR)")
    with office(home) as session:
        listed = session.execute(select(FeedConsent.person_id, FeedConsent.area).where(FeedConsent.module == module)).all()
    con.execute(f"INSERT INTO {CONSENTED} SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
                [[person for person, _ in listed], [area for _, area in listed]])
