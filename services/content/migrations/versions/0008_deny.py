"""Who tells the database no unit sees no rows of any; before it was all."""

from shared.row_security import protect, protect_anew

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Deny by default, and protect what a unit was called too."""
    protect("unit_history")
    protect_anew("unit", "channel", "article")
