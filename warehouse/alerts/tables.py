"""The tables of the book of alerts.

Belongs here: columns. No value of a record and no natural key stands here: `facts` is a keyed digest, words are sealed.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.office.base import Base


class BookedAlert(Base):
    """One alert that was ever found. `holds`: its condition was true at the newest run."""

    __tablename__ = "alert"

    alert_id: Mapped[str] = mapped_column(String(24), primary_key=True)
    check: Mapped[str] = mapped_column("check_name", String(64), index=True)
    severity: Mapped[str] = mapped_column(String(8))
    person_id: Mapped[str | None] = mapped_column(String(20))
    facts: Mapped[str] = mapped_column(String(64))
    holds: Mapped[bool] = mapped_column(index=True)
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    reopened: Mapped[int]


class Addressee(Base):
    """One department that is told of an alert, and how far it has come there.

    `version` counts changes, so that of two people who answer at once the second is told. `answered_as_of` and `answered_facts` say
    what the department had before it when it answered.
    """

    __tablename__ = "alert_addressee"

    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.alert_id"), primary_key=True)
    department: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    version: Mapped[int]
    due_on: Mapped[date]
    assignee: Mapped[str | None] = mapped_column(String(64))
    answered_as_of: Mapped[date | None]
    answered_facts: Mapped[str | None] = mapped_column(String(64))


class AlertEvent(Base):
    """One thing that happened to an alert, at one department or at all (NULL); never changed, never deleted."""

    __tablename__ = "alert_event"

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.alert_id"), index=True)
    department: Mapped[str | None] = mapped_column(String(64))
    happened_at: Mapped[datetime]
    as_of: Mapped[date | None]
    account: Mapped[str] = mapped_column(String(64))
    cause: Mapped[str] = mapped_column(String(16))
    from_state: Mapped[str | None] = mapped_column(String(12))
    to_state: Mapped[str | None] = mapped_column(String(12))
    words: Mapped[str | None]


class BookedRun(Base):
    """One run that was brought into the book."""

    __tablename__ = "alert_run"

    run: Mapped[str] = mapped_column(String(64), primary_key=True)
    as_of: Mapped[date] = mapped_column(index=True)
    happened_at: Mapped[datetime]
    found: Mapped[int]
    opened: Mapped[int]
    closed: Mapped[int]
