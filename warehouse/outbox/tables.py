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


class OutboxChannel(Base):
    """A further way to a department beside its folder: a webhook or e-mail. `target` (the address) is sealed: it can hold a password."""

    __tablename__ = "outbox_channel"

    department: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    target: Mapped[str]
    secret_env: Mapped[str | None] = mapped_column(String(64))


class OutboxPush(Base):
    """How far one batch has come on one channel. `dead`: why it is tried no more."""

    __tablename__ = "outbox_push"

    department: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    batch: Mapped[int] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    next_attempt: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    dead: Mapped[str | None] = mapped_column(String(200))
