"""What answers are drawn on: units, channels, what they were called when, and what figures mean.

It changes seldom, so a worker keeps it, with the moment each part was recorded: a past moment's is a part of it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, select

from gateway.matrix.tables import channel, figure, history, unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A unit, or a channel of one (then ``unit_id`` is another's id).

    ``key`` is the id as 32 digits, ``text`` as answers tell it.
    """

    id: UUID
    key: str
    text: str
    unit_id: UUID
    kind: str
    since: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What something was called, or which state it was in, from a day on."""

    thing_id: UUID
    what: str
    value: str
    since: date
    version: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A figure's definition in one version."""

    name: str
    version: int
    unit: str
    kind: str
    meaning_zh: str
    meaning_en: str
    covered_from: date | None
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Frame:
    """All of it, of one moment of the read model: ``described`` is the position of the last change to any."""

    described: int
    position: int
    units: list[Thing]
    channels: list[Thing]
    turns: list[Turn]
    definitions: list[Definition]

    def as_of(self, moment: datetime) -> "Frame":
        """Return what was recorded of it by then."""
        return Frame(
            described=self.described,
            position=self.position,
            units=[each for each in self.units if each.recorded_at <= moment],
            channels=[each for each in self.channels if each.recorded_at <= moment],
            turns=[each for each in self.turns if each.recorded_at <= moment],
            definitions=[each for each in self.definitions if each.recorded_at <= moment],
        )

    @cached_property
    def figures(self) -> dict[str, Definition]:
        """Each figure's newest definition, by name in order."""
        return newest(self.definitions)

    @cached_property
    def channels_of(self) -> dict[UUID, list[Thing]]:
        """Each unit's own channels."""
        found: dict[UUID, list[Thing]] = {}
        for each in self.channels:
            found.setdefault(each.unit_id, []).append(each)
        return found

    @cached_property
    def history(self) -> dict[tuple[str, str], list[Turn]]:
        """The turns of each thing (its key) in a respect (``name``, ``status``, ``merged_into``), first to last."""
        found: dict[tuple[str, str], list[Turn]] = {}
        for turn in sorted(self.turns, key=lambda each: (each.since, each.version)):
            found.setdefault((turn.thing_id.hex, turn.what), []).append(turn)
        return found

    def places(self, units: frozenset[UUID] | None) -> int:
        """Return how many units (None: all) and channels of theirs there are."""
        if units is None:
            return len(self.units) + len(self.channels)
        return len(units) + sum(len(self.channels_of.get(unit, ())) for unit in units)

    def turn(self, thing: Thing, what: str, on: date) -> str | None:
        """Return how a thing was called (or stood) on a day; before its time it goes by its first name."""
        turns = self.history.get((thing.key, what), ())
        for turn in reversed(turns):
            if turn.since <= on:
                return turn.value
        return turns[0].value if turns and what == "name" else None


def read_frame(db: Connection, described: int, position: int) -> Frame:
    """Return the frame of the transaction's moment, which is at these positions."""
    return Frame(
        described=described,
        position=position,
        units=_things(db, unit, unit.c.unit_id),
        channels=_things(db, channel, channel.c.channel_id),
        turns=[Turn(**row) for row in db.execute(select(history)).mappings()],
        definitions=_definitions(db),
    )


def definitions(db: Connection, as_of: datetime | None = None) -> dict[str, Definition]:
    """Return each figure's newest definition (as of a moment), by name in order."""
    return newest([each for each in _definitions(db) if as_of is None or each.recorded_at <= as_of])


def newest(found: list[Definition]) -> dict[str, Definition]:
    """Return the newest of each figure's definitions, which come in order of name and version."""
    return {each.name: each for each in found}


def _definitions(db: Connection) -> list[Definition]:
    return [
        Definition(**row) for row in db.execute(select(figure).order_by(figure.c.name, figure.c.version)).mappings()
    ]


def _things(db: Connection, table: Table, id_column: ColumnElement[UUID]) -> list[Thing]:
    wanted = select(id_column.label("id"), *(table.c[name] for name in ("unit_id", "kind", "since", "recorded_at")))
    return [Thing(key=row["id"].hex, text=str(row["id"]), **row) for row in db.execute(wanted).mappings()]
