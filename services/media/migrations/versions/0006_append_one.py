"""One event is appended by a function of its own."""

from shared.log import migrations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Write the functions."""
    migrations.write_functions()
