"""Uploads: begun, finished once and made into an asset; on SQLite and PostgreSQL."""

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.media.library import original_key
from services.media.tests.drawing import MP4, jpeg, photograph
from services.media.tests.world import UNIT, World, refused
from shared.blobs import staging_key
from shared.blobs.port import CHUNK
from shared.disk import disk
from shared.errors import Conflict, Invalid, NotFound, RuleBroken
from shared.testing import caller


def test_an_incomplete_upload_is_not_finished_and_not_lost(world: World) -> None:
    upload = world.begin(100)
    world.send(upload, 0, b"x" * 40)
    assert refused(RuleBroken, world, "finish_upload", upload_id=upload) == "upload.incomplete"
    assert world.ask("get_upload", upload_id=upload)["offset"] == 40


def test_finishing_twice_answers_the_same_asset(world: World) -> None:
    upload = world.sent(photograph())
    first = world.ask("finish_upload", upload_id=upload)
    again = world.ask("finish_upload", upload_id=upload)
    assert (first["id"], first["version"]) == (again["id"], again["version"]) and again["replayed"]
    assert len(world.added()) == 1


def test_the_last_part_makes_the_asset_in_the_same_call(both: World) -> None:
    """F46: asked again with the answer lost, it is the same asset, and what came twice is not kept."""
    data = photograph()
    upload = both.begin(len(data))
    made = both.complete(both.staged(upload, data))
    assert made["offset"] == len(data) and made["asset_id"]
    assert both.ask("finish_upload", upload_id=upload)["id"] == made["asset_id"]
    with pytest.raises(Conflict):
        both.complete(both.staged(upload, data))
    assert both.ask("get_upload", upload_id=upload)["asset_id"] == made["asset_id"] and len(both.added()) == 1
    both.assert_every_asset_has_its_files()


def test_what_is_answered_lasts(world: World) -> None:
    """The last part's note does not wait for the disk by itself; the mutant's end of the upload does not either."""
    data = photograph()
    world.complete(world.staged(world.begin(len(data)), data))
    beneath = disk(str(world.runtime.engine.url.database))
    assert beneath._lasting == beneath._written


def test_of_a_photograph_the_hash_is_known_from_what_was_decoded(world: World) -> None:
    """Whatever hash the call tells."""
    data = photograph()
    world.complete(world.staged(world.begin(len(data)), data), "0" * 64)
    world.assert_every_asset_has_its_files()


def test_a_video_whose_hash_is_told_is_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    video, chunks = MP4 + os.urandom(3 * CHUNK), []
    opened = world.blobs.open

    def counted(key: str) -> Iterator[bytes]:
        for chunk in opened(key):
            chunks.append(chunk)
            yield chunk

    monkeypatch.setattr(world.blobs, "open", counted)
    staged = world.staged(world.begin(len(video), filename="clip.mp4"), video)
    world.complete(staged, sha256(video).hexdigest())
    assert len(chunks) == 1, "the first tells what it is"
    world.assert_every_asset_has_its_files()


def test_a_repeated_request_for_an_upload_answers_the_same_one_where_it_stands(world: World) -> None:
    """F11, for uploads."""
    body: dict[str, Any] = {"photographer": "王", "photographer_id": str(uuid4())}
    upload = world.begin(100, key="k1", **body)
    world.send(upload, 0, b"x" * 40)
    told = world.ask("create_upload", key="k1", unit_id=str(UNIT), filename="DSC_0001.JPG", length=100, **body)
    assert (told["id"], told["offset"]) == (upload, 40)
    with pytest.raises(RuleBroken) as refusal:
        world.begin(101, key="k1", **body)
    assert refusal.value.code == "idempotency.key_reused"


def test_somebody_elses_upload_is_not_there(world: World) -> None:
    """S43."""
    upload, stranger = world.sent(photograph()), caller("photographer")
    for method in ("get_upload", "finish_upload", "cancel_upload"):
        assert refused(NotFound, world, method, stranger, upload_id=upload) == "upload.not_found"
    with pytest.raises(NotFound):
        world.send(upload, 0, b"x", who=stranger)
    for offset in (-1, 2**63):
        key = staging_key(UUID(upload), 0)
        told: dict[str, Any] = {"upload_id": upload, "offset": offset, "bytes": 1, "blob": key}
        assert refused(Invalid, world, "advance_upload", **told) == "request.invalid"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"GIF89a" + bytes(90), "asset.type_refused"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "asset.type_refused"),
        (jpeg()[:200], "asset.not_decodable"),
    ],
    ids=["gif", "svg", "cut off"],
)
def test_a_file_that_is_refused_is_forgotten(world: World, file: bytes, code: str) -> None:
    """S36, S40."""
    upload = world.sent(file)
    assert refused(RuleBroken, world, "finish_upload", upload_id=upload) == code
    assert world.stored() == [] and world.added() == []
    assert refused(NotFound, world, "get_upload", upload_id=upload) == "upload.not_found"


def test_a_video_is_kept_as_it_is_whatever_its_parts(world: World) -> None:
    video = MP4 + os.urandom(500_000)
    upload, at = world.begin(len(video), filename="clip.mp4"), 0
    for size in (3, 5, 100_000, len(video)):
        at = world.send(upload, at, video[at : at + size])
    asset = world.ask("finish_upload", upload_id=upload)["id"]
    assert world.rendition(asset, "original") == video
    shown = world.ask("get_asset", asset_id=asset)
    assert (shown["media_type"], shown["width"], shown["title"]) == ("video/mp4", 0, "clip")
    assert refused(NotFound, world, "get_rendition", asset_id=asset, name="web") == "asset.no_rendition"


def test_no_name_reaches_a_key(world: World) -> None:
    """S41."""
    asset = world.add(photograph(), filename="../../../etc/passwd%2e%2e.JPG")
    added = world.added()[0]
    assert added.filename == "passwd%2e%2e.JPG"
    assert added.blob == original_key(UNIT, added.sha256)
    assert "passwd" not in " ".join(world.stored())
    assert world.ask("get_rendition", asset_id=asset, name="web")["filename"] == "passwd%2e%2e-web.jpg"


def test_an_uploads_commits_wait_for_the_disk_three_times(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is begun, before its files are touched, and at the end: event, upload and note of storing as one."""
    log_of_writes = f"{world.runtime.engine.url.database}-wal"
    synced: list[str] = []
    monkeypatch.setattr("shared.disk.sync_data", lambda path: synced.append(str(path)))
    image = photograph()
    blob = world.staged(world.begin(len(image)), image)
    world.complete(blob)
    assert synced.count(log_of_writes) == 3
