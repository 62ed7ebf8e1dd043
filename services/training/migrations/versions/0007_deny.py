"""Who tells the database no unit sees no rows of any; before it was all."""

from shared.row_security import protect_anew

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Deny by default."""
    protect_anew("session")
