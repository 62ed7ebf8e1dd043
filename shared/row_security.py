"""PostgreSQL's own filter beneath the application's: a transaction shows only the rows of the units it was told.

A second lock for read models, in case a query forgets its filter. Who tells it nothing sees nothing and writes nothing;
the few that work for every unit say so. SQLite has nothing like it and pays nothing.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, text

SETTING = "matrix.units"
EVERY = "*"
# The inner selects are evaluated once for a statement. Outside a transaction that set it the setting is empty.
ROWS = f"""
  (select current_setting('{SETTING}', true)) = '{EVERY}'
  or unit_id = any ((select string_to_array(nullif(current_setting('{SETTING}', true), '{EVERY}'), ','))::uuid[])
"""


def show_only(db: Connection, units: Iterable[UUID] | None) -> None:
    """Let the rest of the transaction see the rows of these units only, in tables that were ``protect``\\ed.

    None is every unit: for who may see all, and for the platform's own work.
    """
    if db.dialect.name == "postgresql":
        db.execute(text("select set_config(:name, :units, true)"), {"name": SETTING, "units": told(units)})


def told(units: Iterable[UUID] | None) -> str:
    """Return the setting that shows the rows of these units only, or with None of every unit."""
    return EVERY if units is None else ",".join(str(unit) for unit in units)


def protect(*tables: str) -> None:
    """In a migration: have PostgreSQL filter these tables, which have a ``unit_id``, for the service's role.

    Their owner, as whom operators work, sees all.
    """
    for table in tables:
        _alter(f"alter table {table} enable row level security")
        _alter(f"create policy of_units on {table} using ({ROWS}) with check ({ROWS})")


def protect_anew(*tables: str) -> None:
    """In a migration: give tables that are protected already the filter as it is today."""
    for table in tables:
        _alter(f"alter policy of_units on {table} using ({ROWS}) with check ({ROWS})")


def _alter(statement: str) -> None:
    from alembic import op  # a running service has no use for it

    if op.get_bind().dialect.name == "postgresql":
        op.execute(text(statement))
