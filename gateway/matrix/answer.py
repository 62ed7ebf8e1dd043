"""Puts a matrix answer together: cells, sums over channels and units, and how far each number may be trusted. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from gateway.matrix.facts import KINDS
from gateway.matrix.query import Query
from gateway.matrix.read import Definition, Reading, Sum, Thing, Turn
from shared.codec import instant

UNIT_ORDER = ("office", "department", "college", "campus")
CHANNEL_ORDER = ("website", "wechat_oa", "douyin", "bilibili", "other")
RATIO_DIGITS = 4


@dataclass(frozen=True, slots=True)
class _Cell:
    """The sum of one figure over some part of the matrix."""

    value: int
    weight: int
    flagged: int
    first_day: date
    last_day: date
    begins: date | None  # the day of a first count, where nothing is known of what was before

    def plus(self, other: "_Cell") -> "_Cell":
        begins = [day for day in (self.begins, other.begins) if day is not None]
        return _Cell(
            self.value + other.value,
            self.weight + other.weight,
            self.flagged + other.flagged,
            min(self.first_day, other.first_day),
            max(self.last_day, other.last_day),
            min(begins) if begins else None,
        )


Cells = dict[str, _Cell]


def assemble(query: Query, reading: Reading, today: date) -> dict[str, Any]:
    """Return the answer without position, age and missing parts; ``today`` is the day in Shanghai.

    A figure nobody has a fact of is absent, never 0.
    """
    return _Assembly(query, reading, today).answer()


class _Assembly:
    def __init__(self, query: Query, reading: Reading, today: date) -> None:
        self._query, self._reading = query, reading
        self._today = min(today, query.period.last)
        self._channels = {channel.id: channel for channel in reading.channels}
        self._cells: dict[UUID, dict[UUID, Cells]] = {}
        for part in _merged(reading.sums):
            on_channel = self._cells.setdefault(part.unit_id, {}).setdefault(part.channel_id, {})
            on_channel[part.figure] = _cell(part)

    def answer(self) -> dict[str, Any]:
        units = sorted(filter(self._shown, self._reading.units), key=self._unit_order)
        figures = self._figures
        kinds: dict[str, Cells] = {}
        for on_channels in self._cells.values():
            for channel_id, cells in on_channels.items():
                if channel := self._channels.get(channel_id):
                    kinds[channel.kind] = _sum([kinds.get(channel.kind, {}), cells])
        return {
            "period": self._query.period.name,
            "as_of": None if self._query.as_of is None else instant(self._query.as_of),
            "units": [self._unit(unit) for unit in units],
            "totals": {
                "figures": figures(_sum(cells for channels in self._cells.values() for cells in channels.values())),
                "kinds": {
                    kind: {"figures": figures(kinds[kind], kind=kind)} for kind in CHANNEL_ORDER if kind in kinds
                },
            },
        }

    def _unit(self, unit: Thing) -> dict[str, Any]:
        cells = self._cells.get(unit.id, {})
        mine = [channel for channel in self._reading.channels if self._lists(unit, channel)]
        return {
            "id": str(unit.id),
            "name": self._turn(unit, "name") or str(unit.id),
            "kind": unit.kind,
            "channels": [self._channel(unit, channel) for channel in sorted(mine, key=self._channel_order)],
            "figures": self._figures(_sum(cells.values()), unit=unit.id),
        }

    def _channel(self, unit: Thing, channel: Thing) -> dict[str, Any]:
        cells = self._cells.get(unit.id, {}).get(channel.id, {})
        return {
            "id": str(channel.id),
            "kind": channel.kind,
            "name": self._turn(channel, "name") or str(channel.id),
            "status": self._turn(channel, "status"),
            "figures": self._figures(cells, unit=unit.id, channel=channel.id),
        }

    def _shown(self, unit: Thing) -> bool:
        """A unit is shown where it stood in the period, or did something in it."""
        query = self._query
        allowed = query.units()
        if (allowed is not None and unit.id not in allowed) or query.unit_kind not in (None, unit.kind):
            return False
        if self._cells.get(unit.id):
            return True
        gone = self._turn(unit, "merged_into", at=query.period.first)
        return unit.since <= query.period.last and gone is None

    def _lists(self, unit: Thing, channel: Thing) -> bool:
        """A unit lists its own channels that stood in the period, and those on which it published."""
        query = self._query
        if query.channel_kind not in (None, channel.kind) or query.channel not in (None, channel.id):
            return False
        if channel.id in self._cells.get(unit.id, {}):
            return True
        closed = self._turn(channel, "status", at=query.period.first) == "closed"
        return channel.unit_id == unit.id and channel.since <= query.period.last and not closed

    def _turn(self, thing: Thing, what: str, at: date | None = None) -> str | None:
        """Return how a thing was called (or stood) on a day, by default the period's last or today."""
        turns = [turn for turn in self._reading.history.get(thing.id, ()) if turn.what == what]
        past = [turn for turn in turns if turn.since <= (at or self._today)]
        if not past and what == "name":
            past = sorted(turns, key=_since)[:1]  # before its time a thing goes by its first name
        return max(past, key=_since).value if past else None

    def _unit_order(self, unit: Thing) -> tuple[int, date, str]:
        return UNIT_ORDER.index(unit.kind) if unit.kind in UNIT_ORDER else len(UNIT_ORDER), unit.since, str(unit.id)

    def _channel_order(self, channel: Thing) -> tuple[int, date, str]:
        known = channel.kind in CHANNEL_ORDER
        return CHANNEL_ORDER.index(channel.kind) if known else len(CHANNEL_ORDER), channel.since, str(channel.id)

    def _figures(self, cells: Cells, **where: UUID | str) -> dict[str, Any]:
        return {
            name: self._figure(name, cells[name], self._query.href(name, **where))
            for name in [*KINDS, *sorted(set(cells) - set(KINDS))]
            if name in cells
        }

    def _figure(self, name: str, cell: _Cell, href: str) -> dict[str, Any]:
        defined = self._reading.figures.get(name)
        kind = defined.kind if defined else KINDS.get(name, "additive")
        value: dict[str, Any] = {"value": cell.value}
        if kind == "ratio":
            ratio = round(cell.value / cell.weight, RATIO_DIGITS) if cell.weight else None
            value = {"value": ratio, "numerator": cell.value, "denominator": cell.weight}
        return {
            **value,
            "unit": defined.unit if defined else None,
            "precision": "at_least" if cell.flagged > 0 else "exact",
            "coverage": self._coverage(cell, defined, kind),
            "definition": defined.version if defined else None,
            "href": href,
        }

    def _coverage(self, cell: _Cell, defined: Definition | None, kind: str) -> dict[str, str]:
        """Return the days the number stands for: a counter knows nothing after its last count."""
        first = max(self._query.period.first, (defined and defined.covered_from) or date.min)
        if cell.flagged > 0 and cell.begins is not None:
            first = max(first, cell.begins)
        last = cell.last_day if kind == "gauge" else self._today
        return {"from": first.isoformat(), "to": max(last, first).isoformat()}


def _since(turn: Turn) -> tuple[date, int]:
    return turn.since, turn.version


def _cell(part: Sum) -> _Cell:
    begins = part.first_day if part.flagged > 0 else None
    return _Cell(part.value, part.weight, part.flagged, part.first_day, part.last_day, begins)


def _merged(parts: Iterable[Sum]) -> list[Sum]:
    """Add up the parts of the same figure of the same unit and channel."""
    found: dict[tuple[UUID, UUID, str], Sum] = {}
    for part in parts:
        key = (part.unit_id, part.channel_id, part.figure)
        other = found.get(key)
        found[key] = part if other is None else _plus(other, part)
    return list(found.values())


def _plus(left: Sum, right: Sum) -> Sum:
    return Sum(
        unit_id=left.unit_id,
        channel_id=left.channel_id,
        figure=left.figure,
        value=left.value + right.value,
        weight=left.weight + right.weight,
        flagged=left.flagged + right.flagged,
        first_day=min(left.first_day, right.first_day),
        last_day=max(left.last_day, right.last_day),
    )


def _sum(many: Iterable[Cells]) -> Cells:
    found: Cells = {}
    for cells in many:
        for name, cell in cells.items():
            found[name] = found[name].plus(cell) if name in found else cell
    return found
