"""Each message's effect once, each message one fate, and the order of a stream kept while one of its events waits."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, select, update

from shared.database import insert_new, reading, writing
from shared.errors import PlatformError
from shared.events import Recorded
from shared.log.tables import dead_letter, inbox

MAX_REASON = 2000
MAX_FRAMES = 3
LOST_AFTER = timedelta(minutes=15)
NEVER_SO_LONG = timedelta(minutes=15)  # no retry is put off for that long: a clock ran ahead, and was set back

_WAITS = dead_letter.c
_DUE = (
    select(_WAITS.consumer, _WAITS.event_id, _WAITS.source, _WAITS.position, _WAITS.attempts)
    .where(_WAITS.consumer == bindparam("consumer"), _WAITS.source == bindparam("source"))
    .where((_WAITS.due_at <= bindparam("now")) | (_WAITS.due_at > bindparam("never")))
    .order_by(_WAITS.position)
)
_STREAMS = select(_WAITS.stream).where(_WAITS.consumer == bindparam("consumer"))


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a message: ``done``, ``retry`` after ``delay`` seconds, or ``dead``; and why."""

    kind: Literal["done", "retry", "dead"]
    delay: float = 0.0
    reason: str = ""


DONE = Fate("done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a message has a row of its own (it waits or was given up), and whether it stands behind another."""

    known: bool
    behind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that is to be tried again: where it is in which log, and how often it was tried."""

    consumer: str
    event_id: UUID
    source: str
    position: int
    attempts: int


def once(db: Connection, consumer: str, event_id: UUID) -> bool:
    """Note in the effect's own transaction that the message was handled; return False when it was before."""
    row = {"consumer": consumer, "event_id": event_id, "handled_at": datetime.now(UTC)}
    return insert_new(db, inbox, ["consumer", "event_id"], row)


def fate_of(error: BaseException | None, attempt: int, ladder: Sequence[float]) -> Fate:
    """Return what becomes of a message after its ``attempt``-th try (from 1) ended with ``error``, or well."""
    if error is None:
        return DONE
    if isinstance(error, PlatformError) and error.retryable and attempt <= len(ladder):
        return Fate("retry", ladder[attempt - 1], reason_of(error))
    return Fate("dead", 0.0, reason_of(error))


def reason_of(error: BaseException) -> str:
    """Return code or kind, text and the last frames of an error.

    Only its first line: further lines of database errors show parameters, and these may be personal.
    """
    text = (str(error).splitlines() or [""])[0]
    if isinstance(error, PlatformError):
        return f"{error.code}: {error.detail}"[:MAX_REASON]
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    places = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames))
    return f"{type(error).__name__}: {text} | {places}"[:MAX_REASON]


def streams_waiting(engine: Engine, consumer: str) -> set[str]:
    """Return the streams of which an event waits or was given up: the others' events stand behind none."""
    with reading(engine) as db:
        return set(db.execute(_STREAMS, {"consumer": consumer}).scalars())


def standing(engine: Engine, consumer: str, recorded: Recorded) -> Standing:
    """Return whether the consumer met the message before, and whether an earlier one of its stream still waits.

    One that is overdue by 15 minutes was lost on its way and is not waited for.
    """
    table = dead_letter.c
    until = (table.consumer == consumer) & (table.stream == recorded.stream) & (table.version <= recorded.version)
    with reading(engine) as db:
        rows = db.execute(select(table.version, table.due_at).where(until)).all()
    since = datetime.now(UTC) - LOST_AFTER
    waits = any(row.version < recorded.version and row.due_at and row.due_at > since for row in rows)
    return Standing(known=any(row.version == recorded.version for row in rows), behind=waits)


def wait(engine: Engine, consumer: str, recorded: Recorded, source: str, attempts: int, fate: Fate) -> None:
    """Note that the message waits to be tried again (or, with a dead fate, that it was given up)."""
    now = datetime.now(UTC)
    due = now + timedelta(seconds=fate.delay) if fate.kind == "retry" else None
    again = {"attempts": attempts, "due_at": due, "reason": fate.reason, "last_at": now}
    row = {
        "consumer": consumer, "event_id": recorded.event_id, "source": source, "stream": recorded.stream,
        "version": recorded.version, "position": recorded.position, "first_at": now, **again,
    }  # fmt: skip
    with writing(engine) as db:
        if not insert_new(db, dead_letter, ["consumer", "event_id"], row):
            db.execute(update(dead_letter).where(_this(consumer, recorded.event_id)).values(again))


def settle(engine: Engine, consumer: str, event_id: UUID) -> None:
    """Forget that the message waited: it was handled, or its place is the dead-letter queue now."""
    with writing(engine) as db:
        db.execute(delete(dead_letter).where(_this(consumer, event_id)))


def due(engine: Engine, source: str, consumer: str) -> list[Waiting]:
    """Return the consumer's messages from the source that are to be tried again now, in the log's order."""
    now = datetime.now(UTC)
    asked = {"consumer": consumer, "source": source, "now": now, "never": now + NEVER_SO_LONG}
    with reading(engine) as db:
        return [Waiting(**row._mapping) for row in db.execute(_DUE, asked)]


def _this(consumer: str, event_id: UUID) -> ColumnElement[bool]:
    return (dead_letter.c.consumer == consumer) & (dead_letter.c.event_id == event_id)
