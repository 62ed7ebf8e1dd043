"""A shoot: planned, completed once, and its photographs handed over, each counted once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.media.moments import require_past
from shared.contracts.media.events import PhotosDelivered, ShootCompleted, ShootKind, ShootPlanned
from shared.errors import NotFound, RuleBroken
from shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanShoot:
    shoot_id: UUID
    unit_id: UUID
    title: str
    kind: ShootKind
    place: str | None
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteShoot:
    shoot_id: UUID
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverPhotos:
    """``in_library`` are those of ``asset_ids`` that can be used, with the unit each belongs to."""

    shoot_id: UUID
    asset_ids: tuple[UUID, ...]
    in_library: dict[UUID, UUID]
    at: datetime
    now: datetime


Command = PlanShoot | CompleteShoot | DeliverPhotos


@dataclass(frozen=True, slots=True, kw_only=True)
class Shoot:
    unit_id: UUID | None = None
    status: Literal["absent", "planned", "completed"] = "absent"
    title: str = ""
    kind: ShootKind = "photo"
    delivered: frozenset[UUID] = frozenset()


def initial() -> Shoot:
    """Return a shoot without events."""
    return Shoot()


def evolve(shoot: Shoot, event: Event) -> Shoot:
    """Return the shoot after the event."""
    match event:
        case ShootPlanned(unit_id=unit_id, title=title, kind=kind):
            return replace(shoot, unit_id=unit_id, status="planned", title=title, kind=kind)
        case ShootCompleted():
            return replace(shoot, status="completed")
        case PhotosDelivered(asset_ids=asset_ids):
            return replace(shoot, delivered=shoot.delivered | set(asset_ids))
    return shoot


def decide(shoot: Shoot, command: Command) -> Sequence[Event]:
    """Return what happens; photographs may be handed over before the shoot is completed.

    Raises:
        NotFound: ``shoot.not_found``.
        RuleBroken: ``media.in_the_future``, or ``asset.not_in_unit``: a photograph is none of the shoot's unit's.
    """
    match command, shoot.status:
        case PlanShoot(), "absent":
            return [_planned(command)]
        case PlanShoot(), _:
            return []
        case _, "absent":
            raise NotFound("shoot.not_found", "no such shoot")
        case CompleteShoot(), "completed":
            return []
        case CompleteShoot(), _:
            return [_completed(shoot, command)]
        case DeliverPhotos(), _:
            return _delivered(shoot, command)
    raise AssertionError(f"no rule for {command}")


def _planned(command: PlanShoot) -> ShootPlanned:
    return ShootPlanned(
        shoot_id=command.shoot_id,
        unit_id=command.unit_id,
        title=command.title,
        kind=command.kind,
        place=command.place,
        starts_at=command.starts_at,
    )


def _completed(shoot: Shoot, command: CompleteShoot) -> ShootCompleted:
    assert shoot.unit_id is not None
    require_past(command.at, command.now)
    return ShootCompleted(
        shoot_id=command.shoot_id, unit_id=shoot.unit_id, title=shoot.title, kind=shoot.kind, at=command.at
    )


def _delivered(shoot: Shoot, command: DeliverPhotos) -> Sequence[Event]:
    assert shoot.unit_id is not None
    require_past(command.at, command.now)
    strange = [asset for asset in command.asset_ids if command.in_library.get(asset) != shoot.unit_id]
    if strange:
        raise RuleBroken("asset.not_in_unit", f"the shoot's unit has no such photograph: {strange[0]}")
    new = tuple(asset for asset in dict.fromkeys(command.asset_ids) if asset not in shoot.delivered)
    if not new:
        return []
    return [
        PhotosDelivered(
            shoot_id=command.shoot_id, unit_id=shoot.unit_id, title=shoot.title, asset_ids=new, at=command.at
        )
    ]
