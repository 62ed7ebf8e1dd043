"""Units: names and places in the tree from a day on."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.content import unit
from services.content.unit import EstablishUnit, MergeUnit, MoveUnit, RenameUnit
from shared.contracts.content.events import UnitEstablished, UnitMerged, UnitMoved, UnitRenamed
from shared.errors import NotFound, RuleBroken
from shared.testing import Scenario

UNIT, PARENT, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
FOUNDED, LATER = date(2000, 9, 1), date(2021, 9, 1)
ESTABLISHED = UnitEstablished(unit_id=UNIT, name="传媒学院", kind="college", parent_id=PARENT, since=FOUNDED)
MERGED = UnitMerged(unit_id=UNIT, into_id=OTHER, since=LATER)
ESTABLISH = EstablishUnit(unit_id=UNIT, name="传媒学院", kind="college", parent_id=PARENT, since=FOUNDED)
RENAME = RenameUnit(unit_id=UNIT, name="传媒与设计学院", since=LATER)
MOVE = MoveUnit(unit_id=UNIT, parent_id=OTHER, ancestors=frozenset({OTHER}), since=LATER)
MERGE = MergeUnit(unit_id=UNIT, into_id=OTHER, ancestors=frozenset({OTHER}), since=LATER)
units = Scenario(unit)


def test_a_unit_is_established_with_name_kind_and_place() -> None:
    units.when(ESTABLISH).then(ESTABLISHED)


def test_a_unit_is_established_once() -> None:
    units.given(ESTABLISHED).when(ESTABLISH).then_refused(RuleBroken, "content.unit_exists")


def test_a_unit_is_renamed_from_a_day_on() -> None:
    units.given(ESTABLISHED).when(RENAME).then(UnitRenamed(unit_id=UNIT, name="传媒与设计学院", since=LATER))


def test_renaming_a_unit_to_its_own_name_records_nothing() -> None:
    units.given(ESTABLISHED).when(replace(RENAME, name="传媒学院")).then()


def test_a_unit_is_moved_below_another() -> None:
    units.given(ESTABLISHED).when(MOVE).then(UnitMoved(unit_id=UNIT, parent_id=OTHER, since=LATER))


def test_a_unit_is_moved_to_the_top() -> None:
    top = replace(MOVE, parent_id=None, ancestors=frozenset())
    units.given(ESTABLISHED).when(top).then(UnitMoved(unit_id=UNIT, parent_id=None, since=LATER))


def test_moving_a_unit_to_where_it_is_records_nothing() -> None:
    units.given(ESTABLISHED).when(replace(MOVE, parent_id=PARENT, ancestors=frozenset({PARENT}))).then()


def test_a_unit_is_never_moved_below_itself() -> None:
    below = replace(MOVE, ancestors=frozenset({OTHER, UNIT}))
    units.given(ESTABLISHED).when(below).then_refused(RuleBroken, "content.unit_loop")


def test_a_unit_becomes_part_of_another() -> None:
    units.given(ESTABLISHED).when(MERGE).then(MERGED)


def test_merging_again_records_nothing() -> None:
    units.given(ESTABLISHED, MERGED).when(MERGE).then()


def test_a_unit_is_never_merged_into_itself_or_what_is_below_it() -> None:
    loop = replace(MERGE, ancestors=frozenset({OTHER, UNIT}))
    units.given(ESTABLISHED).when(loop).then_refused(RuleBroken, "content.unit_loop")


def test_a_merged_unit_changes_no_more() -> None:
    for command in (RENAME, MOVE, replace(MERGE, into_id=PARENT, ancestors=frozenset({PARENT}))):
        units.given(ESTABLISHED, MERGED).when(command).then_refused(RuleBroken, "content.unit_merged")


def test_changes_are_told_in_the_order_of_their_days() -> None:
    renamed = UnitRenamed(unit_id=UNIT, name="传媒与设计学院", since=LATER)
    for command in (replace(RENAME, name="旧名", since=FOUNDED), replace(MOVE, since=FOUNDED)):
        units.given(ESTABLISHED, renamed).when(command).then_refused(RuleBroken, "content.unit_changed_later")


def test_what_was_never_established_cannot_change() -> None:
    for command in (RENAME, MOVE, MERGE):
        units.when(command).then_refused(NotFound, "content.unit_not_found")
