"""The first migration of every service: its log and what goes with it."""

from importlib.resources import files

from alembic import op
from sqlalchemy import text

from shared.log.postgres import lock_number
from shared.log.tables import command, event, inbox, metadata

FUNCTIONS = ("append_event", "append_events")


def create() -> None:
    """Create the tables of ``shared.log.tables``; on PostgreSQL also what appends, and the rights around it."""
    db = op.get_bind()
    metadata.create_all(db)
    write_functions()


def write_functions() -> None:
    """Write the functions that append as they are today, in the place of older ones; on SQLite there are none."""
    db = op.get_bind()
    if db.dialect.name == "postgresql":
        schema = str(db.execute(text("select current_schema()")).scalar_one())
        for name in FUNCTIONS:
            op.execute(text(f"drop function if exists {schema}.{name}"))  # it answered in another shape once
            source = files("shared.log").joinpath(f"{name}.sql").read_text()
            op.execute(text(source.format(schema=schema, lock=lock_number(schema)).replace(":", "\\:")))
        for statement in _rights(schema):
            op.execute(text(statement))


def rewrite() -> None:
    """Write the tables of an append anew on SQLite, row for row: each was a page more in a commit than it has to be.

    ``event`` had a counter beside it, ``command`` and ``inbox`` an index beside their rows.
    """
    db = op.get_bind()
    if db.dialect.name == "sqlite":
        for table in (event, command, inbox):
            names = ", ".join(column.name for column in table.columns)
            op.rename_table(table.name, "old")
            table.create(db)
            op.execute(text(f"insert into {table.name} ({names}) select {names} from old order by 1"))
            op.drop_table("old")


def _rights(schema: str) -> list[str]:
    """The application reads the log and appends through the functions; it cannot write, change or cut it."""
    role = f"matrix_{schema}"
    functions = ", ".join(f"{schema}.{name}" for name in FUNCTIONS)
    return [
        f"revoke insert, update, delete, truncate on {schema}.event from {role}",
        f"grant select on {schema}.event to {role}",
        f"grant select on sequence {schema}.event_position_seq to {role}",
        f"revoke all on function {functions} from public",
        f"grant execute on function {functions} to {role}",
    ]
