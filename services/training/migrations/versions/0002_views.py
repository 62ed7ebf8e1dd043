"""The read models."""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the read models."""
    op.create_table(
        "attendance",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("person_unit_id", sa.Uuid(), nullable=True),
        sa.Column("at", shared.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "person_id"),
    )
    op.create_index("attendance_by_person", "attendance", ["person_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("starts_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("ends_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index("session_by_start", "session", ["starts_at", "session_id"], unique=False)
