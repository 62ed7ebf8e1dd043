"""The database filters read models by unit too."""

from shared.row_security import protect

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Protect what belongs to a unit."""
    protect("asset", "shoot", "live_stream")
