"""A unit of the institution: its name and place in the tree from a day on. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from shared.contracts.content.events import UnitEstablished, UnitKind, UnitMerged, UnitMoved, UnitRenamed
from shared.errors import NotFound, RuleBroken
from shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EstablishUnit:
    unit_id: UUID
    name: str
    kind: UnitKind
    parent_id: UUID | None
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameUnit:
    unit_id: UUID
    name: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveUnit:
    """``ancestors`` are the new parent and everything above it."""

    unit_id: UUID
    parent_id: UUID | None
    ancestors: frozenset[UUID]
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeUnit:
    """``ancestors`` are the unit merged into and everything above it."""

    unit_id: UUID
    into_id: UUID
    ancestors: frozenset[UUID]
    since: date


Command = EstablishUnit | RenameUnit | MoveUnit | MergeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """``since`` is the day of the last change: changes are told in the order of their days."""

    unit_id: UUID | None = None
    name: str = ""
    parent_id: UUID | None = None
    since: date = date.min
    merged_into: UUID | None = None


def initial() -> Unit:
    """Return a unit nobody established."""
    return Unit()


def evolve(unit: Unit, event: Event) -> Unit:
    """Return the unit after the event."""
    match event:
        case UnitEstablished():
            return Unit(unit_id=event.unit_id, name=event.name, parent_id=event.parent_id, since=event.since)
        case UnitRenamed():
            return replace(unit, name=event.name, since=event.since)
        case UnitMoved():
            return replace(unit, parent_id=event.parent_id, since=event.since)
        case UnitMerged():
            return replace(unit, merged_into=event.into_id, since=event.since)
    return unit


def decide(unit: Unit, command: Command) -> Sequence[Event]:
    """Return what follows from the command; what is so already follows without an event.

    Raises:
        NotFound: the unit was never established.
        RuleBroken: it was already, or was merged, or the change lies before the last one, or the tree would loop.
    """
    if isinstance(command, EstablishUnit):
        return _establish(unit, command)
    if unit.unit_id is None:
        raise NotFound("content.unit_not_found", f"no unit {command.unit_id}")
    if isinstance(command, MergeUnit) and unit.merged_into == command.into_id:
        return []
    require_open(unit)
    if command.since < unit.since:
        raise RuleBroken("content.unit_changed_later", f"the unit changed on {unit.since}, after {command.since}")
    match command:
        case RenameUnit():
            return _rename(unit, command)
        case MoveUnit():
            return _move(unit, command)
        case MergeUnit():
            _require_no_loop(command)
            return [UnitMerged(unit_id=command.unit_id, into_id=command.into_id, since=command.since)]


def require_open(unit: Unit) -> None:
    """Pass when the unit goes on: it may change, have units below it, open channels and draft articles.

    Raises:
        RuleBroken: it is part of another unit.
    """
    if unit.merged_into is not None:
        raise RuleBroken("content.unit_merged", f"the unit has been part of {unit.merged_into} since {unit.since}")


def _establish(unit: Unit, command: EstablishUnit) -> Sequence[Event]:
    if unit.unit_id is not None:
        raise RuleBroken("content.unit_exists", f"unit {command.unit_id} was established before")
    return [
        UnitEstablished(
            unit_id=command.unit_id,
            name=command.name,
            kind=command.kind,
            parent_id=command.parent_id,
            since=command.since,
        )
    ]


def _rename(unit: Unit, command: RenameUnit) -> Sequence[Event]:
    if command.name == unit.name:
        return []
    return [UnitRenamed(unit_id=command.unit_id, name=command.name, since=command.since)]


def _move(unit: Unit, command: MoveUnit) -> Sequence[Event]:
    _require_no_loop(command)
    if command.parent_id == unit.parent_id:
        return []
    return [UnitMoved(unit_id=command.unit_id, parent_id=command.parent_id, since=command.since)]


def _require_no_loop(command: MoveUnit | MergeUnit) -> None:
    if command.unit_id in command.ancestors:
        raise RuleBroken("content.unit_loop", "a unit cannot be below itself or part of itself")
