"""Sums by day of recording apart from those by day: a period's days are fewer rows, a past moment's one range."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.row_security import protect

revision = "0007"
down_revision = "0006"

RECORDED = """
  insert into recorded_sum (recorded_day, day, unit_id, channel_id, figure, value, weight, flagged, facts)
  select recorded_day, day, unit_id, channel_id, figure, sum(value), sum(weight), sum(flagged), count(*)
  from fact group by 1, 2, 3, 4, 5
"""
DAYS = """
  insert into day_sum (day, unit_id, channel_id, figure, recorded_month, value, weight, flagged, facts)
  select day, unit_id, channel_id, figure, substr(cast(recorded_day as text), 1, 7),
    sum(value), sum(weight), sum(flagged), count(*)
  from fact group by 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    """Make both anew from the facts."""
    op.drop_table("day_sum")
    _create("day_sum", _day("day"), *_where(), sa.Column("recorded_month", sa.Text(), nullable=False))
    _create("recorded_sum", _day("recorded_day"), _day("day"), *_where())
    op.execute(sa.text(RECORDED))
    op.execute(sa.text(DAYS))
    protect("day_sum", "recorded_sum")


def _day(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=False)


def _where() -> list[sa.Column[Any]]:
    ids = [sa.Column(name, sa.Uuid(), nullable=False) for name in ("unit_id", "channel_id")]
    return [*ids, sa.Column("figure", sa.Text(), nullable=False)]


def _create(name: str, *key: sa.Column[Any]) -> None:
    op.create_table(
        name,
        *key,
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*(column.name for column in key)),
        sqlite_with_rowid=False,
    )
