"""Crashes, and the sweeper that clears up after them; on SQLite and PostgreSQL."""

import signal
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from services.media.limits import STORING_LIFETIME, UPLOAD_LIFETIME
from services.media.sweeper import sweep
from services.media.tests.drawing import photograph
from services.media.tests.world import World, in_a_process, refused
from shared.blobs import staging_key
from shared.errors import NotFound


def test_an_upload_killed_in_the_middle_is_resumed_at_its_offset(both: World) -> None:
    """F46."""
    data = photograph() + bytes(300_000)
    upload = both.begin(len(data))
    both.send(upload, 0, data[:200_000])
    assert in_a_process(both, "send_half", staging_key(UUID(upload), 200_000)) == -signal.SIGKILL

    assert len(both.stored("media/staging/")) == 1, "what the killed writer left is not visible"
    assert both.ask("get_upload", upload_id=upload)["offset"] == 200_000
    both.send(upload, 200_000, data[200_000:])
    asset = both.ask("finish_upload", upload_id=upload)["id"]
    assert sha256(both.rendition(asset, "original")).digest() == sha256(data).digest()
    assert both.added()[0].sha256 == sha256(data).hexdigest()
    assert both.stored("media/staging/") == []

    (left,) = (Path(both.runtime.settings.blobs.removeprefix("file://")) / ".incoming").iterdir()
    assert sweep(both.runtime, both.library, datetime.now(UTC) + timedelta(hours=25))["temporary"] == 1
    assert not left.exists()


@pytest.mark.parametrize("point", ["upload.after_bytes_before_event", "upload.after_event_before_reply"])
@pytest.mark.parametrize("what", ["finish", "complete"])
def test_a_crash_while_finishing_leaves_neither_a_lost_file_nor_an_event_without_one(
    both: World, what: str, point: str
) -> None:
    """F47."""
    data = photograph()
    upload = both.sent(data) if what == "finish" else both.begin(len(data))
    argument = upload if what == "finish" else both.staged(upload, data)
    assert in_a_process(both, what, argument, f"{point}:kill9") == -signal.SIGKILL
    both.assert_every_asset_has_its_files()
    assert len(both.added()) == (1 if "after_event" in point else 0)

    asset = both.ask("finish_upload", upload_id=upload)["id"]
    assert both.rendition(asset, "original") == data
    assert len(both.added()) == 1
    both.assert_every_asset_has_its_files()
    assert sweep(both.runtime, both.library, datetime.now(UTC) + 2 * UPLOAD_LIFETIME)["stored"] == 0
    both.assert_every_asset_has_its_files()


def test_files_that_no_event_came_to_name_are_removed_after_a_while(both: World) -> None:
    """F47."""
    upload = both.sent(photograph())
    in_a_process(both, "finish", upload, "upload.after_bytes_before_event:kill9")
    assert len(both.stored("media/originals/")) == 1 and len(both.stored("media/renditions/")) == 2
    assert sweep(both.runtime, both.library, datetime.now(UTC) + STORING_LIFETIME / 2)["stored"] == 0
    assert both.stored("media/originals/")
    assert sweep(both.runtime, both.library, datetime.now(UTC) + 2 * STORING_LIFETIME)["stored"] == 1
    assert both.stored() == both.stored("media/staging/"), "what was staged still waits for its owner"

    both.ask("finish_upload", upload_id=upload)
    both.assert_every_asset_has_its_files()


def test_files_that_an_event_names_are_never_swept(world: World) -> None:
    """F47: a naive sweeper, which trusts its notes alone, would remove them."""
    upload = world.sent(photograph())
    in_a_process(world, "finish", upload, "upload.after_event_before_reply:kill9")
    assert sweep(world.runtime, world.library, datetime.now(UTC) + 2 * STORING_LIFETIME)["stored"] == 0
    assert len(world.added()) == 1
    world.assert_every_asset_has_its_files()


def test_an_upload_nobody_goes_on_with_expires(both: World) -> None:
    """F46, S43."""
    upload = both.begin(100)
    both.send(upload, 0, b"x" * 40)
    assert sweep(both.runtime, both.library, datetime.now(UTC) + UPLOAD_LIFETIME / 2)["uploads"] == 0
    assert sweep(both.runtime, both.library, datetime.now(UTC) + UPLOAD_LIFETIME)["uploads"] == 1
    assert both.stored() == []
    assert refused(NotFound, both, "get_upload", upload_id=upload) == "upload.not_found"


def test_bytes_that_come_after_the_end_of_an_upload_are_swept(world: World) -> None:
    upload = world.begin(100)
    world.ask("cancel_upload", upload_id=upload)
    world.blobs.put(staging_key(UUID(upload), 0), b"late")
    assert sweep(world.runtime, world.library, datetime.now(UTC))["staged"] == 0, "it may still be used"
    assert sweep(world.runtime, world.library, datetime.now(UTC) + timedelta(hours=2))["staged"] == 1
