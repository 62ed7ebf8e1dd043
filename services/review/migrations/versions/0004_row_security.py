"""The database filters read models by unit too."""

from shared.row_security import protect

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Protect what belongs to a unit."""
    protect("review_case")
