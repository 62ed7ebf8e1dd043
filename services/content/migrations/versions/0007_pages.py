"""An append writes fewer pages of SQLite."""

from shared.log import migrations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Write the tables anew."""
    migrations.rewrite()
