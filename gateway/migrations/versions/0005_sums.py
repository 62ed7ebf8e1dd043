"""Sums of facts by month, by day and by day of recording, in the place of one table that grew with every day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SUMMED = "sum(value), sum(weight), sum(flagged), count(*)"
RECORDED_MONTH = "substr(cast(recorded_day as text), 1, 7)"
MONTHS = f"""
  insert into month_sum
    (month, unit_id, channel_id, figure, recorded_month, value, weight, flagged, facts, first_day, last_day)
  select month, unit_id, channel_id, figure, {RECORDED_MONTH}, {SUMMED}, min(day), max(day)
  from fact group by 1, 2, 3, 4, 5
"""
DAYS = f"""
  insert into day_sum (day, unit_id, channel_id, figure, recorded_month, value, weight, flagged, facts)
  select day, unit_id, channel_id, figure, {RECORDED_MONTH}, {SUMMED} from fact group by 1, 2, 3, 4, 5
"""
RECORDED = f"""
  insert into recorded_sum (recorded_day, day, unit_id, channel_id, figure, value, weight, flagged, facts)
  select recorded_day, day, unit_id, channel_id, figure, {SUMMED} from fact group by 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    """Create the tables, fill them from the facts, and note when the matrix's things were last described."""
    days = [_column(name, sa.Date()) for name in ("first_day", "last_day")]
    _create("month_sum", [_column("month", sa.Text()), *_place(), _column("recorded_month", sa.Text())], *days)
    _create("day_sum", [_column("day", sa.Date()), *_place(), _column("recorded_month", sa.Text())])
    _create("recorded_sum", [_column("recorded_day", sa.Date()), _column("day", sa.Date()), *_place()])
    for filling in (MONTHS, DAYS, RECORDED):
        op.execute(sa.text(filling))
    op.drop_table("roll_up")
    op.add_column("matrix_state", sa.Column("described", sa.BigInteger(), nullable=False, server_default="0"))


def _column(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _place() -> list[sa.Column[Any]]:
    return [_column("unit_id", sa.Uuid()), _column("channel_id", sa.Uuid()), _column("figure", sa.Text())]


def _create(name: str, key: list[sa.Column[Any]], *more: sa.Column[Any]) -> None:
    op.create_table(
        name,
        *key,
        _column("value", sa.BigInteger()),
        _column("weight", sa.BigInteger()),
        _column("flagged", sa.Integer()),
        _column("facts", sa.Integer()),
        *more,
        sa.PrimaryKeyConstraint(*(column.name for column in key)),
        sqlite_with_rowid=False,
    )
