"""The tables of offers in the office.

Belongs here: columns. Values and natural keys stand in `change_offer` of the encrypted store; here are ids, digests and states.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.office.base import Base


class Change(Base):
    """One offer to one department. `facts`: keyed digest of what the record held and what was offered."""

    __tablename__ = "change"

    change_id: Mapped[str] = mapped_column(String(24), primary_key=True)
    origin: Mapped[str] = mapped_column(String(10))
    department: Mapped[str] = mapped_column(String(64), index=True)
    category: Mapped[str | None] = mapped_column(String(64))
    attribute: Mapped[str | None] = mapped_column(String(64))
    person_id: Mapped[str | None] = mapped_column(String(20))
    facts: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), index=True)
    version: Mapped[int]
    offered_on: Mapped[date]
    ended_on: Mapped[date | None]


class ChangeEvent(Base):
    """One step of an offer; never changed, never deleted."""

    __tablename__ = "change_event"

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("change.change_id"), index=True)
    happened_at: Mapped[datetime]
    as_of: Mapped[date | None]
    account: Mapped[str] = mapped_column(String(64))
    from_state: Mapped[str | None] = mapped_column(String(10))
    to_state: Mapped[str] = mapped_column(String(10))
    words: Mapped[str | None]


class ChangeRun(Base):
    """One run that was brought into the book of offers."""

    __tablename__ = "change_run"

    run: Mapped[str] = mapped_column(String(64), primary_key=True)
    as_of: Mapped[date] = mapped_column(index=True)
