"""Tables of warehouse/access."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_access"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "account",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("os_login", sa.String(64)),
        sa.Column("token_digest", sa.String(64)),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("retired_at", sa.DateTime),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
        sa.UniqueConstraint("token_digest", name="uq_account_token_digest"),
    )
    op.create_table(
        "account_grant",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("areas", sa.String, nullable=False),
        sa.Column("purposes", sa.String, nullable=False),
        sa.Column("person_id", sa.String(20)),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name="fk_account_grant_account_account"),
        sa.PrimaryKeyConstraint("number", name="pk_account_grant"),
    )
    op.create_index("ix_account_grant_account", "account_grant", ["account"])
