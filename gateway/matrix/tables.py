"""The tables of the matrix. ``metadata`` is folded from events and can be rebuilt; ``state`` says how far that went."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, MetaData, Table, Text, Uuid

from shared.database import UtcDateTime

NO_CHANNEL = UUID(int=0)  # of what a unit did on no channel, such as a shoot: a key's column cannot be null

metadata = MetaData()
state = MetaData()

# Events that are in the tables below. Where they are in which log, so that a rebuild can tell what it has not met.
applied = Table(
    "applied",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
)

unit = Table(
    "unit",
    metadata,
    Column("unit_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

channel = Table(
    "channel",
    metadata,
    Column("channel_id", Uuid, primary_key=True),
    Column("unit_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("official", Boolean, nullable=False),
    Column("since", Date, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# What may change about a unit or channel: ``name``, ``status``, ``merged_into``, each from a day on.
history = Table(
    "history",
    metadata,
    Column("thing_id", Uuid, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("value", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

figure = Table(
    "figure",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("meaning_zh", Text, nullable=False),
    Column("meaning_en", Text, nullable=False),
    Column("covered_from", Date),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# Counts read off a counter. ``version`` is the one in the counter's stream: the order of recording.
sample = Table(
    "sample",
    metadata,
    Column("counter", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("figure", Text, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("channel_id", Uuid, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("ref", Text, nullable=False),
    Index("sample_by_time", "counter", "taken_at", "version"),
)

# One row a contribution to a figure. Append-only in meaning: what turns out wrong gets a correcting fact.
fact = Table(
    "fact",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("channel_id", Uuid, nullable=False),
    Column("figure", Text, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("day", Date, nullable=False),
    Column("month", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_day", Date, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("weight", BigInteger, nullable=False),
    Column("flagged", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Index("fact_by_figure", "figure", "occurred_at", "event_id", "n"),
    Index("fact_by_day", "day"),
    Index("fact_by_recorded_day", "recorded_day", "day"),
)


def _sums(name: str, key: Sequence[Column[Any]], *more: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        *key,
        Column("value", BigInteger, nullable=False),
        Column("weight", BigInteger, nullable=False),
        Column("flagged", Integer, nullable=False),
        Column("facts", Integer, nullable=False),
        *more,
        sqlite_with_rowid=False,
    )


def _place() -> tuple[Column[Any], ...]:
    ids = (Column(name, Uuid, primary_key=True) for name in ("unit_id", "channel_id"))
    return *ids, Column("figure", Text, primary_key=True)


# Sums of facts, three times: a period's whole months, its other days, and for past moments what was recorded on which
# day. A period is a range of the key; a past moment is what was recorded in months before its own, on days of its month
# before its own, and the facts of its day.
month_sum = _sums(
    "month_sum",
    [Column("month", Text, primary_key=True), *_place(), Column("recorded_month", Text, primary_key=True)],
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
)
day_sum = _sums(
    "day_sum", [Column("day", Date, primary_key=True), *_place(), Column("recorded_month", Text, primary_key=True)]
)
recorded_sum = _sums(
    "recorded_sum", [Column("recorded_day", Date, primary_key=True), Column("day", Date, primary_key=True), *_place()]
)

# One row: how many events changed the matrix, and how many had when a unit, channel or figure was last described
# otherwise. Every change locks it first, so that changes have one order.
matrix_state = Table(
    "matrix_state",
    state,
    Column("id", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("described", BigInteger, nullable=False, server_default="0"),
)

# How far the matrix has followed each service's log, and up to which moment (UTC) everything of it is in.
feed = Table(
    "feed",
    state,
    Column("source", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("fresh_at", UtcDateTime, nullable=False),
)

# The last changes, for streams that were cut. ``cells`` is JSON; null where everything may have changed.
change = Table(
    "change",
    state,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("previous", BigInteger, nullable=False),
    Column("cells", Text),
)
