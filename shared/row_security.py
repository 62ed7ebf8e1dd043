"""PostgreSQL's own filter beneath the application's: a transaction shows only the rows of the units it was told.

A second lock for read models, in case a query forgets its filter. SQLite has nothing like it and pays nothing.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, text

SETTING = "matrix.units"
NO_UNIT = UUID(int=0)  # an empty list would be the same as no setting
# The inner selects are evaluated once for a statement. Outside a transaction that set it the setting is empty.
ROWS = f"""
  coalesce((select current_setting('{SETTING}', true)), '') = ''
  or unit_id = any ((select string_to_array(current_setting('{SETTING}', true), ','))::uuid[])
"""


def show_only(db: Connection, units: Iterable[UUID]) -> None:
    """Let the rest of the transaction see the rows of these units only, in tables that were ``protect``\\ed."""
    if db.dialect.name == "postgresql":
        db.execute(text("select set_config(:name, :units, true)"), {"name": SETTING, "units": told(units)})


def told(units: Iterable[UUID]) -> str:
    """Return the setting that shows the rows of these units only."""
    return ",".join(str(unit) for unit in units) or str(NO_UNIT)


def protect(*tables: str) -> None:
    """In a migration: have PostgreSQL filter these tables, which have a ``unit_id``, for the service's role.

    Their owner, as whom operators work, sees all.
    """
    from alembic import op  # a running service has no use for it

    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(text(f"alter table {table} enable row level security"))
            op.execute(text(f"create policy of_units on {table} using ({ROWS}) with check ({ROWS})"))
