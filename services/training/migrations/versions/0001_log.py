"""The log and what goes with it."""

from shared.log import migrations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the log."""
    migrations.create()
