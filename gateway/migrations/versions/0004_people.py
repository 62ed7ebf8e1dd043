"""People sign in with a login and a password; what somebody may do in a while is counted for all workers together.

Sessions begin anew: whoever was signed in by a browser signs in once more.
"""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add logins, passwords and allowances; sessions belong to accounts, of a key or not."""
    op.add_column("account", sa.Column("login", sa.Text(), nullable=True))
    op.create_index("account_by_login", "account", ["login"], unique=True)
    op.create_table(
        "password",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("set_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("expires_at", shared.database.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"]),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "allowance",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("whole_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("allowance_by_time", "allowance", ["whole_at"], unique=False)
    with op.batch_alter_table("import_job") as imports:
        imports.alter_column("key_id", existing_type=sa.Uuid(), nullable=True)
    op.drop_table("session")
    op.create_table(
        "session",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", shared.database.UtcDateTime(), nullable=False),
        sa.Column("expires_at", shared.database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"]),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.key_id"]),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("session_id"),
    )
    op.create_index("session_by_expiry", "session", ["expires_at"], unique=False)
    op.create_index("session_by_account", "session", ["account_id"], unique=False)
