"""Units and channels: where they stand, and what belongs to whom."""

from typing import Any
from uuid import uuid4

import pytest

from services.content.tests.world import World
from shared.errors import NotFound, RuleBroken
from shared.testing import caller


def test_a_unit_cannot_be_moved_below_itself_nor_merged_into_what_is_below_it(world: World) -> None:
    top = world.unit("校")
    below = world.unit("院", parent_id=top)
    for method, where in (("move_unit", "parent_id"), ("merge_unit", "into_id")):
        body: dict[str, Any] = {"unit_id": top, "since": "2021-01-01", where: below}
        with pytest.raises(RuleBroken, match="unit_loop"):
            world.ask(method, **body)


def test_nothing_new_belongs_to_a_merged_unit(world: World) -> None:
    old, new = world.unit("老院"), world.unit("新院")
    world.ask("merge_unit", unit_id=old, into_id=new, since="2021-01-01")
    for make in (world.draft, world.channel, lambda unit: world.unit("系", parent_id=unit)):
        with pytest.raises(RuleBroken, match="unit_merged"):
            make(old)


def test_nothing_belongs_to_a_unit_that_was_never_established(world: World) -> None:
    for make in (world.draft, world.channel, lambda unit: world.unit("系", parent_id=unit)):
        with pytest.raises(NotFound, match="unit_not_found"):
            make(str(uuid4()))


def test_a_unit_at_the_top_is_made_only_by_who_sees_all_units(world: World) -> None:
    bound = caller("office_editor", world.unit())
    with pytest.raises(RuleBroken, match=r"caller\.denied"):
        world.ask("establish_unit", bound, name="x", kind="college", since="2021-01-01")
    unit = next(iter(bound.units))
    assert world.ask("establish_unit", bound, name="系", kind="department", since="2021-01-01", parent_id=unit)["id"]


def test_a_channel_lives_from_building_to_closed(either: World) -> None:
    channel = either.channel(either.unit(), kind="douyin", tier="none", status="building")
    for status, at in (("active", "2020-02-01"), ("dormant", "2021-02-01"), ("closed", "2021-03-01")):
        either.ask("change_channel_status", channel_id=channel, status=status, at=f"{at}T00:00:00Z")
    found = either.ask("get_channel", channel_id=channel)
    assert (found["status"], found["version"], found["kind"]) == ("closed", 4, "douyin")
    assert either.refusal("change_channel_status", channel_id=channel, status="active")
