"""Migrations of the office, applied in order by Alembic."""
