"""The day on which a token ends. Tokens made before have none and are refused: who made them makes new ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_tokens"
down_revision = "0007_subjects"


def upgrade() -> None:
    """Add the column."""
    op.add_column("account", sa.Column("token_until", sa.DateTime))
