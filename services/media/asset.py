"""An asset: a file of a unit, described, and withdrawn when it must not be used any more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from shared.contracts.media.events import AssetAdded, AssetDescribed, AssetWithdrawn
from shared.errors import NotFound, RuleBroken
from shared.events import Event
from shared.ids import named_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAsset:
    """``added`` is recorded when the unit has no such file yet."""

    added: AssetAdded


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeAsset:
    asset_id: UUID
    title: str
    tags: tuple[str, ...]
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawAsset:
    """``remove_files`` when the files themselves go, for the person they show was erased."""

    asset_id: UUID
    reason: str
    remove_files: bool = False


Command = AddAsset | DescribeAsset | WithdrawAsset


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    unit_id: UUID | None = None
    status: Literal["absent", "available", "withdrawn"] = "absent"
    title: str = ""
    tags: tuple[str, ...] = ()
    sha256: str = ""
    files_removed: bool = False


def asset_id_of(unit_id: UUID, sha256: str) -> UUID:
    """Return the id of the asset with this content in this unit: the same content is the same asset, race or not."""
    return named_id("asset", unit_id, sha256)


def stream_of(asset_id: UUID) -> str:
    """Return the asset's stream."""
    return f"asset-{asset_id}"


def initial() -> Asset:
    """Return an asset without events."""
    return Asset()


def evolve(asset: Asset, event: Event) -> Asset:
    """Return the asset after the event."""
    match event:
        case AssetAdded(unit_id=unit_id, title=title, tags=tags, sha256=sha256):
            return replace(asset, unit_id=unit_id, status="available", title=title, tags=tags, sha256=sha256)
        case AssetDescribed(title=title, tags=tags):
            return replace(asset, title=title, tags=tags)
        case AssetWithdrawn(files_removed=removed):
            return replace(asset, status="withdrawn", files_removed=asset.files_removed or removed)
    return asset


def decide(asset: Asset, command: Command) -> Sequence[Event]:
    """Return what happens.

    Raises:
        NotFound: ``asset.not_found``.
        RuleBroken: ``asset.withdrawn``, nothing more is done with a withdrawn asset, nor does its file come back.
    """
    match command, asset.status:
        case AddAsset(added=added), "absent":
            return [added]
        case AddAsset(), "available":
            return []
        case _, "absent":
            raise NotFound("asset.not_found", "no such asset")
        case WithdrawAsset(), _:
            return _withdrawn(asset, command)
        case _, "withdrawn":
            raise RuleBroken("asset.withdrawn", "this file was withdrawn from the library")
        case DescribeAsset(), "available":
            return _described(asset, command)
    raise AssertionError(f"no rule for {command}")


def _described(asset: Asset, command: DescribeAsset) -> Sequence[Event]:
    assert asset.unit_id is not None
    if (asset.title, asset.tags) == (command.title, command.tags):
        return []
    return [
        AssetDescribed(
            asset_id=command.asset_id, unit_id=asset.unit_id, title=command.title, tags=command.tags, by=command.by
        )
    ]


def _withdrawn(asset: Asset, command: WithdrawAsset) -> Sequence[Event]:
    assert asset.unit_id is not None
    if asset.status == "withdrawn" and (asset.files_removed or not command.remove_files):
        return []
    return [
        AssetWithdrawn(
            asset_id=command.asset_id,
            unit_id=asset.unit_id,
            reason=command.reason,
            files_removed=command.remove_files,
        )
    ]
