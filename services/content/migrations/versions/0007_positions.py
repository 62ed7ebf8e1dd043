"""SQLite draws positions without a counter of its own."""

from shared.log import migrations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Write the log anew without the counter."""
    migrations.drop_counter()
