"""Who tells the database no unit sees no rows of any; before it was all."""

from shared.row_security import protect_anew

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Deny by default."""
    protect_anew("asset", "shoot", "live_stream", "unit_usage")
