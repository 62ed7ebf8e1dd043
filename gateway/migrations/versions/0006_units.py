"""PostgreSQL filters facts and their sums by unit, beneath the gateway's own filter."""

from shared.row_security import protect

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Protect every table of the matrix that tells what a unit did."""
    protect("fact", "month_sum", "day_sum", "recorded_sum", "sample")
