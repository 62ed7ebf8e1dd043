"""Puts a matrix answer together: cells, sums over channels and units, and how far each number may be trusted. Pure."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from urllib.parse import quote

from gateway.matrix.facts import KINDS
from gateway.matrix.frame import Definition, Thing
from gateway.matrix.query import Query
from gateway.matrix.read import Reading
from shared.codec import dumps, instant

UNIT_ORDER = {kind: n for n, kind in enumerate(("office", "department", "college", "campus"))}
CHANNEL_ORDER = {kind: n for n, kind in enumerate(("website", "wechat_oa", "douyin", "bilibili", "other"))}
RATIO_DIGITS = 4
_json = lru_cache(maxsize=8192)(dumps)  # of names, kinds and states: the same in every answer


class _Cell:
    """The sum of one figure over some part of the matrix. Days are ISO text, which sorts as days do."""

    __slots__ = ("begins", "first_day", "flagged", "last_day", "value", "weight")

    def __init__(self, value: int, weight: int, flagged: int, first_day: str, last_day: str) -> None:
        self.value, self.weight, self.flagged = value, weight, flagged
        self.first_day, self.last_day = first_day, last_day
        self.begins = ""  # the day of a first count, where nothing is known of what was before

    def add(self, other: "_Cell") -> None:
        self.value += other.value
        self.weight += other.weight
        self.flagged += other.flagged
        if other.first_day < self.first_day:
            self.first_day = other.first_day
        if other.last_day > self.last_day:
            self.last_day = other.last_day
        if other.begins and (not self.begins or other.begins < self.begins):
            self.begins = other.begins

    def copy(self) -> "_Cell":
        other = _Cell(self.value, self.weight, self.flagged, self.first_day, self.last_day)
        other.begins = self.begins
        return other


Cells = dict[str, _Cell]


def assemble(query: Query, reading: Reading, today: date) -> str:
    """Return the answer as canonical JSON, without position, age and missing parts; ``today`` is the day in Shanghai.

    A figure nobody has a fact of is absent, never 0.
    """
    return _Assembly(query, reading, today).answer()


class _Assembly:
    """Writes the text itself, keys in order: a tree of dictionaries for each number cost more than all the rest."""

    def __init__(self, query: Query, reading: Reading, today: date) -> None:
        self._query, self._frame = query, reading.frame
        self._today = min(today, query.period.last)
        self._link = {name: quote(value, safe=":.") for name, value in query.parameters().items()}
        self._channels = {channel.key: channel for channel in reading.frame.channels}
        self._cells = _cells(reading)
        self._sums = {unit: _sum(on_channels.values()) for unit, on_channels in self._cells.items()}
        self._figure_of: dict[str, _Figure] = {}

    def answer(self) -> str:
        units = sorted(filter(self._shown, self._frame.units), key=_unit_order)
        as_of = None if self._query.as_of is None else instant(self._query.as_of)
        head = f'{{"as_of":{dumps(as_of)},"period":{dumps(self._query.period.name)}'
        totals = f'{{"figures":{self._figures(_sum(self._sums.values()))},"kinds":{{{self._kinds()}}}}}'
        return f'{head},"totals":{totals},"units":[{",".join(map(self._unit, units))}]}}'

    def _kinds(self) -> str:
        kinds: dict[str, list[Cells]] = {}
        for on_channels in self._cells.values():
            for key, cells in on_channels.items():
                if (channel := self._channels.get(key)) and channel.kind in CHANNEL_ORDER:
                    kinds.setdefault(channel.kind, []).append(cells)
        told = ((kind, self._figures(_sum(cells), kind=kind)) for kind, cells in sorted(kinds.items()))
        return ",".join(f'"{kind}":{{"figures":{figures}}}' for kind, figures in told)

    def _unit(self, unit: Thing) -> str:
        on_channels = self._cells.get(unit.key, {})
        others = (self._channels[key] for key in on_channels if key in self._channels)
        listed = {each.key: each for each in (*self._frame.channels_of.get(unit.id, ()), *others)}
        mine = sorted((each for each in listed.values() if self._lists(each, on_channels)), key=_channel_order)
        channels = ",".join([self._channel(unit, each, on_channels) for each in mine])
        figures = self._figures(self._sums.get(unit.key, {}), unit=unit.text)
        return f'{{"channels":[{channels}],"figures":{figures},{self._described(unit)}}}'

    def _channel(self, unit: Thing, channel: Thing, on_channels: dict[str, Cells]) -> str:
        figures = self._figures(on_channels.get(channel.key, {}), unit=unit.text, channel=channel.text)
        status = _json(self._frame.turn(channel, "status", self._today))
        return f'{{"figures":{figures},{self._described(channel)},"status":{status}}}'

    def _described(self, thing: Thing) -> str:
        name = self._frame.turn(thing, "name", self._today) or thing.text
        return f'"id":"{thing.text}","kind":{_json(thing.kind)},"name":{_json(name)}'

    def _shown(self, unit: Thing) -> bool:
        """A unit is shown where it stood in the period, or did something in it."""
        query = self._query
        allowed = query.units()
        if (allowed is not None and unit.id not in allowed) or query.unit_kind not in (None, unit.kind):
            return False
        if self._cells.get(unit.key):
            return True
        gone = self._frame.turn(unit, "merged_into", query.period.first)
        return unit.since <= query.period.last and gone is None

    def _lists(self, channel: Thing, on_channels: dict[str, Cells]) -> bool:
        """A unit lists its own channels that stood in the period, and those on which it published."""
        query = self._query
        if query.channel_kind not in (None, channel.kind) or query.channel not in (None, channel.id):
            return False
        if channel.key in on_channels:
            return True
        closed = self._frame.turn(channel, "status", query.period.first) == "closed"
        return channel.since <= query.period.last and not closed

    def _figures(self, cells: Cells, **where: str) -> str:
        if not cells:
            return "{}"
        link = "&".join([f"{name}={value}" for name, value in {**self._link, **where}.items()])
        return f"{{{','.join([self._of(name).told(cells[name], link) for name in sorted(cells)])}}}"

    def _of(self, name: str) -> "_Figure":
        found = self._figure_of.get(name)
        if found is None:
            found = self._figure_of[name] = _Figure(
                name, self._frame.figures.get(name), self._query.period.first, self._today
            )
        return found


class _Figure:
    """How numbers of one figure are told in one answer."""

    def __init__(self, name: str, defined: Definition | None, first: date, today: date) -> None:
        self._name, self._href = dumps(name), dumps(f"/v1/figures/{name}/events?")[:-1]
        self._kind = defined.kind if defined else KINDS.get(name, "additive")
        self._unit = dumps(defined.unit if defined else None)
        self._version = dumps(defined.version if defined else None)
        self._first = max(first, (defined and defined.covered_from) or date.min).isoformat()
        self._today = today.isoformat()
        self._whole = f'{{"from":"{self._first}","to":"{max(self._today, self._first)}"}}'

    def told(self, cell: _Cell, link: str) -> str:
        """Return the name and the number with all that says what it is; ``link`` needs no escapes."""
        value, above, below = str(cell.value), "", ""
        if self._kind == "ratio":
            value = dumps(round(cell.value / cell.weight, RATIO_DIGITS) if cell.weight else None)
            above, below = f'"numerator":{cell.value},', f'"denominator":{cell.weight},'
        return (
            f'{self._name}:{{"coverage":{self._coverage(cell)},"definition":{self._version},{below}'
            f'"href":{self._href}{link}",{above}"precision":"{"at_least" if cell.flagged > 0 else "exact"}",'
            f'"unit":{self._unit},"value":{value}}}'
        )

    def _coverage(self, cell: _Cell) -> str:
        """Return the days the number stands for: a counter knows nothing after its last count."""
        if self._kind != "gauge" and cell.flagged <= 0:
            return self._whole
        first = max(self._first, cell.begins) if cell.flagged > 0 else self._first
        last = cell.last_day if self._kind == "gauge" else self._today
        return f'{{"from":"{first}","to":"{max(last, first)}"}}'


def _cells(reading: Reading) -> dict[str, dict[str, Cells]]:
    """Return the cells by unit, channel and figure: parts of the same cell added up."""
    found: dict[str, dict[str, Cells]] = {}
    for unit, channel, figure, value, weight, flagged, first_day, last_day in reading.sums:
        cells = found.setdefault(unit, {}).setdefault(channel, {})
        cell = _Cell(value, weight, flagged, first_day, last_day)
        if figure in cells:
            cells[figure].add(cell)
        else:
            cells[figure] = cell
    for on_channels in found.values():
        for cells in on_channels.values():
            for cell in cells.values():
                if cell.flagged > 0:
                    cell.begins = cell.first_day
    return found


def _sum(many: Iterable[Cells]) -> Cells:
    found: Cells = {}
    for cells in many:
        for name, cell in cells.items():
            if name in found:
                found[name].add(cell)
            else:
                found[name] = cell.copy()
    return found


def _unit_order(unit: Thing) -> tuple[int, date, str]:
    return UNIT_ORDER.get(unit.kind, len(UNIT_ORDER)), unit.since, unit.text


def _channel_order(channel: Thing) -> tuple[int, date, str]:
    return CHANNEL_ORDER.get(channel.kind, len(CHANNEL_ORDER)), channel.since, channel.text
