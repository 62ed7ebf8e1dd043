"""An append writes fewer pages of SQLite."""

from shared.log import migrations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Write the tables anew."""
    migrations.rewrite()
