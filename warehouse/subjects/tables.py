"""The tables of residents' requests in the office.

Belongs here: columns. Does not: rules (requests.py).
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.office.base import Base


class SubjectRequest(Base):
    """One request of a resident to one department: to correct what is held, or to stop using it.

    `says`, `why` and `answer` are sealed. `version` counts changes, so that of two clerks the second is told.
    """

    __tablename__ = "subject_request"

    request_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    person_id: Mapped[str] = mapped_column(String(20), index=True)
    attribute: Mapped[str | None] = mapped_column(String(64))
    category: Mapped[str | None] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(64), index=True)
    made_by: Mapped[str] = mapped_column(String(64))
    received_on: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(10))
    version: Mapped[int]
    says: Mapped[str | None]
    why: Mapped[str]


class SubjectEvent(Base):
    """One step of a request; never changed, never deleted."""

    __tablename__ = "subject_event"

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("subject_request.request_id"), index=True)
    happened_at: Mapped[datetime]
    account: Mapped[str] = mapped_column(String(64))
    from_state: Mapped[str | None] = mapped_column(String(10))
    to_state: Mapped[str] = mapped_column(String(10))
    answer: Mapped[str | None]
