"""Case numbers of lookups: each request is recorded as long as the feed says, sealed.

Belongs here: writing a request and forgetting those whose time is over. Does not: the audit log, which names the persons.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from sqlalchemy import delete

from warehouse.feeds.declared import DeclaredFeed
from warehouse.feeds.tables import FeedRequest
from warehouse.office.database import office
from warehouse.office.sealing import keyed_digest, seal
from warehouse.queries.compiling import moved

USE = "feed case number"


def note(home: Path, declared: DeclaredFeed, purpose: str, account: str, case_number: str, *, now: datetime) -> None:
    """Record one request; what was to be kept until before `now` is forgotten."""
    retention, today = declared.retention, now.date()
    kept_until = date.fromordinal(moved(today, retention.request_months).toordinal() + retention.request_days)
    number = case_number.strip()
    with office(home) as session:
        session.execute(delete(FeedRequest).where(FeedRequest.keep_until < today))
        session.add(FeedRequest(module=declared.module, purpose=purpose, account=account, case_digest=keyed_digest(home, USE, number),
                                case_sealed=seal(home, USE, number), asked_at=now, keep_until=kept_until))
