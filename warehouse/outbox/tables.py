"""The table of messages.

Belongs here: columns. No value of a record and no natural key stands here.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.office.base import Base


class OutboxMessage(Base):
    """One event of one alert for one department. `step` counts the messages of this pair; `batch` is what goes out together."""

    __tablename__ = "outbox_message"
    __table_args__ = (UniqueConstraint("alert_id", "department", "step", name="uq_outbox_message_step"),)

    message_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    alert_id: Mapped[str] = mapped_column(String(96))
    department: Mapped[str] = mapped_column(String(64))
    step: Mapped[int]
    check: Mapped[str] = mapped_column("check_name", String(64))
    severity: Mapped[str] = mapped_column(String(8))
    event: Mapped[str] = mapped_column(String(16))
    as_of: Mapped[date]
    run: Mapped[str] = mapped_column(String(64))
    batch: Mapped[int] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
