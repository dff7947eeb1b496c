"""Tables of feeds in the office: who agreed to take part, and the case numbers of lookups.

Belongs here: models. Does not: rules (consents.py, answers.py). Migration 0006_feeds makes them.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, DateTime, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.office.base import Base


class FeedConsent(Base):
    """A person on the list of consents that one committee (`area`, a community) supplied for a module."""

    __tablename__ = "feed_consent"

    module: Mapped[str] = mapped_column(String(64), primary_key=True)
    area: Mapped[str] = mapped_column(String(12), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    listed_by: Mapped[str] = mapped_column(String(64))
    listed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class FeedRequest(Base):
    """One lookup with the case number of the department that asked: sealed, and recorded until `keep_until`."""

    __tablename__ = "feed_request"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    module: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(64))
    account: Mapped[str] = mapped_column(String(64))
    case_digest: Mapped[str] = mapped_column(String(64), index=True)
    case_sealed: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    keep_until: Mapped[date] = mapped_column(Date, index=True)
