"""Sums of facts by month and by day of happening and recording, in the place of one table that grew with every day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SUMMED = "sum(value), sum(weight), sum(flagged), count(*)"
DAYS = f"""
  insert into day_sum (day, unit_id, channel_id, figure, recorded_day, value, weight, flagged, facts)
  select day, unit_id, channel_id, figure, recorded_day, {SUMMED} from fact group by 1, 2, 3, 4, 5
"""
MONTHS = f"""
  insert into month_sum
    (month, unit_id, channel_id, figure, recorded_month, value, weight, flagged, facts, first_day, last_day)
  select month, unit_id, channel_id, figure, substr(cast(recorded_day as text), 1, 7), {SUMMED}, min(day), max(day)
  from fact group by 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    """Create the tables, fill them from the facts, and note when the matrix's things were last described."""
    days = (sa.Column("first_day", sa.Date(), nullable=False), sa.Column("last_day", sa.Date(), nullable=False))
    _create("month_sum", "month", "recorded_month", sa.Text(), *days)
    _create("day_sum", "day", "recorded_day", sa.Date())
    op.create_index("day_sum_by_recorded_day", "day_sum", ["recorded_day", "day"])
    op.execute(sa.text(DAYS))
    op.execute(sa.text(MONTHS))
    op.drop_table("roll_up")
    op.add_column("matrix_state", sa.Column("described", sa.BigInteger(), nullable=False, server_default="0"))


def _create(name: str, happened: str, recorded: str, when: sa.types.TypeEngine[Any], *more: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column(happened, when, nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column(recorded, when, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        *more,
        sa.PrimaryKeyConstraint(happened, "unit_id", "channel_id", "figure", recorded),
        sqlite_with_rowid=False,
    )
