"""The tables of imports. What a row says is kept until it was sent, what became of it until the import is forgotten."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text, Uuid

from shared.database import UtcDateTime

metadata = MetaData()

import_job = Table(
    "import_job",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("key_id", Uuid),  # null where a person who signed in with a password began it
    Column("filename", Text, nullable=False),
    Column("unit_id", Text, nullable=False),  # for rows that name none; empty where none was given
    Column("channel_id", Text, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("rehearsal", Boolean, nullable=False),
    Column("tables", Text, nullable=False),  # JSON: what was understood
    Column("state", Text, nullable=False),  # reading, running, done, failed
    Column("reason", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("holder", Text, nullable=False),  # the worker that sends its rows
    Column("held_until", UtcDateTime, nullable=False),
    Index("import_job_by_turn", "state", "held_until"),
    Index("import_job_by_time", "created_at"),
)

# The units of whoever began it, or *: only who sees all of them sees the import.
import_unit = Table(
    "import_unit",
    metadata,
    Column("import_id", Uuid, ForeignKey("import_job.import_id", ondelete="CASCADE"), primary_key=True),
    Column("unit_id", Text, primary_key=True),
)

import_row = Table(
    "import_row",
    metadata,
    Column("import_id", Uuid, ForeignKey("import_job.import_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("place", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("says", Text),  # JSON; gone once the row was sent
    Column("outcome", Text, nullable=False),  # pending, accepted, repeated, rejected
    Column("field", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Index("import_row_by_outcome", "import_id", "outcome", "number"),
)
