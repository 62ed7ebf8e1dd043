"""The tables every service's database has besides its read models."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, Uuid

from shared.database import UtcDateTime

metadata = MetaData()
Position = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER PRIMARY KEY up by itself

# Append-only. The application role of PostgreSQL may not write here; ``append_events`` does.
event = Table(
    "event",
    metadata,
    Column("position", Position, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("unit", Uuid),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("data", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("stream", "version", name="event_stream_version_key"),
)

# Commands answered so far, by idempotency key: written in the transaction of their append.
command = Table(
    "command",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# Messages handled so far: written in the transaction of their effect.
inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("handled_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# How far the relay published this log, and which relay may say so (``epoch`` fences zombies).
relay = Table(
    "relay",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
)

# Embedded: how far a consumer of this service has read another service's log.
consumer_position = Table(
    "consumer_position",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# Messages to be tried again (``due_at``): later ones of their stream wait behind them.
# Embedded also messages that were given up (``due_at`` is null); distributed these are in the broker's queues.
dead_letter = Table(
    "dead_letter",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("reason", Text, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)

# How far each read model of this service has followed the log.
projection_checkpoint = Table(
    "projection_checkpoint",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# One wrapped key a person; null once the person was erased.
person_key = Table(
    "person_key",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("wrapped", LargeBinary),
    Column("changed_at", UtcDateTime, nullable=False),
)
