"""The first migration of every service: its log and what goes with it."""

from importlib.resources import files

from alembic import op
from sqlalchemy import text

from shared.log.postgres import lock_number
from shared.log.tables import event, metadata

_SHAPE = text("select sql from sqlite_master where name = 'event'")
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


def drop_counter() -> None:
    """Write SQLite's log anew without AUTOINCREMENT, which noted the last position in a page of its own in each commit.

    Nothing is ever removed from the log, so the row after the last one has a position that none had before.
    """
    db = op.get_bind()
    if db.dialect.name != "sqlite" or "AUTOINCREMENT" not in str(db.execute(_SHAPE).scalar_one()):
        return
    names = ", ".join(column.name for column in event.columns)
    op.rename_table("event", "counted")
    event.create(db)
    op.execute(text(f"insert into event ({names}) select {names} from counted order by position"))
    op.drop_table("counted")


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
