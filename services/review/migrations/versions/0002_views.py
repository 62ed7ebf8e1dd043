"""The read models."""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the read models."""
    op.create_table(
        "review_case",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("article_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("blocking", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", shared.database.UtcDateTime(), nullable=True),
        sa.Column("submitted_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("review_case_by_article", "review_case", ["article_id"], unique=False)
    op.create_index("review_case_by_status", "review_case", ["status", "submitted_at", "case_id"], unique=False)
    op.create_table(
        "scheme",
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("article_kinds", sa.JSON(), nullable=False),
        sa.Column("unit_ids", sa.JSON(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("adopted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scheme_id"),
    )
    op.create_index("scheme_by_adoption", "scheme", ["adopted"], unique=False)
    op.create_table(
        "term_list",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("allow", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("list_id"),
    )
