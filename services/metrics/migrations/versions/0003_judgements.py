"""The read model of judged publications."""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the read model."""
    op.create_table(
        "judgement",
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("event_ended_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("published_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("taken_s", sa.BigInteger(), nullable=False),
        sa.Column("limit_hours", sa.Integer(), nullable=False),
        sa.Column("on_time", sa.Boolean(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("publication_id"),
    )
    op.create_index("judgement_by_publication", "judgement", ["published_at", "publication_id"], unique=False)
