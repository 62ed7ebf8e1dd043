"""The log is appended to by a function that answers faster."""

from shared.log import migrations

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Write the function."""
    migrations.write_functions()
