"""What figures are about: units, channels and the figures' own definitions, as rows. Pure."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from gateway.matrix.calendar import day_of
from gateway.matrix.tables import channel, figure, history, unit
from shared.contracts.content.events import (
    ChannelOpened,
    ChannelRenamed,
    ChannelStatusChanged,
    UnitEstablished,
    UnitMerged,
    UnitRenamed,
)
from shared.contracts.media.events import LiveStreamPlanned, LiveStreamStarted
from shared.contracts.metrics.events import FigureDefined
from shared.events import Recorded

Row = tuple[Table, dict[str, Any]]


def rows_of(recorded: Recorded) -> list[Row]:
    """Return the rows the event describes a unit, channel or figure by; the same event gives the same rows."""
    match recorded.event:
        case UnitEstablished() as event:
            row = {"unit_id": event.unit_id, "kind": event.kind, "since": event.since}
            return [_row(recorded, unit, row), _change(recorded, event.unit_id, "name", event.name, event.since)]
        case UnitRenamed() as event:
            return [_change(recorded, event.unit_id, "name", event.name, event.since)]
        case UnitMerged() as event:
            return [_change(recorded, event.unit_id, "merged_into", str(event.into_id), event.since)]
        case ChannelOpened() as event:
            return _opened(recorded, event)
        case ChannelStatusChanged() as event:
            return [_change(recorded, event.channel_id, "status", event.status, day_of(event.at))]
        case ChannelRenamed() as event:
            return [_change(recorded, event.channel_id, "name", event.name, day_of(recorded.recorded_at))]
        case FigureDefined() as event:
            names = ("name", "version", "unit", "kind", "meaning_zh", "meaning_en", "covered_from")
            return [_row(recorded, figure, {name: getattr(event, name) for name in names})]
    return []


def turned(recorded: Recorded) -> UUID | None:
    """Return the unit whose live stream was planned or began: no figure yet, but open pages are to hear of it."""
    match recorded.event:
        case LiveStreamPlanned() | LiveStreamStarted() as event:
            return event.unit_id
    return None


def _opened(recorded: Recorded, event: ChannelOpened) -> list[Row]:
    since = day_of(event.opened_at)
    row = {
        "channel_id": event.channel_id,
        "unit_id": event.unit_id,
        "kind": event.kind,
        "official": event.official,
        "since": since,
    }
    return [
        _row(recorded, channel, row),
        _change(recorded, event.channel_id, "name", event.name, since),
        _change(recorded, event.channel_id, "status", event.status, since),
    ]


def _row(recorded: Recorded, table: Table, row: dict[str, Any]) -> Row:
    return table, {**row, "recorded_at": recorded.recorded_at}


def _change(recorded: Recorded, thing_id: UUID, what: str, value: str, since: date) -> Row:
    return _row(
        recorded,
        history,
        {"thing_id": thing_id, "what": what, "version": recorded.version, "value": value, "since": since},
    )
