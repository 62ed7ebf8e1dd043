"""A shoot's rules."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from services.media import shoot
from services.media.shoot import CompleteShoot, DeliverPhotos, PlanShoot
from shared.contracts.media.events import PhotosDelivered, ShootCompleted, ShootPlanned
from shared.errors import NotFound, RuleBroken
from shared.testing import Scenario

ID, UNIT, ONE, TWO, THREE = (uuid4() for _ in range(5))
NOON = datetime(2021, 9, 1, 12, tzinfo=UTC)
PLANNED = ShootPlanned(shoot_id=ID, unit_id=UNIT, title="开学典礼", kind="photo", place="操场", starts_at=NOON)
COMPLETED = ShootCompleted(shoot_id=ID, unit_id=UNIT, title="开学典礼", kind="photo", at=NOON)
shoots = Scenario(shoot)


def delivered(*assets: object) -> PhotosDelivered:
    return PhotosDelivered(shoot_id=ID, unit_id=UNIT, title="开学典礼", asset_ids=assets, at=NOON)  # type: ignore[arg-type]


def deliver(*assets: object, known: object = None) -> DeliverPhotos:
    in_library = dict.fromkeys(assets, UNIT) if known is None else known
    return DeliverPhotos(shoot_id=ID, asset_ids=assets, in_library=in_library, at=NOON, now=NOON)  # type: ignore[arg-type]


def test_planning_twice_records_once() -> None:
    command = PlanShoot(shoot_id=ID, unit_id=UNIT, title="开学典礼", kind="photo", place="操场", starts_at=NOON)
    shoots.when(command).then(PLANNED)
    shoots.given(PLANNED).when(command).then()


def test_a_shoot_is_completed_once() -> None:
    command = CompleteShoot(shoot_id=ID, at=NOON, now=NOON)
    shoots.given(PLANNED).when(command).then(COMPLETED)
    shoots.given(PLANNED, COMPLETED).when(command).then()


def test_a_shoot_is_not_completed_before_it_happened() -> None:
    command = CompleteShoot(shoot_id=ID, at=NOON + timedelta(hours=1), now=NOON)
    shoots.given(PLANNED).when(command).then_refused(RuleBroken, "media.in_the_future")


def test_photographs_are_handed_over_before_and_after_completion() -> None:
    shoots.given(PLANNED).when(deliver(ONE)).then(delivered(ONE))
    shoots.given(PLANNED, COMPLETED).when(deliver(ONE)).then(delivered(ONE))


def test_each_photograph_counts_once_a_shoot() -> None:
    shoots.given(PLANNED, delivered(ONE, TWO)).when(deliver(TWO, THREE, THREE)).then(delivered(THREE))
    shoots.given(PLANNED, delivered(ONE, TWO)).when(deliver(TWO, ONE)).then()


def test_photographs_of_another_unit_or_none_are_refused() -> None:
    for known in ({}, {ONE: uuid4()}):
        shoots.given(PLANNED).when(deliver(ONE, known=known)).then_refused(RuleBroken, "asset.not_in_unit")


def test_what_was_never_planned_is_not_found() -> None:
    shoots.when(deliver(ONE)).then_refused(NotFound, "shoot.not_found")
    shoots.when(CompleteShoot(shoot_id=ID, at=NOON, now=NOON)).then_refused(NotFound, "shoot.not_found")
