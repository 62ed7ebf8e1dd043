"""Accounts, keys and sessions."""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of accounts."""
    op.create_table(
        "access_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "account",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", shared.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("expires_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("last_used_at", shared.database.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", shared.database.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"]),
        sa.PrimaryKeyConstraint("key_id"),
        sa.UniqueConstraint("prefix"),
    )
    op.create_index("api_key_by_account", "api_key", ["account_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("expires_at", shared.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.key_id"]),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("session_id"),
    )
    op.create_index("session_by_expiry", "session", ["expires_at"], unique=False)
    op.create_table(
        "answered",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", shared.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("answered_by_time", "answered", ["answered_at"], unique=False)
