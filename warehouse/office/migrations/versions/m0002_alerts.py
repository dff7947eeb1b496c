"""Tables of warehouse/alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_alerts"
down_revision = "0001_access"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.String(24), nullable=False),
        sa.Column("check_name", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("person_id", sa.String(20)),
        sa.Column("facts", sa.String(64), nullable=False),
        sa.Column("holds", sa.Boolean, nullable=False),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alert"),
    )
    op.create_index("ix_alert_check_name", "alert", ["check_name"])
    op.create_index("ix_alert_holds", "alert", ["holds"])
    op.create_table(
        "alert_addressee",
        sa.Column("alert_id", sa.String(24), nullable=False),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("assignee", sa.String(64)),
        sa.Column("answered_as_of", sa.Date),
        sa.Column("answered_facts", sa.String(64)),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_alert_addressee_alert_id_alert"),
        sa.PrimaryKeyConstraint("alert_id", "department", name="pk_alert_addressee"),
    )
    op.create_index("ix_alert_addressee_state", "alert_addressee", ["state"])
    op.create_table(
        "alert_event",
        sa.Column("event_id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.String(24), nullable=False),
        sa.Column("department", sa.String(64)),
        sa.Column("happened_at", sa.DateTime, nullable=False),
        sa.Column("as_of", sa.Date),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("from_state", sa.String(12)),
        sa.Column("to_state", sa.String(12)),
        sa.Column("words", sa.String),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_alert_event_alert_id_alert"),
        sa.PrimaryKeyConstraint("event_id", name="pk_alert_event"),
    )
    op.create_index("ix_alert_event_alert_id", "alert_event", ["alert_id"])
    op.create_table(
        "alert_run",
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("happened_at", sa.DateTime, nullable=False),
        sa.Column("found", sa.Integer, nullable=False),
        sa.Column("opened", sa.Integer, nullable=False),
        sa.Column("closed", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_alert_run"),
    )
    op.create_index("ix_alert_run_as_of", "alert_run", ["as_of"])
