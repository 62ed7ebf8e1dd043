"""Does a log still say what it said? Chains within streams, and an anchor, kept elsewhere, over the whole log."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, Row, select

from shared.database import reading, to_microseconds
from shared.log.chain import Break, Link, broken
from shared.log.tables import event

PAGE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The log up to ``position``: the SHA-256 over every event's hash, in order, as hexadecimal text."""

    position: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying found: how many events and streams, where chains break, and the anchor as of now."""

    events: int
    streams: int
    breaks: tuple[Break, ...]
    anchor: Anchor


def verify(engine: Engine, anchor: Anchor | None = None) -> Verdict:
    """Return whether every stream's chain holds and, with an ``anchor``, whether the log still holds what it held.

    Finds an event edited, deleted, inserted or moved; a cut tail or a rewritten stream needs the anchor.
    """
    breaks: list[Break] = []
    events = streams = 0
    for stream, rows in groupby(_by_stream(engine), key=lambda row: row.stream):
        links = [(_link(row), bytes(row.hash)) for row in rows]
        events, streams = events + len(links), streams + 1
        if found := broken(stream, links):
            breaks.append(found)
    if anchor is not None and (found := _against(engine, anchor)):
        breaks.append(found)
    return Verdict(events=events, streams=streams, breaks=tuple(breaks), anchor=anchor_of(engine))


def anchor_of(engine: Engine, upto: int | None = None) -> Anchor:
    """Return the anchor of the log as it stands, or as it stood at position ``upto``."""
    digest, position = hashlib.sha256(), 0
    statement = select(event.c.position, event.c.hash).order_by(event.c.position)
    if upto is not None:
        statement = statement.where(event.c.position <= upto)
    with reading(engine) as db:
        for row in db.execution_options(yield_per=PAGE).execute(statement):
            digest.update(bytes(row.hash))
            position = row.position
    return Anchor(position=position, digest=digest.hexdigest())


def _against(engine: Engine, anchor: Anchor) -> Break | None:
    now = anchor_of(engine, upto=anchor.position)
    if now.position < anchor.position:
        reason = f"the log ends at position {now.position}, the anchor at {anchor.position}: its tail was cut"
    elif now.digest != anchor.digest:
        reason = f"the log up to position {anchor.position} is not what was anchored"
    else:
        return None
    return Break(stream="*", version=0, reason=reason)


def _by_stream(engine: Engine) -> Iterator[Row[Any]]:
    with reading(engine) as db:
        statement = select(event).order_by(event.c.stream, event.c.version)
        yield from db.execution_options(yield_per=PAGE).execute(statement)


def _link(row: Row[Any]) -> Link:
    return Link(
        event_id=row.event_id,
        stream=row.stream,
        version=row.version,
        type=row.type,
        occurred_us=to_microseconds(row.occurred_at),
        recorded_us=to_microseconds(row.recorded_at),
        actor=row.actor,
        unit=row.unit,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        data=row.data,
    )
