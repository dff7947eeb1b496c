"""Tables of warehouse/subjects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_subjects"
down_revision = "0006_feeds"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "subject_request",
        sa.Column("request_id", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("person_id", sa.String(20), nullable=False),
        sa.Column("attribute", sa.String(64)),
        sa.Column("category", sa.String(64)),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("says", sa.String),
        sa.Column("why", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_subject_request"),
    )
    op.create_index("ix_subject_request_person_id", "subject_request", ["person_id"])
    op.create_index("ix_subject_request_department", "subject_request", ["department"])
    op.create_table(
        "subject_event",
        sa.Column("event_id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("request_id", sa.String(20), nullable=False),
        sa.Column("happened_at", sa.DateTime, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("from_state", sa.String(10)),
        sa.Column("to_state", sa.String(10), nullable=False),
        sa.Column("answer", sa.String),
        sa.ForeignKeyConstraint(["request_id"], ["subject_request.request_id"], name="fk_subject_event_request_id_subject_request"),
        sa.PrimaryKeyConstraint("event_id", name="pk_subject_event"),
    )
    op.create_index("ix_subject_event_request_id", "subject_event", ["request_id"])
