"""Uploads under way, and assets being stored."""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "storing",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("touched_at", shared.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id"),
    )
    op.create_table(
        "upload",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("photographer_id", sa.Uuid(), nullable=True),
        sa.Column("photographer", sa.Text(), nullable=True),
        sa.Column("depicts_id", sa.Uuid(), nullable=True),
        sa.Column("asset_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", shared.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id"),
    )
    op.create_index("upload_by_expiry", "upload", ["expires_at"], unique=False)
    op.create_index("upload_by_unit", "upload", ["unit_id"], unique=False)
    op.create_table(
        "upload_part",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.upload_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("upload_id", "start"),
    )
