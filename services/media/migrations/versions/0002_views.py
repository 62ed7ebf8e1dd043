"""The read models."""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "asset",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("files_removed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken_at", shared.database.UtcDateTime(), nullable=True),
        sa.Column("camera", sa.Text(), nullable=True),
        sa.Column("photographer_id", sa.Uuid(), nullable=True),
        sa.Column("photographer", sa.Text(), nullable=True),
        sa.Column("depicts_id", sa.Uuid(), nullable=True),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", shared.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id"),
    )
    op.create_index("asset_by_person", "asset", ["depicts_id"], unique=False)
    op.create_index("asset_by_time", "asset", ["added_at", "asset_id"], unique=False)
    op.create_index("asset_by_unit", "asset", ["unit_id", "added_at"], unique=False)
    op.create_table(
        "asset_tag",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", "tag"),
    )
    op.create_index("asset_tag_by_tag", "asset_tag", ["tag"], unique=False)
    op.create_table(
        "live_stream",
        sa.Column("stream_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("play_url", sa.Text(), nullable=True),
        sa.Column("started_at", shared.database.UtcDateTime(), nullable=True),
        sa.Column("ended_at", shared.database.UtcDateTime(), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("stream_id"),
    )
    op.create_index("live_stream_by_time", "live_stream", ["starts_at", "stream_id"], unique=False)
    op.create_index("live_stream_by_unit", "live_stream", ["unit_id", "starts_at"], unique=False)
    op.create_table(
        "shoot",
        sa.Column("shoot_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("starts_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("completed_at", shared.database.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("shoot_id"),
    )
    op.create_index("shoot_by_time", "shoot", ["starts_at", "shoot_id"], unique=False)
    op.create_index("shoot_by_unit", "shoot", ["unit_id", "starts_at"], unique=False)
    op.create_table(
        "shoot_photograph",
        sa.Column("shoot_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("delivered_at", shared.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("shoot_id", "asset_id"),
    )
    op.create_index("shoot_photograph_by_asset", "shoot_photograph", ["asset_id"], unique=False)
    op.create_table(
        "viewer_sample",
        sa.Column("stream_id", sa.Uuid(), nullable=False),
        sa.Column("at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("viewers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "at"),
    )
