"""Erasing a person from the library."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.media.library import Library
from services.media.sweeper import sweep
from services.media.tests.drawing import photograph
from services.media.tests.world import ADMIN, World, in_a_process, refused
from shared.contracts.media.events import AssetWithdrawn, PersonErased
from shared.disk import Disk
from shared.errors import NotFound, RuleBroken
from shared.lasting import lasting_together
from shared.sealed import ERASED


def count(world: World, event: type) -> int:
    """Return how often an event was recorded."""
    return sum(isinstance(recorded.event, event) for recorded in world.runtime.log.read(0).events)


def test_an_erased_photographer_has_no_name_any_more_and_the_photographs_stay(both: World) -> None:
    person = str(uuid4())
    asset = both.add(photograph(), photographer="王摄影", photographer_id=person)
    both.ask("erase_person", ADMIN, person_id=person)
    assert both.ask("get_asset", asset_id=asset)["photographer"] == ERASED
    assert both.rendition(asset, "web")
    assert (
        refused(
            RuleBroken, both, "create_upload", unit_id=str(uuid4()), filename="a", length=1,
            photographer="王摄影", photographer_id=person,
        ) == "person.erased"
    )  # fmt: skip


def test_the_files_that_show_an_erased_person_are_removed(both: World) -> None:
    person = str(uuid4())
    portrait, landscape = both.add(photograph(1), depicts_id=person), both.add(photograph(2))
    both.ask("withdraw_asset", asset_id=portrait, reason="blurred")
    both.sent(photograph(3), depicts_id=person)
    for _ in range(2):
        both.ask("erase_person", ADMIN, person_id=person)
    assert not [key for key in both.stored() if portrait in key]
    assert len(both.stored("media/originals/")) == 1 and both.stored("media/staging/") == []
    assert both.ask("get_asset", asset_id=portrait)["files_removed"]
    assert refused(NotFound, both, "get_rendition", asset_id=portrait, name="web") == "asset.withdrawn"
    assert both.rendition(landscape, "web")
    assert count(both, AssetWithdrawn) == 2 and count(both, PersonErased) == 1
    both.assert_every_asset_has_its_files()


def noting(method: Callable[..., None], note: Callable[[], None]) -> Callable[..., None]:
    """Return the method, which also makes a note of each call."""

    def noted(*arguments: Any) -> None:
        note()
        method(*arguments)

    return noted


def test_files_go_when_their_withdrawal_lasts_among_commits_that_wait_together_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = str(uuid4())
    done: list[str] = []
    world.add(photograph(), depicts_id=person)
    monkeypatch.setattr("shared.disk.sync_data", lambda _: done.append("lasts"))
    monkeypatch.setattr(Disk, "written", noting(Disk.written, lambda: done.append("commit")))
    monkeypatch.setattr(Library, "delete_files", lambda *_: done.append("files go"))
    with lasting_together(world.runtime.engine):
        world.ask("erase_person", ADMIN, person_id=person)
    assert done[done.index("files go") - 1] == "lasts"


def test_a_portrait_of_an_erased_person_is_not_taken_again(world: World) -> None:
    person = str(uuid4())
    world.add(photograph(1), depicts_id=person)
    late = world.sent(photograph(1))
    world.ask("erase_person", ADMIN, person_id=person)
    assert refused(RuleBroken, world, "finish_upload", upload_id=late) == "asset.withdrawn"
    another = world.sent(photograph(2), depicts_id=person)
    assert refused(RuleBroken, world, "finish_upload", upload_id=another) == "person.erased"
    assert world.stored() == []


def test_a_portrait_that_comes_in_while_the_person_is_erased_is_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure sees no asset yet, and the upload saw no erasure."""
    person = uuid4()
    upload = world.sent(photograph(), depicts_id=str(person))

    def erased_now(point: str) -> None:
        if point == "upload.after_bytes_before_event":
            world.runtime.keys.erase(person)

    monkeypatch.setattr("services.media.library.failpoint", erased_now)
    assert refused(RuleBroken, world, "finish_upload", upload_id=upload) == "person.erased"
    assert world.stored() == [] and len(world.added()) == 1
    world.assert_every_asset_has_its_files()


def test_an_erasure_that_was_cut_off_is_finished_by_repeating_it(both: World) -> None:
    """Failpoint ``erase.after_key_delete_before_event``."""
    person = str(uuid4())
    portrait = both.add(photograph(), depicts_id=person)
    point = "erase.after_key_delete_before_event:kill9"
    assert in_a_process(both, "erase", person, point) == -signal.SIGKILL
    assert count(both, PersonErased) == 0
    both.ask("erase_person", ADMIN, person_id=person)
    assert both.stored() == [] and count(both, PersonErased) == 1
    assert both.ask("get_asset", asset_id=portrait)["files_removed"]


def test_the_sweeper_removes_the_files_that_a_cut_off_erasure_left(world: World) -> None:
    person = str(uuid4())
    world.add(photograph(), depicts_id=person)
    in_a_process(world, "erase", person, "erase.after_key_delete_before_event:kill9")
    assert world.stored()
    assert sweep(world.runtime, world.library, datetime.now(UTC))["portraits"] == 1
    assert world.stored() == []
    assert sweep(world.runtime, world.library, datetime.now(UTC) + timedelta(days=2))["portraits"] == 0
